package config

import (
	"errors"
	"io/fs"
	"net/http"
	"reflect"
	"strings"
	"testing"
)

// files is a readFile.
func files(texts map[string]string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		text, ok := texts[name]
		if !ok {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
		return []byte(text), nil
	}
}

func TestParseHeaders(t *testing.T) {
	read := files(map[string]string{"token": "Bearer x\n", "windows": "w\r\n", "bare": "b"})
	got, err := ParseHeaders([]string{"authorization: @token", "X-A:1", "x-a:  2, 3:4 ", "Empty:", "W: @windows", "B:@bare", "T: a\tb", "L: \xe9"}, read)
	want := http.Header{"Authorization": {"Bearer x"}, "X-A": {"1", "2, 3:4"}, "Empty": {""}, "W": {"w"}, "B": {"b"}, "T": {"a\tb"}, "L": {"\xe9"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestParseHeadersRefuses(t *testing.T) {
	read := files(map[string]string{"lines": "sesame\nX: y\n", "two": "sesame\n\n", "nul": "ses\x00ame", "empty": "\n"})
	for _, tc := range []struct{ in, want string }{
		{"Bearer sesame", `header 2: no colon; want "Name: value" or "Name: @FILE"`},
		{"", `header 2: no colon`},
		{": sesame", `header 2: the text before the colon is not a header name`},
		{"Bearer sesame: x", `header 2: the text before the colon is not a header name`},
		{"X : sesame", `header 2: the text before the colon is not a header name`},
		{"X\xff: sesame", `header 2: the text before the colon is not a header name`},
		{"Ä: sesame", `header 2: the text before the colon is not a header name`},
		{"X: ses\name", `header X: a line end or control character in the value`},
		{"X: ses\ra: me", `header X: a line end or control character in the value`},
		{"X: sesame\x7f", `header X: a line end or control character in the value`},
		{"X: @lines", `header X: a line end or control character in the value`},
		{"X: @two", `header X: a line end or control character in the value`},
		{"X: @nul", `header X: a line end or control character in the value`},
		{"X: @empty", `header X: file empty is empty`},
		{"X: @gone", `header X: file gone: file does not exist`},
		{"X: @", `header X: file : file does not exist`},
	} {
		_, err := ParseHeaders([]string{"Good: 1", tc.in}, read)
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
		header, err := ParseHeaders([]string{line}, func(string) ([]byte, error) { return []byte(file), nil })
		var e *Error
		if err != nil && !errors.As(err, &e) {
			t.Fatalf("%q: %T", line, err)
		}
		for name, values := range header {
			if strings.ContainsAny(name+strings.Join(values, ""), "\r\n\x00") || strings.ContainsAny(name, " :") || name == "" {
				t.Fatalf("%q gave %q", line, header)
			}
		}
	})
}
