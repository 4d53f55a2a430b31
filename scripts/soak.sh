#!/usr/bin/env bash
# Soaks for TIME: 20 instances, faults every few seconds, counts compared with
# what the simulator delivered; memory, goroutines and files must stay flat.
# Then 200 times kill -9 on a polling process with a spool.
#
#   scripts/soak.sh TIME        (2m, 1h)
set -euo pipefail
cd "$(dirname "$0")/.."

time=${1:?usage: scripts/soak.sh TIME}
go test . -run '^TestSoak$' -v -count=1 -timeout 0 -soak="$time" </dev/null
go test . -run '^TestKilled$' -v -count=1 -timeout 0 -kills=200 </dev/null
