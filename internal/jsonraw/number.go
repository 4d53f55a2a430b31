package jsonraw

import (
	"cmp"
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Float returns the number raw, which is infinite if it is out of range. raw is
// part of checked JSON. ok is false if raw is not a number.
func Float(raw []byte) (n float64, ok bool) {
	if len(raw) == 0 || raw[0] != '-' && raw[0]-'0' > 9 {
		return 0, false
	}
	if whole, ok := wholeOf(raw); ok {
		return float64(whole), true
	}
	n, _ = strconv.ParseFloat(view(raw), 64) // the only possible error is the range
	return n, true
}

// wholeOf returns the value of up to 15 digits, which a float64 holds exactly. For
// whole numbers, such as times, it takes a fifth of strconv's time.
func wholeOf(raw []byte) (n int64, ok bool) {
	for _, c := range raw {
		if c-'0' > 9 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, len(raw) <= 15
}

// ParseFloat is like Float for unchecked text. ok is false if the text is not a
// number by RFC 8259 section 6.
func ParseFloat(s string) (n float64, ok bool) {
	raw := bytesOf(s)
	if s == "" || s[0] != '-' && s[0]-'0' > 9 || numberEnd(raw, 0) != len(s) {
		return 0, false
	}
	return Float(raw)
}

// Number returns the value of a number, or of a string that holds one, because some
// servers send numbers as strings. The value was checked. ok is false if it is not a
// number or out of range.
func Number(raw []byte) (n float64, ok bool) {
	if len(raw) > 1 && raw[0] == '"' {
		n, ok = ParseFloat(view(raw[1 : len(raw)-1]))
	} else {
		n, ok = Float(raw)
	}
	return n, ok && !math.IsInf(n, 0)
}

// exactBelow is the size below which a float64 holds every integer: 2^53.
const exactBelow = 1 << 53

// Numbers of more characters, or more digits in their exponent, compare as
// float64: an exact comparison would cost too much.
const (
	maxExact    = 1000
	maxExponent = 4
)

// CompareNumbers compares two numbers and returns -1, 0 or 1. Integers of up to a
// thousand digits compare exactly, in whatever form they are written; other numbers
// compare as float64. Both must be numbers by RFC 8259.
func CompareNumbers(a, b string) int {
	x, _ := ParseFloat(a)
	y, _ := ParseFloat(b)
	if order := cmp.Compare(x, y); order != 0 || math.Abs(x) < exactBelow { // rounding keeps the order
		return order
	}
	p, ok1 := exact(a)
	q, ok2 := exact(b)
	if !ok1 || !ok2 {
		return 0
	}
	return p.Cmp(q)
}

// exact returns a number with all its digits, if it is not too long.
func exact(s string) (n *big.Rat, ok bool) {
	_, exponent, _ := strings.Cut(strings.ToLower(s), "e")
	if len(s) > maxExact || len(strings.TrimLeft(exponent, "+-")) > maxExponent {
		return nil, false
	}
	return new(big.Rat).SetString(s)
}
