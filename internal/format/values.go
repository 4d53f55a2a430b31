package format

import (
	"bytes"

	"github.com/rtev/rtev/internal/jsonraw"
)

func isString(raw []byte) bool { return len(raw) > 0 && raw[0] == '"' }

// present reports whether a value is there and neither null nor "".
func present(raw []byte) bool {
	return len(raw) > 0 && raw[0] != 'n' && string(raw) != `""`
}

// imageSize returns how many bytes a base64 image decodes to (RFC 4648 section
// 4), from the length of its text: a JSON string, perhaps with a
// "data:…;base64," prefix, padding, white space and JSON escapes. 45 KB take
// about 2 µs. Other values have no size.
func imageSize(raw []byte, scratch *[]byte) (size int, ok bool) {
	if !isString(raw) {
		return 0, false
	}
	s := jsonraw.Text(raw, scratch)
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
