#!/usr/bin/env bash
# Runs every fuzz target for TIME (10s, 1m), one after the other.
#
#   scripts/fuzz.sh TIME [PACKAGE-FOLDER]
#
# Without -fuzzminimizetime the fuzzer may spend all of its time on making one
# input smaller.
set -euo pipefail
cd "$(dirname "$0")/.."

time=${1:?usage: scripts/fuzz.sh TIME [PACKAGE-FOLDER]}
under=${2:-.}

count=0
while IFS=: read -r file target; do
	printf -- '-- %s in %s for %s\n' "$target" "$(dirname "$file")" "$time"
	go test -run='^$' -fuzz="^$target\$" -fuzztime="$time" -fuzzminimizetime=1x "./$(dirname "$file")" </dev/null
	count=$((count + 1))
done < <(grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' "$under" | sed 's/:func /:/' | sort)

if [ "$count" -eq 0 ]; then
	echo "no fuzz target found in $under" >&2
	exit 1
fi
echo "$count fuzz targets, no failure"
