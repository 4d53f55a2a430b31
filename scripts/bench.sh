#!/usr/bin/env bash
# Compares the CPU time and the peak memory of rtev with those of curl and of
# other readers, all reading the same stream of rtev simulate. Prints a table.
#
#   scripts/bench.sh                          about a minute
#   EVENTS=100000 ROUNDS=3 scripts/bench.sh   a first impression
#
# Needs hyperfine, GNU time, curl and jq. Each round runs every row once, so that
# other work on the machine affects all rows alike. The table shows medians.
set -euo pipefail
cd "$(dirname "$0")/.."

events=${EVENTS:-1000000} rounds=${ROUNDS:-5}
id=899c89f9-90c3-c633-8586-8f09b005ebed # Gate, the simulator's first instance
work=$(mktemp -d)
servers=()
trap 'kill "${servers[@]}" 2>/dev/null; rm -rf "$work"' EXIT
CGO_ENABLED=0 go build -trimpath -o "$work/rtev" .
go build -C bench -o "$work/bench" .

# serve TYPES COUNT starts a server that sends COUNT events to every client, and
# sets $url to that of a stream of these types.
serve() {
	local log="$work/$1.log" server
	"$work/rtev" simulate --listen 127.0.0.1:0 --rate max --count "$2" 2>"$log" &
	servers+=($!)
	until server=$(grep -so 'http://[0-9.:]*' "$log"); do sleep 0.1; done
	url="$server/v1/core/instance/$id/consume_events_sse?events=$1"
}

# measure runs each command of $rows (name, tab, command) once per round, and
# once more for its peak memory, and prints a row of the table for each.
measure() {
	local commands=() name command kib base='' n=0
	while IFS=$'\t' read -r name command; do commands+=("$command"); done <<<"$rows"
	for round in $(seq "$rounds"); do
		hyperfine -N --style none --runs 1 --output null --export-json "$work/$round.json" "${commands[@]}" 2>/dev/null
	done
	printf '| %s | CPU | ÷ curl | peak memory |\n|---|--:|--:|--:|\n' "$1"
	while IFS=$'\t' read -r name command; do
		cpu=$(jq -s --argjson n "$n" 'map(.results[$n] | .user + .system) | sort | .[length / 2 | floor]' $(seq -f "$work/%g.json" "$rounds"))
		kib=$(command time -f %M $command 2>&1 >/dev/null | tail -n 1)
		: "${base:=$cpu}"
		LC_ALL=C awk -v n="$name" -v c="$cpu" -v b="$base" -v k="$kib" 'BEGIN { printf "| %s | %.2f s | %.2f | %.1f MiB |\n", n, c, c / b, k / 1024 }'
		n=$((n + 1))
	done <<<"$rows"
}

row() { printf '%s\t%s\n' "$1" "$2"; }

echo "$(nproc) cores, $(go env GOVERSION), $(curl --version | cut -d' ' -f1,2 | head -n 1), medians of $rounds rounds"
echo
serve track "$events"
tail="$work/rtev tail --config none -q $url"
rows=$(
	row 'curl -sN URL -o /dev/null' "curl -sN $url -o /dev/null"
	row 'rtev tail -o ndjson' "$tail -n $events -o ndjson"
	row 'rtev tail -o ndjson, one field' "$tail -n $events -o ndjson -w detection_confidence>0"
	row 'rtev tail -o csv' "$tail -n $events -o csv"
	row 'rtev tail, text in colour' "$tail -n $events --color always"
	row 'rtev stats' "$work/rtev stats --config none -q $url -n $events -o ndjson"
	row 'bufio.Scanner and gjson, one field' "$work/bench scanner $url"
	row 'go-sse and gjson, one field' "$work/bench go-sse $url"
)
measure "$events tracks"
echo
serve track,crop "$((events / 5))"
rows=$(
	row 'curl -sN URL -o /dev/null' "curl -sN $url -o /dev/null"
	row 'rtev tail -o ndjson' "$work/rtev tail --config none -q $url -n $((events / 5)) -o ndjson"
)
measure "$((events / 5)) events, 3 % of them crops"
