#!/usr/bin/env bash
# Draws docs/img/*.svg from what the program really prints: tail and stats of
# its own simulator, in a terminal of 100 columns. Wants tmux.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
tmux=(tmux -L "rtev-pictures-$$" -f /dev/null)
trap '"${tmux[@]}" kill-server 2>/dev/null; rm -rf "$work"' EXIT
go build -o "$work/rtev" .
go build -o "$work/ansisvg" scripts/ansisvg.go
export PATH="$work:$PATH" TERM=xterm-256color LC_ALL=C.UTF-8 RTEV_CONFIG=none
mkdir -p docs/img

# picture NAME ROWS SECONDS COMMAND: what the terminal shows after so long.
picture() {
	"${tmux[@]}" new-session -d -s "$1" -x 100 -y "$2" "$4; sleep 60"
	sleep "$3"
	"${tmux[@]}" capture-pane -e -p -t "$1" | ansisvg "${4% --for*}" >"docs/img/$1.svg"
}

picture tail 18 12 "rtev tail --demo -e '!track,!statistics' --for 11s"
picture stats 24 21 "rtev stats --demo --for 30s"
ls -l docs/img
