#!/usr/bin/env bash
# Packs the man pages for the packages into packaging/man: without a time in
# them, so that they are the same each time.
set -euo pipefail
cd "$(dirname "$0")/.."

rm -rf packaging/man
mkdir packaging/man
for page in docs/man/*.1; do
	gzip -9nc "$page" >"packaging/man/${page##*/}.gz"
done
