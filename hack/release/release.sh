#!/usr/bin/env bash
# Makes what is released of a tag: programs, images, the chart, what programs are made of (SBOMs), and checksums. All of it comes from a
# fresh clone of the tag, and the same tag gives the same bytes. Usage: release.sh VERSION FOLDER
set -euo pipefail
cd "$(dirname "$0")/../.."

version=$1 folder=$2 name=velero-locations
if [[ ! $version =~ ^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]]; then
	echo "VERSION is '$version': it must be one such as v0.1.0" >&2
	exit 1
fi
for tag in "$version" "internal/$version" "simulator/$version"; do # a Go module below has its versions by tags that begin with its folder
	if ! git rev-parse --quiet --verify "refs/tags/$tag" >/dev/null; then
		echo "there is no tag $tag: make it, by git tag -a $tag, and start again" >&2
		exit 1
	fi
done
if ! git show "$version:simulator/go.mod" | grep -qF "velero-locations/internal $version"; then
	echo "simulator/go.mod of $version does not require $version of internal: who imports the simulator would not get it" >&2
	exit 1
fi
if ! git show "$version:CHANGELOG.md" | grep -qF "## [${version#v}] - "; then
	echo "CHANGELOG.md of $version has no section '## [${version#v}] - DATE'" >&2
	exit 1
fi

repository=$PWD
source=$(mktemp -d)
trap 'rm -rf "$source"' EXIT
git clone --quiet --no-checkout "$repository" "$source"
git -C "$source" -c advice.detachedHead=false checkout --quiet "refs/tags/$version"
rm -rf "$folder"
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$source"
export GOFLAGS=-trimpath # others could leave the version out

for platform in linux/amd64 linux/arm64 darwin/amd64 darwin/arm64; do
	os=${platform%/*} arch=${platform#*/}
	program=$folder/$name-$os-$arch
	echo "building $platform" >&2
	GOOS=$os GOARCH=$arch make --silent build OUTPUT="$program"
	if ! go version -m "$program" | grep -q "^	mod	.*	$version\(	\|$\)"; then
		echo "$program does not say that it is $version" >&2
		exit 1
	fi
	go tool -modfile="$source/hack/sbom/go.mod" cyclonedx-gomod bin -json -std -noserial -notimestamp -version "$version" -output "$program.cdx.json" "$program"
	if [[ $os == linux ]]; then
		mkdir -p "$source/bin/$arch" && cp "$program" "$source/bin/$arch/$name"
		go run ./hack/image -program "$source/bin/$arch/$name" -architecture "$arch" -name "$name:$version" -output "$folder/$name-image-$arch.tar"
	fi
done
go run ./hack/chart -package "$version" -output "$folder/$name-${version#v}.tgz"
cd "$folder"
sha256sum -- * >SHA256SUMS
ls -l
