#!/usr/bin/env bash
# Compares rtev with curl and other readers against its own simulator, and puts
# the tables into docs/performance.md between its two marks.
#
#   scripts/bench.sh                     five minutes
#   RUNS=1 EVENTS=100000 scripts/bench.sh    a quick look
#
# It needs Linux, curl and GNU time; with python3 and jq there are more rows.
set -euo pipefail
cd "$(dirname "$0")/.."

page=docs/performance.md
mkdir -p bench/out
CGO_ENABLED=0 go build -trimpath -o bench/out/rtev .
go build -C bench -o out/bench .
bench/out/bench "$PWD/bench/out/rtev" >bench/out/measured.md

awk '
	/^<!-- measured/ { print; print ""; while ((getline line <"bench/out/measured.md") > 0) print line; print ""; skip = 1 }
	/^<!-- end/ { skip = 0 }
	!skip
' "$page" >bench/out/page.md
cp bench/out/page.md "$page"
echo "wrote $page"
