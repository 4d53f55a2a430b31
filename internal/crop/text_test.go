package crop

import (
	"bytes"
	"encoding/base64"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/rtev/rtev/internal/flowtest"
	"github.com/rtev/rtev/internal/format"
)

var _ format.Encoder = (*Text)(nil)

func TestTextIsAnEncoder(t *testing.T) {
	flowtest.Encoder(t, func() flowtest.LineEncoder { return &Text{} }, flowtest.Bytes{})
}

func TestTextIsThePathAndMoreOnATerminal(t *testing.T) {
	ev := flowtest.Event(t, "crop", `{"file":"x/C:\\x41 é.jpg","bytes":34816,"system_timestamp":1781889224027}`)
	ev.Ref = flowtest.Event(t, "event-intrusion", `{"object_class":"Person","area_name":"A place with a long name\u001b[2J"}`)
	var text Text
	if got, want := string(text.AppendEvent(nil, ev)), "x/C:\\x41 é.jpg\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	text = Text{Terminal: true, Location: time.UTC}
	if got, want := string(text.AppendEvent(nil, ev)), "17:13:44.027  Person    A place with a …  34.8 KB    x/C:\\\\x41 é.jpg\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	bare := flowtest.Event(t, "crop", `{"file":"a\nb\u001b[2J"}`)
	if got, want := string(text.AppendEvent(nil, bare)), "-             -         -                 0 B        a\\x0ab\\x1b[2J\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	for _, line := range flowtest.Hostile() {
		got := text.AppendEvent(nil, flowtest.Event(t, "", line.Payload))
		if bytes.ContainsAny(got[:len(got)-1], "\x1b\n\r\x00\u009b\u202e") {
			t.Errorf("%s: %q", line.Name, got)
		}
	}
}

func TestPreviewIsWhatTheEnvironmentNames(t *testing.T) {
	for env, want := range map[string]Protocol{
		"": NoPreview, "TERM=xterm-256color": NoPreview, "TERM=xterm-kitty": Kitty, "TERM=xterm KITTY_WINDOW_ID=1": Kitty, "TERM=xterm-ghostty": Kitty,
		"TERM=xterm TERM_PROGRAM=iTerm.app": ITerm, "TERM_PROGRAM=WezTerm": ITerm, "LC_TERMINAL=iTerm2": ITerm, "TERM=foot-extra": Sixel,
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

func TestAPreviewFollowsItsLine(t *testing.T) {
	ev := flowtest.Event(t, "crop", `{"file":"x.jpg"}`)
	for _, p := range []Protocol{NoPreview, Kitty, ITerm, Sixel} {
		text := Text{Terminal: true, Preview: p}
		text.Show([]byte("no picture"))
		plain := string(text.AppendEvent(nil, ev))
		if strings.Count(plain, "\n") != 1 {
			t.Errorf("%v: %q", p, plain)
		}
		text.Show(jpegOf(t, 490, 30))
		got := string(text.AppendEvent(nil, ev))
		if (p == NoPreview) != (got == plain) || !strings.HasPrefix(got, plain) {
			t.Errorf("%v: %.100q", p, got)
		}
		if again := string(text.AppendEvent(nil, ev)); again != plain {
			t.Errorf("%v: shown twice", p)
		}
	}
}

// unpack is the PNG inside the escape sequences.
func unpack(t *testing.T, p Protocol, seq string) []byte {
	t.Helper()
	var text string
	if p == ITerm {
		_, text, _ = strings.Cut(seq, ":")
		text = strings.TrimSuffix(text, "\a")
	} else {
		for _, piece := range strings.Split(strings.TrimSuffix(seq, "\x1b\\"), "\x1b\\") {
			keys, data, ok := strings.Cut(piece, ";")
			if !ok || !strings.HasPrefix(keys, "\x1b_G") || len(data) > 4096 {
				t.Fatalf("piece %.100q", piece)
			}
			text += data
		}
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestPreviewsArePictures(t *testing.T) {
	for _, p := range []Protocol{Kitty, ITerm} {
		img, err := png.Decode(bytes.NewReader(unpack(t, p, string(p.append(nil, jpegOf(t, 960, 120))))))
		if err != nil || img.Bounds().Dx() != 480 || img.Bounds().Dy() != 60 {
			t.Errorf("%v: %v, %v", p, err, img.Bounds())
		}
	}
	if got := string(Sixel.append(nil, jpegOf(t, 20, 15))); !strings.HasPrefix(got, "\x1bPq\"1;1;20;15#0;2;") || strings.Count(got, "-") != 3 || !strings.HasSuffix(got, "-\x1b\\") {
		t.Errorf("%.60q", got)
	}
	p := bytes.Clone(pngOf(t, 4, 4))
	copy(p[16:24], "\x00\x01\x00\x00\x00\x01\x00\x00") // its checksum is wrong, too
	if got := Kitty.append(nil, p); len(got) > 0 {
		t.Errorf("a picture of 4 gigapixels is decoded")
	}
}
