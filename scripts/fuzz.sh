#!/usr/bin/env bash
# Runs every fuzz target for TIME (10s, 1m), one per core.
#
#   scripts/fuzz.sh TIME [PACKAGE-FOLDER]
#
# A failing input is written to testdata/fuzz, and go test then runs it every time.
# Without -fuzzminimizetime the fuzzer may spend all its time minimizing one input.
set -euo pipefail
cd "$(dirname "$0")/.."

export FUZZ_FOR=${1:?usage: scripts/fuzz.sh TIME [PACKAGE-FOLDER]}
under=${2:-.}

run() { # FOLDER TARGET
	go test -run='^$' -fuzz="^$2\$" -fuzztime="$FUZZ_FOR" -fuzzminimizetime=1x -parallel=1 "./$1" 2>&1 </dev/null
}

# Before Go 1.27, reaching -fuzztime may count as a failure without an input
# (go.dev/issue/75804). Such a target runs once more.
late() { grep -q '^ *context deadline exceeded$' <<<"$1" && ! grep -q 'Failing input written' <<<"$1"; }

one() { # FILE TARGET
	local out dir
	dir=$(dirname "$1")
	if out=$(run "$dir" "$2") || { late "$out" && out=$(run "$dir" "$2"); }; then
		printf 'ok  %-24s %s: %s\n' "$2" "$dir" "$(grep -o 'execs: [0-9]*' <<<"$out" | tail -1)"
	else
		printf 'FAIL  %s %s\n%s\n' "$2" "$dir" "$out"
		return 1
	fi
}
export -f run late one

targets=$(grep -roE --include='*_test.go' '^func Fuzz[A-Za-z0-9_]+' "$under" | sed 's/:func / /' | sort) ||
	{ echo "no fuzz target in $under" >&2 && exit 1; }
xargs -P "$(getconf _NPROCESSORS_ONLN)" -n 2 bash -c 'one "$@"' one <<<"$targets"
echo "$(wc -l <<<"$targets") fuzz targets, no failure"
