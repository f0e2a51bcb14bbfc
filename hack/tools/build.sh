#!/usr/bin/env bash
# Builds the programs that suites run beside ours into hack/tools/bin, where they are not there yet in the versions that the
# modules name. Modules are all that is downloaded. Usage: build.sh [node]; with "node", those that run on a node of kind.
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p bin
export CGO_ENABLED=0

# version MODULE: the version that a module is built in.
version() { go list -m -f '{{.Version}}' "$1"; }

# build STAMP FOLDER LDFLAGS NAME=PACKAGE...: builds programs of the module in a folder. A stamp says what they were built from.
build() {
	local stamp="bin/.$1" folder=$2 ldflags="-s -w $3" key name programs=("${@:4}")
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
kubernetes_flags="-X k8s.io/component-base/version.gitVersion=$kubernetes -X k8s.io/client-go/pkg/version.gitVersion=$kubernetes"
build kubernetes kubernetes "$kubernetes_flags" \
	kube-apiserver=k8s.io/kubernetes/cmd/kube-apiserver kubectl=k8s.io/kubernetes/cmd/kubectl kube-controllers=./controllers etcd=go.etcd.io/etcd/server/v3
if [[ ${1:-} == node ]]; then
	build node kubernetes "$kubernetes_flags" kube-node=./node
	build addons addons "" coredns=./coredns pause=./pause \
		local-path-provisioner=github.com/rancher/local-path-provisioner crictl=sigs.k8s.io/cri-tools/cmd/crictl
	exit
fi
velero=$(cd velero && version github.com/vmware-tanzu/velero)
build velero velero "-X github.com/vmware-tanzu/velero/pkg/buildinfo.Version=$velero" \
	velero=github.com/vmware-tanzu/velero/cmd/velero velero-plugin-for-aws=github.com/vmware-tanzu/velero-plugin-for-aws/velero-plugin-for-aws
# What else is in the images of both.
build velero-images velero "" \
	velero-restore-helper=github.com/vmware-tanzu/velero/cmd/velero-restore-helper cp-plugin=github.com/vmware-tanzu/velero-plugin-for-aws/hack/cp-plugin
