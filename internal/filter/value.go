package filter

import (
	"cmp"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/rtev/rtev/internal/jsonraw"
)

// kind is the kind of a value.
type kind uint8

const (
	text    kind = iota // a string; also an object, as its JSON
	number              // text is as in JSON, or "" if computed
	boolean             // num is 1 or 0
	null
)

// value is one side of a comparison.
type value struct {
	kind kind
	num  float64
	text string
}

// fieldValue returns the value of a field, given as the parts of a gjson.Result.
func fieldValue(typ string, num float64, str, raw string) value {
	switch typ {
	case "String":
		return value{text, 0, str}
	case "Number":
		return value{number, num, raw}
	case "True", "False", "Null":
		return word(raw)
	}
	return value{text, 0, raw}
}

// word returns the value of true, false or null.
func word(s string) value {
	switch s {
	case "true":
		return value{boolean, 1, s}
	case "false":
		return value{boolean, 0, s}
	}
	return value{null, 0, s}
}

// literal returns the value of a bare word in an expression. A
// number may have a + in front, and no digit before or after its point.
func literal(s string) value {
	if s == "true" || s == "false" || s == "null" {
		return word(s)
	}
	full := strings.TrimPrefix(s, "+")
	sign := ""
	if strings.HasPrefix(full, "-") {
		sign, full = "-", full[1:]
	}
	if before, after, ok := strings.Cut(full, "."); ok && before+after != "" {
		if before == "" {
			before = "0"
		}
		if after == "" || after[0]|0x20 == 'e' {
			after = "0" + after
		}
		full = before + "." + after
	}
	if n, ok := jsonraw.ParseFloat(sign + full); ok {
		return value{number, n, sign + full}
	}
	return value{text, 0, s}
}

// asNumber returns v as a number if it is or holds one. Its text is as in JSON.
func (v value) asNumber() (n value, ok bool) {
	switch v.kind {
	case number, boolean:
		return v, true
	case text:
		v.text = strings.TrimPrefix(v.text, "+")
		v.num, ok = jsonraw.ParseFloat(v.text)
	}
	return v, ok
}

// asText returns the text of v. null has none.
func (v value) asText() (s string, ok bool) {
	if v.kind == number && v.text == "" {
		return strconv.FormatFloat(v.num, 'f', -1, 64), true
	}
	return v.text, v.kind != null
}

// isTrue reports whether v counts as true: it is not false, null, 0 or "".
func isTrue(v value) bool {
	if v.kind == text {
		return v.text != ""
	}
	return v.num != 0
}

// compare compares a field with a wanted value: as numbers if one of them is a
// number and the other is or holds one (true is 1, false is 0), else as texts.
// ok is false if they cannot be compared.
func compare(v, want value) (c int, ok bool) {
	if v.kind == null || want.kind == null {
		return 0, v.kind == want.kind
	}
	if v.kind != number && want.kind != number {
		return strings.Compare(v.text, want.text), true
	}
	a, ok1 := v.asNumber()
	b, ok2 := want.asNumber()
	c = cmp.Compare(a.num, b.num)
	if c == 0 && math.Abs(a.num) >= 1<<53 { // a float64 holds every smaller integer
		c = compareExactly(a.text, b.text)
	}
	return c, ok1 && ok2
}

// compareExactly compares two numbers, integers among them in whatever form they are
// written. Numbers of more than a thousand characters count as equal: their
// comparison would cost too much.
func compareExactly(a, b string) int {
	const maxLen, bits = 1000, 4096
	if max(len(a), len(b)) > maxLen {
		return 0
	}
	x, _, err1 := big.ParseFloat(a, 10, bits, big.ToNearestEven)
	y, _, err2 := big.ParseFloat(b, 10, bits, big.ToNearestEven)
	if err1 != nil || err2 != nil { // exponents beyond all bounds
		return 0
	}
	return x.Cmp(y)
}
