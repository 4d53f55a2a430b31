package crop

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rtev/rtev/internal/flowtest"
	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/jsonraw"
	"github.com/rtev/rtev/internal/term"
)

var _ format.Encoder = (*Text)(nil)

func TestTextIsAnEncoder(t *testing.T) {
	flowtest.Encoder(t, func() flowtest.LineEncoder { return &Text{} }, flowtest.Bytes{})
}

func TestText(t *testing.T) {
	ev := flowtest.Event(t, "crop", `{"file":"x/C:\\x41 é.jpg","bytes":34816,"system_timestamp":1781889224027}`)
	ev.Ref = flowtest.Event(t, "event-intrusion",
		`{"object_class":"Person","area_name":"A place with a long name\u001b[2J"}`)
	var text Text
	if got, want := string(text.AppendEvent(nil, ev)), "x/C:\\x41 é.jpg\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	text = Text{Terminal: true, Location: time.UTC}
	if got, want := string(text.AppendEvent(nil, ev)),
		"17:13:44.027  Person    A place with a …  34.8 kB    x/C:\\x41 é.jpg\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	bare := flowtest.Event(t, "crop", `{"file":"a\nb\u001b[2J"}`)
	if got, want := string(text.AppendEvent(nil, bare)),
		"-             -         -                 0 B        a\\x0ab\\x1b[2J\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, line := range flowtest.Hostile() {
		got := text.AppendEvent(nil, flowtest.Event(t, "", line.Payload))
		if bytes.ContainsAny(got[:len(got)-1], "\x1b\n\r\x00\u009b\u202e") {
			t.Errorf("%s: %q", line.Name, got)
		}
	}
}

func TestPreviewFromEnvironment(t *testing.T) {
	for env, want := range map[string]Protocol{
		"": NoPreview, "TERM=xterm-256color": NoPreview, "TERM=xterm-kitty": Kitty, "TERM=xterm KITTY_WINDOW_ID=1": Kitty,
		"TERM=xterm-ghostty":                Kitty,
		"TERM=xterm TERM_PROGRAM=iTerm.app": ITerm, "TERM_PROGRAM=WezTerm": ITerm, "LC_TERMINAL=iTerm2": ITerm,
		"TERM=xterm-kitty TMUX=/tmp/x": NoPreview, "TERM=screen.xterm LC_TERMINAL=iTerm2": NoPreview,
	} {
		got := Preview(func(name string) string {
			for _, v := range strings.Fields(env) {
				if value, ok := strings.CutPrefix(v, name+"="); ok {
					return value
				}
			}
			return ""
		})
		if got != want {
			t.Errorf("%q: %v, want %v", env, got, want)
		}
	}
}

func TestPreviewFollowsLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x")
	ev := flowtest.Event(t, "crop", `{"file":`+string(jsonraw.AppendQuoted(nil, file))+`}`)
	plain := string((&Text{Terminal: true}).AppendEvent(nil, ev))
	huge := pngOf(t, 4, 4)
	copy(huge[16:24], "\x00\x01\x00\x00\x00\x01\x00\x00")
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	for name, data := range map[string][]byte{
		"missing": nil, "no picture": []byte("no picture"), "huge": huge, "picture": jpegOf(t, 490, 30),
	} {
		if data != nil {
			check(t, os.WriteFile(file, data, 0o666))
		}
		for _, p := range []Protocol{NoPreview, Kitty, ITerm} {
			got := string((&Text{Terminal: true, Preview: p}).AppendEvent(nil, ev))
			if wanted := p != NoPreview && name == "picture"; wanted == (got == plain) || !strings.HasPrefix(got, plain) ||
				!strings.HasSuffix(got, "\n") {
				t.Errorf("%s, %v: %.100q", name, p, got)
			}
		}
		check(t, os.RemoveAll(file))
	}
}

func TestPreviewSendsPicture(t *testing.T) {
	pic := jpegOf(t, 96, 48)
	got := strings.TrimSuffix(string(ITerm.append(nil, pic)), "\n")
	_, text, _ := strings.Cut(strings.TrimSuffix(got, "\a"), ":")
	if data, err := base64.StdEncoding.DecodeString(text); err != nil || !bytes.Equal(data, pic) ||
		!strings.HasPrefix(got, "\x1b]1337;File=inline=1;") {
		t.Errorf("iTerm2: %.60q, %v", got, err)
	}
	text = ""
	for piece := range strings.SplitSeq(
		strings.TrimSuffix(strings.TrimSuffix(string(Kitty.append(nil, pic)), "\n"), "\x1b\\"), "\x1b\\",
	) {
		keys, data, ok := strings.Cut(piece, ";")
		if !ok || !strings.HasPrefix(keys, "\x1b_G") || len(data) > 4096 {
			t.Fatalf("kitty: piece %.100q", piece)
		}
		text += data
	}
	data, err := base64.StdEncoding.DecodeString(text)
	check(t, err)
	if img, err := png.Decode(bytes.NewReader(data)); err != nil || img.Bounds().Dx() != 96 || img.Bounds().Dy() != 48 {
		t.Errorf("kitty: %v", err)
	}
}

func TestTextAlignsWideCharacters(t *testing.T) {
	text := Text{Terminal: true, Location: time.UTC}
	for _, place := range []string{"Dock", "東門", "東門東門東門東門東門"} {
		ev := flowtest.Event(t, "crop", `{"file":"x.jpg","bytes":1,"area_name":"`+place+`","object_class":"人"}`)
		line := strings.TrimSuffix(string(text.AppendEvent(nil, ev)), "x.jpg\n")
		if got := term.Width(line); got != 53 {
			t.Errorf("%s: the path begins at column %d, want 53: %q", place, got, line)
		}
	}
}
