package jsonraw

import (
	"math"
	"strconv"
)

// ParseFloat returns the number in a text, which is infinite if it is out of range.
// ok is false if the text is not a number by RFC 8259 section 6.
func ParseFloat(s string) (n float64, ok bool) {
	if whole, ok := wholeOf(s); ok {
		return whole, true
	}
	if s == "" || s[0] != '-' && s[0]-'0' > 9 || numberEnd(bytesOf(s), 0) != len(s) {
		return 0, false
	}
	n, _ = strconv.ParseFloat(s, 64) // the only possible error is the range
	return n, true
}

// wholeOf returns the value of up to 15 digits, of which the first is not 0, and
// which a float64 holds exactly. For whole numbers, such as times, it takes a fifth
// of strconv's time.
func wholeOf(s string) (n float64, ok bool) {
	whole := int64(0)
	for i := range len(s) {
		if s[i]-'0' > 9 {
			return 0, false
		}
		whole = whole*10 + int64(s[i]-'0')
	}
	return float64(whole), len(s) <= 15 && s != "" && s[0] != '0'
}

// Number returns the value of a number, or of a string that holds one, because some
// servers send numbers as strings. ok is false if it is not a number or out of range.
func Number(raw []byte) (n float64, ok bool) {
	if len(raw) > 1 && raw[0] == '"' {
		raw = raw[1 : len(raw)-1]
	}
	n, ok = ParseFloat(view(raw))
	return n, ok && !math.IsInf(n, 0)
}
