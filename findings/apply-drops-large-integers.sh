#!/usr/bin/env bash
# A change of an integer beyond 2^53 is dropped by the merge patches of client-side apply.
#
# Versions: k8s.io/apimachinery v0.37.2, gopkg.in/evanphx/json-patch.v4 v4.13.0, github.com/evanphx/json-patch/v5 v5.9.11
# Expected: JSON patches compare numbers as they are written, as Kubernetes' own types do; int64 is a type of the API.
# Seen: jsonmergepatch, by which kubectl applies custom resources, compares as float64: from ...993 to ...992 the patch is {}, so that
#       the object is "unchanged" and keeps the old number. v5 of the same library, and the strategic patch that built-in kinds
#       get, see the change. Counters of bytes get that large at 9 PB, ids and timestamps in nanoseconds are so from the start.
# Needs: Go.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
cat >main.go <<'GO'
package main

import (
	"fmt"

	v5 "github.com/evanphx/json-patch/v5"
	v4 "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
)

func main() {
	old, changed := []byte(`{"n":9007199254740993}`), []byte(`{"n":9007199254740992}`)
	show := func(what string, patch []byte, err error) { fmt.Printf("%s: %s %v\n", what, patch, err) }
	patch, err := jsonmergepatch.CreateThreeWayJSONMergePatch(old, changed, old)
	show("apply of a custom resource", patch, err)
	patch, err = v4.CreateMergePatch(old, changed)
	show("v4", patch, err)
	patch, err = v5.CreateMergePatch(old, changed)
	show("v5", patch, err)
	patch, err = strategicpatch.CreateTwoWayMergePatch(old, changed, struct {
		N int64 `json:"n"`
	}{})
	show("strategic", patch, err)
}
GO
go mod init finding >/dev/null 2>&1
go get k8s.io/apimachinery@v0.37.2 gopkg.in/evanphx/json-patch.v4@v4.13.0 github.com/evanphx/json-patch/v5@v5.9.11 >/dev/null 2>&1
go mod tidy >/dev/null 2>&1
got=$(go run .)
echo "$got"
want='apply of a custom resource: {} <nil>
v4: {} <nil>
v5: {"n":9007199254740992} <nil>
strategic: {"n":9007199254740992} <nil>'
[[ $got == "$want" ]] || { echo "this has changed" >&2; exit 1; }
