package config

import (
	"errors"
	"net/http"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// inFiles writes files, and returns line with @NAME replaced by the name of one.
func inFiles(t *testing.T, texts map[string]string) func(line string) string {
	dir := t.TempDir()
	for name, text := range texts {
		write(t, filepath.Join(dir, name), text)
	}
	return func(line string) string { return strings.ReplaceAll(line, "@", "@"+dir+string(filepath.Separator)) }
}

func TestParseHeaders(t *testing.T) {
	in := inFiles(t, map[string]string{"token": "Bearer x\n", "windows": "w\r\n", "bare": "b"})
	var lines []string
	for _, line := range []string{
		"authorization: @token", "X-A:1", "x-a:  2, 3:4 ", "Empty:", "W: @windows", "B:@bare", "T: a\tb", "L: \xe9",
	} {
		lines = append(lines, in(line))
	}
	got, err := ParseHeaders(lines)
	want := http.Header{"Authorization": {"Bearer x"}, "X-A": {"1", "2, 3:4"}, "Empty": {""}, "W": {"w"}, "B": {"b"},
		"T": {"a\tb"}, "L": {"\xe9"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestParseHeadersRefuses(t *testing.T) {
	in := inFiles(t, map[string]string{"lines": "sesame\nX: y\n", "two": "sesame\n\n", "nul": "ses\x00ame"})
	for _, tc := range []struct{ in, want string }{
		{"Bearer sesame", `header 2: want "Name: value" or "Name: @FILE"`},
		{"", `header 2: want`},
		{": sesame", `header 2: want`},
		{"Bearer sesame: x", `header 2: want`},
		{"X : sesame", `header 2: want`},
		{"X\xff: sesame", `header 2: want`},
		{"Ä: sesame", `header 2: want`},
		{"X: ses\name", `header X: a line end or control character in the value`},
		{"X: ses\ra: me", `header X: a line end or control character in the value`},
		{"X: sesame\x7f", `header X: a line end or control character in the value`},
		{"X: @lines", `header X: a line end or control character in the value`},
		{"X: @two", `header X: a line end or control character in the value`},
		{"X: @nul", `header X: a line end or control character in the value`},
		{"X: @gone", `header X: open `},
	} {
		_, err := ParseHeaders([]string{"Good: 1", in(tc.in)})
		wantError(t, err, tc.want)
		if err != nil && strings.Contains(err.Error(), "sesame") {
			t.Errorf("%q: the value was printed: %v", tc.in, err)
		}
	}
}

func FuzzParseHeaders(f *testing.F) {
	f.Add("X: 1", "")
	f.Add("X: @f", "secret\r\n")
	f.Add("X : y\r\nZ: a", "\n\n")
	f.Fuzz(func(t *testing.T, line, file string) {
		if _, _, ok := strings.Cut(line, "@"); ok {
			line = "X: @" + write(t, filepath.Join(t.TempDir(), "f"), file)
		}
		header, err := ParseHeaders([]string{line})
		if _, ok := errors.AsType[*Error](err); err != nil && !ok {
			t.Fatalf("%q: %T", line, err)
		}
		for name, values := range header {
			if strings.ContainsAny(name+strings.Join(values, ""), "\r\n\x00") || strings.ContainsAny(name, " :") || name == "" {
				t.Fatalf("%q gave %q", line, header)
			}
		}
	})
}
