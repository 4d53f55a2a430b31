package jsonraw

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"

	"github.com/tidwall/gjson"
)

// escaped maps the letter of an escape to its character.
var escaped = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// AppendUnescaped appends the text of a JSON string to dst (RFC 8259 section 7).
// s is the checked string without its quotes. Half of a surrogate pair becomes
// U+FFFD.
func AppendUnescaped(dst, s []byte) []byte {
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 || i+1 >= len(s) {
			return append(dst, s...)
		}
		dst = append(dst, s[:i]...)
		c := s[i+1]
		s = s[i+2:]
		if c == 'u' {
			r, size := unicodeEscape(s)
			dst, s = utf8.AppendRune(dst, r), s[size:]
			continue
		}
		dst = append(dst, escaped[c])
	}
}

// unicodeEscape returns the character whose four digits s starts with, and the
// size of its escape after the first \u, with that of a second half of a pair.
func unicodeEscape(s []byte) (r rune, size int) {
	r = hex4(s)
	if r < 0 {
		return utf8.RuneError, 0
	}
	if !utf16.IsSurrogate(r) {
		return r, 4
	}
	low, ok := bytes.CutPrefix(s[4:], []byte(`\u`))
	if both := utf16.DecodeRune(r, hex4(low)); ok && both != utf8.RuneError {
		return both, 4 + len(`\u`) + 4
	}
	return utf8.RuneError, 4
}

// hex4 returns the value of the four hexadecimal digits that p starts with, or -1.
func hex4(p []byte) rune {
	if len(p) < 4 {
		return -1
	}
	n, err := strconv.ParseUint(view(p[:4]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(n)
}

// Text returns the text of a string, or any other value as it was sent. It decodes a
// string with escapes into *scratch, which it may grow. The result is valid until
// *scratch changes.
func Text(raw []byte, scratch *[]byte) []byte {
	if len(raw) == 0 || raw[0] != '"' {
		return raw
	}
	s := raw[1 : len(raw)-1]
	if bytes.IndexByte(s, '\\') < 0 {
		return s
	}
	*scratch = AppendUnescaped((*scratch)[:0], s)
	return *scratch
}

// AppendQuoted appends s to dst as a JSON string (RFC 8259 section 7), with
// one U+FFFD for a run of bytes that are not UTF-8.
func AppendQuoted(dst []byte, s string) []byte {
	return gjson.AppendJSONString(dst, strings.ToValidUTF8(s, "\uFFFD"))
}

// view returns b as a string without a copy. It is valid until b changes.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// bytesOf returns s as bytes without a copy. They must not be changed.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
