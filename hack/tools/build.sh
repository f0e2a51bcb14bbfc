#!/usr/bin/env bash
# Builds the programs that suites run beside ours into hack/tools/bin, where they are not there yet in the versions that the
# modules name. Modules are all that is downloaded.
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p bin
export CGO_ENABLED=0

# version MODULE: the version that a module is built in.
version() { go list -m -f '{{.Version}}' "$1"; }

# build FOLDER LDFLAGS NAME=PACKAGE...: builds programs of the module in a folder. A stamp says what they were built from.
build() {
	local folder=$1 ldflags="-s -w $2" stamp="bin/.$1" key name programs=("${@:3}")
	key=$({ find "$folder" -type f -print0 | sort -z | xargs -0 cat; go version; echo "$ldflags" "${programs[@]}"; } | git hash-object --stdin)
	if [[ -f $stamp && $(<"$stamp") == "$key" ]]; then
		return
	fi
	rm -f "$stamp"
	for program in "${programs[@]}"; do
		name=${program%%=*}
		echo "building hack/tools/bin/$name" >&2
		# Moved into place, so that a suite that runs the program meanwhile goes on with the one it started.
		nice go build -C "$folder" -trimpath -ldflags "$ldflags" -o "../bin/$name.new" "${program#*=}"
		mv "bin/$name.new" "bin/$name"
	done
	echo "$key" >"$stamp"
}

kubernetes=$(cd kubernetes && version k8s.io/kubernetes)
build kubernetes "-X k8s.io/component-base/version.gitVersion=$kubernetes -X k8s.io/client-go/pkg/version.gitVersion=$kubernetes" \
	kube-apiserver=k8s.io/kubernetes/cmd/kube-apiserver kubectl=k8s.io/kubernetes/cmd/kubectl kube-controllers=./controllers etcd=go.etcd.io/etcd/server/v3
velero=$(cd velero && version github.com/vmware-tanzu/velero)
build velero "-X github.com/vmware-tanzu/velero/pkg/buildinfo.Version=$velero" \
	velero=github.com/vmware-tanzu/velero/cmd/velero velero-plugin-for-aws=github.com/vmware-tanzu/velero-plugin-for-aws/velero-plugin-for-aws
