#!/usr/bin/env bash
# Puts the library that the console is made with, as npm has it in the version that simulator/console/package-lock.json pins, beside the page.
set -euo pipefail
cd "$(dirname "$0")/../simulator/console"

npm ci --silent --ignore-scripts --no-audit --no-fund
mkdir -p page/lit
cp node_modules/lit-html/LICENSE page/lit/LICENSE
sed '/^\/\/# sourceMappingURL=/d' node_modules/lit-html/lit-html.js >page/lit/lit-html.js
