package format

import "bytes"

// imageSize is how many bytes a base64 image decodes to (RFC 4648 section 4),
// told from its length: a raw JSON string, perhaps with a "data:…;base64,"
// prefix, padding, white space and JSON escapes. 45 KB cost about 2 µs. What is
// no string has no size.
func imageSize(raw []byte, scratch *[]byte) (size int, ok bool) {
	if !isString(raw) {
		return 0, false
	}
	s := unquoted(raw, scratch)
	spaces := " \r\n\t"
	if len(s) == len(raw)-2 { // without an escape there is no other
		spaces = " "
	}
	if len(s) >= 5 && bytes.EqualFold(s[:5], []byte("data:")) {
		s = s[bytes.IndexByte(s, ',')+1:]
	}
	s = bytes.TrimRight(s, "= \r\n\t")
	n := len(s)
	for _, space := range []byte(spaces) {
		n -= bytes.Count(s, []byte{space})
	}
	return n * 6 / 8, true
}
