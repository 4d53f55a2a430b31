package cmd

import (
	"bytes"
	"errors"
	"testing"
)

func TestTerminalDoesNotObeyOutputOfCommands(t *testing.T) {
	for text, want := range map[string]string{
		"Tür\tö 門 🚗\n\n":          "Tür\tö 門 🚗\n\n",
		"\x1b[2Ja\rb\x07\n":       "\ufffd[2Ja\ufffdb\ufffd\n",
		"\u009b31m\x7f\u202e\xff": "\ufffd31m\ufffd\ufffd\ufffd",
	} {
		var out bytes.Buffer
		if n, err := (safeWriter{&out}).Write([]byte(text)); n != len(text) || err != nil || out.String() != want {
			t.Errorf("%q: %q, %d, %v", text, out.String(), n, err)
		}
	}
	full := errors.New("full")
	if n, err := (safeWriter{&stdout{to: failingWriter{full}}}).Write([]byte("x")); n != 0 || !errors.Is(err, full) {
		t.Errorf("%d, %v", n, err)
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }
