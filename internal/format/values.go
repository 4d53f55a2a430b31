package format

import (
	"bytes"
	"math"

	"github.com/rtev/rtev/internal/jsonraw"
)

func isString(raw []byte) bool { return len(raw) > 0 && raw[0] == '"' }

// present reports whether a value is there and neither null nor "".
func present(raw []byte) bool {
	return len(raw) > 0 && raw[0] != 'n' && string(raw) != `""`
}

// unquoted returns the text of a string, in scratch if it has escapes, and any
// other value as it is.
func unquoted(raw []byte, scratch *[]byte) []byte {
	if !isString(raw) {
		return raw
	}
	s := raw[1 : len(raw)-1]
	if bytes.IndexByte(s, '\\') < 0 {
		return s
	}
	*scratch = jsonraw.AppendUnescaped(reuse(*scratch), s)
	return *scratch
}

// number returns a value as a number: a JSON number, or a string that holds one.
func number(raw []byte) (n float64, ok bool) {
	if isString(raw) {
		raw = raw[1 : len(raw)-1]
	}
	n, ok = jsonraw.Float(raw)
	return n, ok && !math.IsInf(n, 0)
}

// imageSize returns how many bytes a base64 image decodes to (RFC 4648 section
// 4), from the length of its text: a JSON string, perhaps with a
// "data:…;base64," prefix, padding, white space and JSON escapes. 45 KB take
// about 2 µs. Other values have no size.
func imageSize(raw []byte, scratch *[]byte) (size int, ok bool) {
	if !isString(raw) {
		return 0, false
	}
	s := unquoted(raw, scratch)
	spaces := " \r\n\t"
	if len(s) == len(raw)-2 { // without an escape there is no other white space
		spaces = " "
	}
	if len(s) >= 5 && bytes.EqualFold(s[:5], []byte("data:")) {
		s = s[bytes.IndexByte(s, ',')+1:]
	}
	s = bytes.TrimRight(s, "= \r\n\t")
	n := len(s)
	for i := range spaces {
		n -= bytes.Count(s, []byte{spaces[i]})
	}
	return n * 6 / 8, true
}
