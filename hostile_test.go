package main

import (
	"bytes"
	"encoding/csv"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/rtev/rtev/internal/flowtest"
)

// evil contains what a server should not send in a string: escape sequences, bidi
// marks, NUL, line ends, noncharacters, and overlong and truncated UTF-8.
const evil = `\u001b[2J\u001b]0;x\u0007\u009b31m\u202e\u2066\u0000\n\r\u2028\ud800` +
	"\u202e\u009b\xc0\xaf\xe0\x80\xaf\xff\xf4\x90\x80\x80"

// capture returns a recording of valid JSON, an event per line, with hostile
// values in all fields that reach a terminal, a file name, a CSV, a label or an
// error.
func capture() string {
	var b strings.Builder
	line := func(parts ...string) {
		for _, p := range parts {
			b.WriteString(p)
		}
		b.WriteByte('\n')
	}
	for _, typ := range []string{"event-intrusion", "event-line-crossing", "track", "crop", "attribute", "statistics",
		evil} {
		line(`{"$id":"`, typ, `","instance_id":"`, evil, `","area_name":"`, evil, `","tripwire_name":"`, evil,
			`","object_class":"`, evil,
			`","event_id":"`, evil, `","tracking_id":"`, evil, `","name":"`, evil, `","value":"`, evil,
			`","crossing_direction":"`, evil,
			`","current_framerate":"`, evil, `","image":"`, evil, `","`, evil, `":1}`)
		line(`{"$id":"`, typ, `","system_timestamp":1e999999,"event_timestamp_ms":-1e999999,"confidence":1e-999999,`+
			`"age_ms":9999999999999999999999,`,
			`"location":{"x":1e999999,"y":-0,"width":1E400,"height":0.1e-400},"event_duration_ms":1e308,`+
				`"frames_processed":-1e999999,"latency":"1e999999"}`)
		line(`{"$id":"`, typ, `","$id":"crop","area_name":"a","area_name":"`, evil,
			`","location":7,"location":[[]],"image":{},"image":null}`)
		// a clock that jumps
		for _, at := range []string{"1795611705000", "1795611604000", "4102444800000", "0", "-1", "1795611705001"} {
			line(`{"$id":"`, typ, `","instance_id":"i","system_timestamp":`, at, `,"event_timestamp_ms":`, at, `}`)
		}
	}
	name := strings.Repeat("n", 1<<20)
	line(`{"$id":"track","instance_id":"`, name, `","area_name":"`, name, `","`, name, `":"`, name, `"}`)
	line(`{"$id":"`, name, `","object_class":"`, strings.Repeat(`\u001b`, 1<<17), `"}`)
	line(`{"$id":"track","location":`, strings.Repeat(`[`, 100_000), strings.Repeat(`]`, 100_000), `}`)
	line(`{"$id":"track","location":`, strings.Repeat(`{"x":`, 100_000), `1`, strings.Repeat(`}`, 100_000), `}`)
	line(`{"$id":"track"`, fields(1_000_000), `}`)
	for _, s := range flowtest.Hostile() {
		line(strings.ReplaceAll(strings.ReplaceAll(s.Payload, "\n", " "), "\r", " "))
	}
	return b.String()
}

// fields returns n members with different names.
func fields(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`,"f`)
		for ; i > 0; i /= 26 {
			b.WriteByte(byte('a' + i%26))
		}
		b.WriteString(`":1`)
	}
	return b.String()
}

// TestHostileContent reads the recording with every command and output. Each
// must succeed in bounded memory and time, and print nothing that a terminal
// would interpret.
func TestHostileContent(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "evil.ndjson")
	check(t, os.WriteFile(file, []byte(capture()), 0o600))
	for _, command := range []string{
		"tail - --color always", "tail - -o csv", "tail - -o csv -c _time,_place,x=location.x,location,image,_delay_ms",
		"tail - -o ndjson -c area_name,location,image,_instance,_track", "tail - -w !nothing&&location.x!=3 --time rfc3339",
		"crops - -d " + dir, "crops - --meta --best -o ndjson -d " + dir, "stats -", "stats - -o ndjson", "stats - -o csv",
		"stats - -o prom", "stats - --fields", "stats - --by area_name",
		"tail - -v -e track,!track", "tail -",
	} {
		t.Run(command, func(t *testing.T) {
			in, err := os.Open(file)
			check(t, err)
			defer in.Close()
			var out, talk bytes.Buffer
			c := exec.CommandContext(t.Context(), "within",
				append([]string{"4s", "150MB", "rtev"}, strings.Fields(command)...)...)
			c.Stdin, c.Stdout, c.Stderr = in, &out, &talk
			if err := c.Run(); err != nil {
				t.Fatalf("%v: %.300q", err, talk.String())
			}
			if strings.Contains(command, "-o csv") { // for another program: it must read back as a table
				rows(t, out.String())
			} else {
				checkHarmless(t, "stdout", out.String(), strings.Contains(command, "always"), strings.Contains(command, "ndjson"))
			}
			checkHarmless(t, "stderr", talk.String(), false, false)
		})
	}
	files, _ := filepath.Glob(filepath.Join(filepath.Dir(dir), "*"))
	if len(files) != 1 {
		t.Errorf("something was written outside of the folder: %q", files)
	}
}

// TestHostileErrors checks that text from a refusal, a name, a redirect or the
// command line is made safe before it is printed.
func TestHostileErrors(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	const bad = "\x1b[2J\x1b]0;x\a\u202e\u009b\xff"
	say := func(status int, kind, to, text string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Content-Type"], w.Header()["Location"] = []string{kind}, []string{to}
			w.WriteHeader(status)
			io.WriteString(w, text)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	names := `{"instances":[{"instanceId":"` + evil + `","displayName":"` + evil + `","group":"` + evil +
		`","solutionName":"` + evil + `","version":"` + evil + `","running":true}]}`
	for _, tc := range []struct {
		code int
		args []string
	}{
		{2, []string{"tail", "-w", "\x1b[2J == \u202e", "-"}},
		{4, []string{"tail", "-s", say(500, "text/plain", "", bad), "-vv", camera}},
		{4, []string{"tail", "-s", say(200, "text/html\u202e\u009b", "", "<title>"+bad+"</title>"), "-vv", camera}},
		{4, []string{"tail", "-s", say(302, "", "/\u202e?\u009b", bad), "-vv", camera}},
		{4, []string{"poll", "--once", "-s", say(200, "application/json", "", bad), camera}},
		{4, []string{"tail", "-s", say(200, "application/json", "", names), "gate" + bad}},
		{0, []string{"instances", "-s", say(200, "application/json", "", names)}},
	} {
		got := rtev(t, nil, tc.args...)
		if got.code != tc.code {
			t.Errorf("%q: %+v", tc.args, got)
		}
		checkHarmless(t, "stdout", got.out, false, false)
		checkHarmless(t, "stderr", got.errors, false, false)
	}
}

// rows checks a table: RFC 4180, the same number of fields per record, UTF-8.
func rows(t *testing.T, text string) {
	t.Helper()
	all, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(all) < 10 || !utf8.ValidString(text) {
		t.Errorf("%d rows, %v", len(all), err)
	}
}

// checkHarmless fails if text has anything that a terminal would interpret: control
// characters except line feed, bidi marks, or invalid UTF-8. If color is set, it
// allows SGR sequences.
func checkHarmless(t *testing.T, what, text string, color, raw bool) {
	t.Helper()
	for i, r := range text {
		switch {
		case r == '\n', color && r == '\x1b' && sgr(text[i:]):
		case raw && r >= 0x20: // bytes of a string as the server sent them
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029',
			r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD"):
			t.Fatalf("%s: %q in %.80q", what, r, text[max(0, i-20):])
		}
	}
}

// sgr reports whether s starts with a sequence that only sets colours.
func sgr(s string) bool {
	end := strings.IndexByte(s, 'm')
	return strings.HasPrefix(s, "\x1b[") && end > 0 && strings.Trim(s[2:end], "0123456789;") == ""
}
