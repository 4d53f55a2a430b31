package jsonraw

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// AppendUnescaped appends the text of a JSON string to dst (RFC 8259 section 7).
// s is the checked string without its quotes. Half of a surrogate pair becomes
// U+FFFD.
func AppendUnescaped(dst, s []byte) []byte {
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 || i+1 >= len(s) {
			return append(dst, s...)
		}
		dst, s = appendEscape(append(dst, s[:i]...), s[i+1:])
	}
}

// appendEscape appends the character of an escape, which s starts with after its
// backslash, and returns the rest of s.
func appendEscape(dst, s []byte) (out, rest []byte) {
	switch c := s[0]; c {
	case 'b':
		dst = append(dst, '\b')
	case 'f':
		dst = append(dst, '\f')
	case 'n':
		dst = append(dst, '\n')
	case 'r':
		dst = append(dst, '\r')
	case 't':
		dst = append(dst, '\t')
	case 'u':
		return appendUnicode(dst, s[1:])
	default:
		dst = append(dst, c)
	}
	return dst, s[1:]
}

// appendUnicode appends the character whose four digits s starts with, with the
// second half of a surrogate pair, and returns the rest of s.
func appendUnicode(dst, s []byte) (out, rest []byte) {
	r := hex4(s)
	if r < 0 {
		return utf8.AppendRune(dst, utf8.RuneError), s
	}
	s = s[4:]
	if utf16.IsSurrogate(r) {
		low := rune(-1)
		if len(s) >= 6 && s[0] == '\\' && s[1] == 'u' {
			low = hex4(s[2:])
		}
		if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
			s = s[6:]
		}
	}
	return utf8.AppendRune(dst, r), s
}

// hex4 returns the value of the four hexadecimal digits that p starts with, or -1.
func hex4(p []byte) rune {
	if len(p) < 4 {
		return -1
	}
	var r rune
	for _, c := range p[:4] {
		switch {
		case c-'0' < 10:
			c -= '0'
		case c|0x20-'a' < 6:
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		r = r<<4 | rune(c)
	}
	return r
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
	dst = append(dst, '"')
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r >= ' ' && !strings.ContainsRune("<>&\u2028\u2029", r):
			dst = utf8.AppendRune(dst, r)
		default:
			dst = appendControl(dst, r)
		}
	}
	return append(dst, '"')
}

// appendControl appends the escape of a character.
func appendControl(dst []byte, r rune) []byte {
	if i := strings.IndexRune("\b\f\n\r\t", r); i >= 0 {
		return append(dst, '\\', "bfnrt"[i])
	}
	const hex = "0123456789abcdef"
	return append(dst, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
