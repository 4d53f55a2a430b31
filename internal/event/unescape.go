package event

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// AppendUnescaped appends the text of a JSON string, given without its quotes
// and already checked, to dst (RFC 8259 section 7). Half a surrogate pair
// becomes U+FFFD.
func AppendUnescaped(dst, s []byte) []byte {
	for {
		i := bytes.IndexByte(s, '\\')
		if i < 0 || i+1 >= len(s) {
			return append(dst, s...)
		}
		dst = append(dst, s[:i]...)
		c := s[i+1]
		s = s[i+2:]
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			dst, s = appendUnicode(dst, s)
			continue
		}
		dst = append(dst, c)
	}
}

// appendUnicode appends the character whose four digits s starts with, and
// takes the second half of a surrogate pair with it.
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

// hex4 is the value of the four hexadecimal digits that p starts with, or -1.
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
