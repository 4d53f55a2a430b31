#!/usr/bin/env bash
# Compresses the man pages into packaging/man, without time stamps, so that
# builds are reproducible.
set -euo pipefail
cd "$(dirname "$0")/.."

rm -rf packaging/man
mkdir packaging/man
for page in docs/man/*.1; do
	gzip -9nc "$page" >"packaging/man/${page##*/}.gz"
done
