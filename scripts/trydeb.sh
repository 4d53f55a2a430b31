#!/usr/bin/env bash
# Builds the Debian package twice, compares the results, and installs, uses and
# removes it. The contents are listed in .goreleaser.yaml. The script runs nfpm, with
# which goreleaser builds packages, because goreleaser takes minutes to compile.
# Needs root, dpkg, and a machine without an rtev package.
set -euo pipefail
cd "$(dirname "$0")/.."

if dpkg -s rtev >/dev/null 2>&1; then
	echo "the package rtev is installed, and this script would remove it" >&2
	exit 1
fi
work=$(mktemp -d)
trap 'dpkg --purge rtev >/dev/null 2>&1 || true; rm -rf "$work"' EXIT
committed=$(git log -1 --format=%cI)
scripts/manpages.sh

# The section nfpms of .goreleaser.yaml, in the form that nfpm reads.
{
	printf 'name: rtev\nversion: 0.0.0\narch: %s\n' "$(dpkg --print-architecture)"
	sed -n '/^nfpms:/,/^[a-mo-z]/p' .goreleaser.yaml | grep '^    ' | sed "s/^    //; s/{{ .CommitDate }}/$committed/"
	printf '  - {src: %s/rtev, dst: /usr/bin/rtev, file_info: {mode: 0755, mtime: "%s"}}\n' "$work" "$committed"
} >"$work/nfpm.yaml"

for n in 1 2; do
	CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o "$work/rtev" .
	GOFLAGS='' go run github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.43.4 package -f "$work/nfpm.yaml" -p deb -t "$work/$n.deb"
done
cmp "$work/1.deb" "$work/2.deb"

dpkg -i "$work/1.deb"
/usr/bin/rtev --version
/usr/bin/rtev tail --demo -n 1
if command -v man >/dev/null; then
	man -w rtev rtev-tail
fi
for file in /usr/share/bash-completion/completions/rtev /usr/share/zsh/vendor-completions/_rtev \
	/usr/share/fish/vendor_completions.d/rtev.fish /usr/lib/systemd/system/rtev-tail@.service /etc/rtev/config.yaml; do
	[ -s "$file" ] || { echo "not installed: $file" && exit 1; }
done
dpkg --purge rtev
[ ! -e /usr/bin/rtev ] && [ ! -e /etc/rtev ]
