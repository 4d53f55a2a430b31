package event

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
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
		dst, s = appendEscape(append(dst, s[:i]...), s[i+1:])
	}
}

// appendEscape appends the character of the escape that s starts with, behind
// its backslash, and returns what comes behind it.
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

// appendString checks the string whose text starts at i, appends what it
// stands for, and returns the place behind its closing quote, or -1. JSON in a
// string is checked and unescaped in one pass by it: most escapes are quotes,
// a few bytes apart, so that it copies eight bytes at a time, also those that
// the next ones overwrite.
func appendString(dst, p []byte, i int) (out []byte, end int) {
	dst = slices.Grow(dst, len(p)-i)
	to, n := dst[len(dst):cap(dst)], 0
	for i+9 <= len(p) {
		w := word(p, i)
		binary.LittleEndian.PutUint64(to[n:], w)
		hit := stops(w)
		if hit == 0 {
			i, n = i+8, n+8
			continue
		}
		plain := bits.TrailingZeros64(hit) >> 3
		if i, n = i+plain, n+plain; p[i] != '\\' || p[i+1] != '"' {
			break
		}
		to[n] = '"'
		i, n = i+2, n+1
	}
	dst = dst[:len(dst)+n]
	end, escaped := stringEnd(p, i)
	switch {
	case end < 0:
		return dst, -1
	case escaped:
		return AppendUnescaped(dst, p[i:end-1]), end
	}
	return append(dst, p[i:end-1]...), end
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
