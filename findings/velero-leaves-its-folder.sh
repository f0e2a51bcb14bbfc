#!/usr/bin/env bash
# Velero's restore helper leaves a folder in each restored volume, unless the pod runs as root, and succeeds.
#
# Versions: github.com/vmware-tanzu/velero v1.18.3
# Expected: the container that Velero puts into a restored pod waits for the files, and takes away what it was told by: ".velero" in the
#       volume, with a file that the node agent makes as root. If it cannot, the restore says so.
# Seen: it runs as the user of the pod, or as user 1000, who may not remove what is root's. It says "permission denied" in its log, ends with
#       exit code 0, and the restore is Completed.
# Needs: Go, root.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
chmod 755 "$dir"
export GOFLAGS=-mod=mod CGO_ENABLED=0
mkdir "$dir/module"
cd "$dir/module"
go mod init finding >/dev/null 2>&1
go get github.com/vmware-tanzu/velero@v1.18.3 >/dev/null 2>&1
go build -o "$dir" github.com/vmware-tanzu/velero/cmd/velero-restore-helper

# as USER: restores a volume that everybody may write to, as an emptyDir, and prints how the helper ended and whether the folder is there.
as() {
	rm -rf "$dir/restores"
	mkdir -p "$dir/restores/data/.velero"
	chmod 777 "$dir/restores/data"
	touch "$dir/restores/data/.velero/uid"
	local code=0
	chroot --userspec="$1" "$dir" /velero-restore-helper uid >"$dir/log" 2>&1 || code=$?
	echo "user $1: exit code $code, $([[ -e $dir/restores/data/.velero ]] && echo left || echo removed)"
}
got=$(as 0:0; as 1000:1000)
echo "$got"
[[ $got == 'user 0:0: exit code 0, removed
user 1000:1000: exit code 0, left' ]] || { echo "this has changed" >&2; exit 1; }
