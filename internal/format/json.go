package format

import (
	"bytes"
	"math"

	"github.com/rtev/rtev/internal/event"
)

func isString(raw []byte) bool { return len(raw) > 0 && raw[0] == '"' }

// given tells whether a value is there and neither null nor the empty string.
func given(raw []byte) bool {
	return len(raw) > 0 && raw[0] != 'n' && string(raw) != `""`
}

// unquoted is the text of a string, in scratch where it holds escapes, and of
// any other value the value as it stands.
func unquoted(raw []byte, scratch *[]byte) []byte {
	if !isString(raw) {
		return raw
	}
	s := raw[1 : len(raw)-1]
	if bytes.IndexByte(s, '\\') < 0 {
		return s
	}
	*scratch = event.AppendUnescaped(kept(*scratch), s)
	return *scratch
}

// number is a value as a number: a JSON number, or a string that holds one.
func number(raw []byte) (n float64, ok bool) {
	if isString(raw) {
		raw = raw[1 : len(raw)-1]
	}
	n, ok = event.Float(raw)
	return n, ok && !math.IsInf(n, 0)
}
