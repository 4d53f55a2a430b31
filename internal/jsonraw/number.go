package jsonraw

import (
	"math"
	"strconv"
	"strings"
)

// Float returns the number that a value is, infinite if it is out of range. raw
// is part of JSON that was checked. ok is false if it is not a number.
func Float(raw []byte) (n float64, ok bool) {
	if len(raw) == 0 || raw[0] != '-' && raw[0]-'0' > 9 {
		return 0, false
	}
	n, _ = strconv.ParseFloat(view(raw), 64) // the only error left is the range
	return n, true
}

// ParseFloat is Float for any text. ok is false if it is not a number by
// RFC 8259 section 6.
func ParseFloat(s string) (n float64, ok bool) {
	raw := bytesOf(s)
	if s == "" || s[0] != '-' && s[0]-'0' > 9 || numberEnd(raw, 0) != len(s) {
		return 0, false
	}
	return Float(raw)
}

// Number returns the number that a checked value is or, if it is a string,
// holds: some servers send numbers as strings. ok is false if there is none, or if
// it is out of range.
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

// CompareNumbers compares two numbers and returns -1, 0 or 1. Integers compare
// exactly, however large and in whatever form; other numbers compare as float64.
// Both must be numbers by RFC 8259.
func CompareNumbers(a, b string) int {
	x, _ := ParseFloat(a)
	y, _ := ParseFloat(b)
	switch {
	case x < y: // rounding keeps the order, so this is exact
		return -1
	case x > y:
		return 1
	case math.Abs(x) < exactBelow:
		return 0
	}
	order := compareDigits(a, b)
	if x < 0 {
		return -order
	}
	return order
}

// compareDigits compares the sizes of two numbers that are not zero, digit by
// digit and without a sign.
func compareDigits(a, b string) int {
	x, y := decimalOf(a), decimalOf(b)
	if x.exponent != y.exponent {
		if x.exponent < y.exponent {
			return -1
		}
		return 1
	}
	// Zeros at the end do not change a number with a point in front.
	return strings.Compare(strings.TrimRight(x.digits, "0"), strings.TrimRight(y.digits, "0"))
}

// decimal is a number as 0.digits × 10^exponent. The first digit is not 0.
type decimal struct {
	digits   string
	exponent int
}

// decimalOf splits a number that is not zero. It ignores the sign.
func decimalOf(s string) (d decimal) {
	mantissa, exponent := strings.TrimPrefix(s, "-"), ""
	if i := strings.IndexAny(mantissa, "eE"); i >= 0 {
		mantissa, exponent = mantissa[:i], mantissa[i+1:]
	}
	d.exponent, _ = strconv.Atoi(exponent) // out of range: the largest int
	const limit = math.MaxInt / 2          // leaves space for the digits
	d.exponent = max(-limit, min(d.exponent, limit))
	integer, fraction, _ := strings.Cut(mantissa, ".")
	all := integer + fraction
	d.digits = strings.TrimLeft(all, "0")
	d.exponent += len(integer) - (len(all) - len(d.digits))
	return d
}
