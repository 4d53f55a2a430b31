package jsonraw

import (
	"encoding/json"
	"strings"
	"testing"
)

func FuzzQuoted(f *testing.F) {
	for _, s := range []string{"", "a\"b\\c", "\x00\b\f\n\r\t\x1f\x7f", "<é>&\u2028\U0001f600", "\xff\xc0x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		quoted := AppendQuoted(nil, s)
		var want string
		if err := json.Unmarshal(quoted, &want); err != nil {
			t.Fatalf("%q: %v", quoted, err)
		}
		var scratch []byte
		if got := string(Text(quoted, &scratch)); got != want || want != strings.ToValidUTF8(s, "\uFFFD") {
			t.Fatalf("%q became %s and again %q, want %q", s, quoted, got, want)
		}
	})
}
