package cmd

import (
	"strings"
	"testing"

	"github.com/rtev/rtev/internal/simulator"
)

// Every mistake that ends in status 2, and what the user reads. No request is
// sent.
func TestMistakes(t *testing.T) {
	for _, tc := range []struct{ args, message string }{
		// words of other programs, and instances where a command belongs
		{"tial", `unknown command "tial"|try: rtev tail`},
		{"ls", `unknown command "ls"|try: rtev instances`},
		{"list", `unknown command "list"|try: rtev instances`},
		{"version", `unknown command "version"|try: rtev --version`},
		{"gatee", `unknown command "gatee"|try: rtev tail gatee, if it is an INSTANCE; else rtev --help`},
		{"gatee -n 5", `unknown command "gatee"|try: rtev tail gatee, if it is an INSTANCE; else rtev --help`},
		{"gat*", `unknown command "gat*"|try: rtev tail 'gat*', if it is an INSTANCE; else rtev --help`},
		{"http://nvr1/v1/core/instance/a?x=1", `unknown command|try: rtev tail 'http://nvr1/v1/core/instance/a?x=1', if`},
		{"-5", `unknown shorthand flag: '5'|try: rtev --help`},
		{"-f gate", `try: rtev tail (tail always follows)`},
		{"help nosuch", `no help on "nosuch"|try: rtev help`},
		{"help filtres", `no help on "filtres"|try: rtev help`},
		{"completion tcsh", `no completion script for "tcsh"; there are bash, fish, powershell and zsh`},
		{"completion bash zsh", `rtev completion bash takes no argument, but "zsh" was given`},
		{"instances gate", `rtev instances takes no argument, but "gate" was given`},
		// flags of other programs
		{"tail -f", `'f' in -f|try: rtev tail (tail always follows)`},
		{"poll --follow", `--follow|try: rtev tail (tail always follows)`},
		{"sub -t gate", `unknown command "sub"|try: rtev tail`},           // mosquitto_sub
		{"tail gate -C 1 -W 3", `'C' in -C|try: -n N`},                    // mosquitto_sub
		{"tail gate -b nvr1", `'b' in -b|try: -s HOST`},                   // kcat
		{"tail -U now gate", `'U' in -U|try: --until TIME`},               // journalctl
		{"tail gate --exclude x", `--exclude|try: -w EXPR; -w '!(EXPR)'`}, // stern
		{"tail --head 5", `--head|try: -n N`},
		{"stats --csv", `--csv|try: -o csv`},
		{"stats --watch", `--watch|try: rtev stats --help`},
		{"tail --type x", `unknown flag: --type|try: -e LIST`},
		{"tail --filter x", `unknown flag: --filter|try: -w EXPR`},
		{"stats --jq x", `unknown flag: --jq|try: -w EXPR`},
		{"tail --json", `unknown flag: --json|try: -o ndjson`},
		{"tail --no-color", `unknown flag: --no-color|try: --color never`},
		{"tail -5", `'5' in -5|try: -n 5`},
		{"tail -20 gate", `'2' in -20|try: -n 20`},
		{"tail -u me", `'u' in -u|try: credentials in the URL`},
		{"tail --evnets x", `unknown flag: --evnets|try: rtev tail --events`},
		{"tail --zzzzzz", `unknown flag: --zzzzzz|try: rtev tail --help`},
		{"tail --version", `try: rtev --version`},
		{"tail -h nvr1 -t gate", `'t' in -t|try: INSTANCE without a flag; -e LIST`}, // mosquitto_sub
		{"tail -p 3546", `try: -s HOST or -s HOST:PORT`},
		{"tail -C 5", `try: -n N`},
		{"tail -W 5", `try: --for DURATION`},
		{"tail --tail 10", `unknown flag: --tail|try: -n N, which stops after N events`}, // kubectl logs, stern
		{"tail --timestamps", `try: --time FORMAT`},
		{"tail -l app=x", `try: -w EXPR`},
		{"tail --exclude x", `-w '!(EXPR)'`},
		{"tail -o json-pretty", `"json-pretty" is not one of text, ndjson`},
		{"instances --tail 5", `unknown flag: --tail|try: rtev instances --help`}, // it has no -n
		{"simulate -p 80", `try: rtev simulate --help`},
		{"instances --type x", `unknown flag: --type|try: rtev instances --help`}, // it has no -e
		{"simulate --json", `unknown flag: --json|try: rtev simulate --help`},
		{"tail -n x", `invalid argument "x" for "-n, --count"`},
		// values
		{"tail -n 0", `-n 0: the number must be 1 or more`},
		{"tail -n -3", `-n -3: the number must be 1 or more`},
		{"tail --for 0s", `--for 0s: the duration must be positive`},
		{"tail --for -5s", `--for -5s: the duration must be positive`},
		{"tail --idle-timeout -1s", `--idle-timeout -1s: the duration must not be negative`},
		{"poll x -i 0s", `--interval 0s`},
		{"stats -i 0s", `--interval 0s`},
		{"stats --listen 99", `--listen: address 99: missing port in address; it takes HOST:PORT or :PORT, such as :9546`},
		{"simulate --listen 99", `--listen: address 99`},
		{"simulate --listen :99999", `--listen: address 99999: invalid port`},
		{"tail -e track,,crop", `-e: `},
		{"history --since 2999-01-01T00:00:00Z", `--since 2999-01-01T00:00:00Z is after --until now`},
		{"tail -w a==", `field expression|try: rtev help filters`},
		{"tail --color pink", `color: |auto, always, never`},
		{"tail --time noon", `--time format "noon" is none of`},
		{"tail --frame big", `--frame "big" is not`},
		{"tail --cooldown 30", `--cooldown: "30" is not a duration such as 30s, or a duration and fields such as 30s:_place`},
		{"poll Gate --cooldown 1s:_plase", `--cooldown: |_place`},
		{"tail --template=", `template "" is empty`},
		{"tail --template a{_place", `no } for this {`},
		{"tail -o csv --delimiter ;;", `delimiter ";;" is not a single character`},
		{"crops --name {nonsense}.jpg", `nonsense`},
		{"crops --name ../x.jpg", `".."`},
		{"simulate --fault nonsense", `no fault "nonsense"`},
		{"simulate --rate fast", `fast`},
		{"stats --by _typ", `--by: no computed field "_typ"; did you mean _type?`},
		{"stats --listen=", `takes HOST:PORT`},
		{"stats --listen :99999", `--listen: address 99999: invalid port`},
		{"history --count-by event_type --per fortnight", `--per needs --count-by and one of minute, hour, day`},
		{"history --since 10", `--since: "10" is not a time; write 10m, `},
		{"history --since 2h --until 3h", `--since 2h is after --until 3h`},
		{"history --since 2999-01-01T00:00:00Z", `--since 2999-01-01T00:00:00Z is after --until now`},
		{"tail -o csv -c a,,b", `--columns: "a,,b": a path is missing`},
		{"tail -o xml", `output: `},
		{"tail -H nothing", `header`},
		{"tail -s ftp://x", `it looks like http[s]://`},
		{"tail -s host:99999", `port 99999 is not between 1 and 65535`},
		{"tail http://nvr1/v1/other", `no instance in the URL`},
		{"tail --cert /nowhere/x gate", `client certificate`},
		{"tail --key /nowhere/x gate", `key`},
		{"history -", `history reads from servers, not from - (standard input)|try: rtev tail - --since TIME`},
		{"tail - gate", `- (standard input) cannot be combined with other instances`},
		// flags without effect
		{"tail --since 1h --until 5m", `--until has no effect on live events; rtev history`},
		{"stats --since 1h", `--since has no effect on live events`},
		{"tail -o prom", `-o prom is for rtev stats`},
		{"instances -o prom", `-o prom is for rtev stats`},
		{"crops -o prom", `-o prom is for rtev stats`},
		{"tail --template {x} -o csv", `--template has no effect with -o csv; it needs -o text`},
		{"tail --template {x} --utc", `--utc has no effect with --template`},
		{"tail --template {x} --frame 10x10", `--frame has no effect with --template`},
		{"tail --delimiter ;", `--delimiter has no effect with -o text; it needs -o csv`},
		{"tail -o ndjson --bom", `--bom has no effect with -o ndjson`},
		{"tail --exec cat --template x", `--template has no effect with --exec`},
		{"tail --exec cat -c _type", `--columns has no effect with --exec`},
		{"stats -o prom --fields", ``},
		{"stats -o prom -i 1s", `--interval has no effect with -o prom`},
		{"stats --fields --by _place", `--by has no effect with --fields`},
		{"stats --fields --listen :0", `--listen has no effect with --fields`},
		{"stats --fields -i 1s", `--interval has no effect with --fields`},
		{"history --per hour", ``},
		{"history --count-by event_type -c event_type", ``},
		{"history --count-by event_type --bom", ``},
		{"history --count-by event_type -e intrusion", ``},
		{"history --tracks -e track", ``},
		{"tail --until 10m", `--until`},
		{"poll Gate --since 10m", `--since`},
		{"stats --since 10m", `--since`},
		{"tail --backfill -", `--backfill`},
		{"crops --cooldown 1s", `unknown flag`},
		{"poll Gate --bell", `unknown flag`},
		{"crops --preview -o ndjson", `--preview needs -o text`},
		{"simulate --cacert ca.pem", `no effect on simulate`},
		{"simulate --insecure", `no effect on simulate`},
		{"tail --no-header", `--no-header has no effect with -o text`},
		{"tail --no-image -o csv", `--no-image has no effect with -o csv`},
		{"tail --time off -o ndjson", `--time has no effect with -o ndjson`},
		{"tail --utc -o ndjson", `--utc has no effect with -o ndjson`},
		{"tail -c a", `--columns has no effect with -o text`},
		{"poll x --no-header", `--no-header has no effect with -o text`},
		{"simulate --output csv", `--output has no effect`},
		{"completion bash -o csv", `--output has no effect`},
		{"crops --spool q", `--spool`},
		{"crops - --once --events-to none", `--once has no effect on recorded events (-)`},
		{"poll - --spool q", `--spool has no effect on recorded events (-)`},
		{"tail - --retry", `--retry has no effect on recorded events (-)`},
		{"tail - -s nvr1", `--server has no effect on recorded events (-)`},
		{"stats - -H a:b", `--header has no effect on recorded events (-)`},
		{"crops - -k", `--insecure has no effect on recorded events (-)`},
		{"tail --demo -k", `--insecure has no effect with --demo`},
		{"tail --demo --to mqtts://h/x --cacert /nowhere/x", `certificate authorities cannot be read`}, // for the broker
		{"tail - --to mqtts://h/x --cacert /nowhere/x", `certificate authorities cannot be read`},
		{"tail --demo -s nvr1", `--server has no effect with --demo`},
		{"instances --demo -H a:b", `--header has no effect with --demo`},
		{"poll", `no INSTANCE given|try: rtev instances`},
	} {
		r := startDial(t, noNetwork, strings.Fields(tc.args)...)
		end := status(<-r.ended)
		if end.code != exitUsage {
			t.Errorf("%s: status %d, want 2: %s", tc.args, end.code, end.message)
		}
		for part := range strings.SplitSeq(tc.message, "|") {
			if !strings.Contains(end.message, part) {
				t.Errorf("%s:\n%swant %q", tc.args, end.message, part)
			}
		}
		if r.out.String() != "" || strings.Contains(end.message, "%!") {
			t.Errorf("%s: printed %q, %q", tc.args, r.out.String(), end.message)
		}
	}
}

func TestDoubtfulTypes(t *testing.T) {
	const applied = "no type of that name is known; it is applied all the same"
	for list, want := range map[string]string{
		"track,event-*,!crop,*": "",
		"intrusion":             "",
		"intrusoin":             "rtev: -e intrusoin: " + applied + "; did you mean event-intrusion?\n",
		"evnt-*":                "rtev: -e evnt-*: " + applied + "; did you mean event-*?\n",
		"!trakc":                "rtev: -e trakc: " + applied + "; did you mean track?\n",
		"zzz":                   "rtev: -e zzz: " + applied + "\n",
	} {
		r := startEnv(t, env{stdin: strings.NewReader("{}\n")}, "tail", "-", "-o", "ndjson", "-e", list)
		if err := <-r.ended; err != nil || r.err.String() != want {
			t.Errorf("%s: %q %v, want %q", list, r.err.String(), err, want)
		}
	}
	const mine = `{"$id":"mine","instance_id":"i"}` + "\n"
	r := startEnv(t, env{stdin: strings.NewReader(mine)}, "tail", "-", "-o", "ndjson", "-e", "mine", "-q")
	if err := <-r.ended; err != nil || r.out.String() != mine || r.err.String() != "" {
		t.Errorf("%v, %q, %q", err, r.out.String(), r.err.String())
	}
}

func TestKnownZone(t *testing.T) {
	for zone, want := range map[string]bool{
		"": true, "UTC": true, "Europe/Berlin": true, ":America/New_York": true, "/etc/localtime": true,
		"CET-1CEST,M3.5.0,M10.5.0/3": false, "Nowhere/Land": false,
	} {
		if knownZone(zone) != want {
			t.Errorf("TZ=%s: %v", zone, !want)
		}
	}
}

// A TZ that cannot be used is reported once, and only where local times are
// shown.
func TestDoubtfulZoneIsReportedOnce(t *testing.T) {
	sim := newSimulator(t, simulator.Options{Seed: 1, Instances: simulator.Fleet(1)})
	for args, want := range map[string]int{"tail": 1, "tail --utc": 0, "tail -o ndjson": 0, "stats": 0} {
		r := startEnv(t, env{dial: sim.DialContext, getenv: func(name string) string {
			if name == "TZ" {
				return "CET-1CEST"
			}
			return ""
		}}, append(strings.Fields(args), "-n", "1", "-s", "sim")...)
		check(t, <-r.ended)
		if got := strings.Count(r.err.String(), "TZ=CET-1CEST is not a zone name"); got != want {
			t.Errorf("%s: reported %d times, want %d: %s", args, got, want, r.err.String())
		}
	}
}

func TestShellWord(t *testing.T) {
	for word, want := range map[string]string{
		"gate": "gate", "a b": "'a b'", "gate*": "'gate*'", "it's": `'it'\''s'`, "": "''", "門": "門",
	} {
		if got := shellWord(word); got != want {
			t.Errorf("%q: %s, want %s", word, got, want)
		}
	}
}
