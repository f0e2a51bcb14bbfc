#!/usr/bin/env bash
# Proves that the generated code is what the generators make of the types: regenerates it, and
# fails with the difference where that changes anything.
set -euo pipefail
cd "$(dirname "$0")/.."

before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
cp -R apis deploy generated docs simulator/console/page "$before"
hack/generate.sh
diff -ru "$before/apis" apis
diff -ru "$before/deploy" deploy
diff -ru "$before/generated" generated
diff -ru "$before/docs" docs
diff -ru "$before/page" simulator/console/page
