#!/usr/bin/env bash
# Makes the image of a node for kind without a container registry: of Debian's packages, kind's own files, and programs that are
# built from Go modules. Its tag says what it was made from; an image that is there already is not made again. Needs root, a
# container engine that `docker` reaches, debootstrap and jq. Prints the name of the image.
set -euo pipefail
cd "$(dirname "$0")"

for program in docker debootstrap jq; do
	command -v "$program" >/dev/null || { echo "node-image: there is no program $program: install it" >&2; exit 1; }
done
[[ $EUID == 0 ]] || { echo "node-image: debootstrap makes devices and changes its root: run this as root" >&2; exit 1; }
docker info >/dev/null || { echo "node-image: no container engine answers: start one" >&2; exit 1; }

go mod download -C ../../e2e sigs.k8s.io/kind
version=$(go list -C ../tools/kubernetes -m -f '{{.Version}}' k8s.io/kubernetes)
kind=$(go list -C ../../e2e -m -f '{{.Dir}}' sigs.k8s.io/kind)
# hash FILES...: what is in them, and which kind and Go.
hash() { { basename "$kind"; go version; find "$@" -type f -print0 | sort -z | xargs -0 cat; } | git hash-object --stdin | cut -c 1-12; }
base=velero-locations-node:base-$(hash base.sh)
image=velero-locations-node:$version-$(hash . ../tools/build.sh ../tools/kubernetes ../tools/addons)
if docker image inspect "$image" >/dev/null 2>&1; then
	echo "$image"
	exit
fi

../tools/build.sh node
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! docker image inspect "$base" >/dev/null 2>&1; then
	./base.sh "$kind" "$work/base" >&2
	tar -C "$work/base" -c . | docker import - "$base" >&2
	rm -rf "$work/base"
fi
./node.sh "$kind" "$base" "$version" "$work" "$image" >&2
echo "$image"
