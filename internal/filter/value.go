package filter

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/rtev/rtev/internal/jsonraw"
)

// kind is what a value is.
type kind uint8

const (
	text kind = iota // a string; also an object, as its JSON
	number
	boolean // num is 1 or 0
	null
)

// value is one side of a comparison.
type value struct {
	kind kind
	num  float64
	text string // as it was written; of a number it may be empty
}

// scalar is a field's value, given as the parts of a gjson.Result.
func scalar(typ string, num float64, str, raw string) value {
	switch typ {
	case "String":
		return value{text, 0, str}
	case "Number":
		return value{number, num, raw}
	}
	return parseValue(raw)
}

// parseValue is the value that a checked piece of JSON stands for.
func parseValue(raw string) value {
	switch c := raw[0]; {
	case c == '"':
		s := raw[1 : len(raw)-1]
		if strings.IndexByte(s, '\\') >= 0 {
			s = string(jsonraw.AppendUnescaped(nil, []byte(s)))
		}
		return value{text, 0, s}
	case c == '-' || c-'0' < 10:
		n, _ := strconv.ParseFloat(raw, 64) // out of range: infinite
		return value{number, n, raw}
	case raw == "true", raw == "false", raw == "null":
		return word(raw)
	}
	return value{text, 0, raw}
}

// word is the value of true, false or null.
func word(s string) value {
	switch s {
	case "true":
		return value{boolean, 1, s}
	case "false":
		return value{boolean, 0, s}
	}
	return value{null, 0, s}
}

// element cuts the first element off what stands behind the bracket or a comma
// of a checked array. Empty: there is none.
func element(s string) (elem, rest string) {
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[', c == '{':
			depth++
		case depth == 0 && c == ',':
			return strings.TrimSpace(s[:i]), s[i+1:]
		case depth == 0 && c == ']':
			return strings.TrimSpace(s[:i]), ""
		case c == ']', c == '}':
			depth--
		}
	}
	return "", ""
}

// numeric is the number that a text holds, written as in JSON, or with a + or
// without a digit before or behind the point. "007", "0x10" and "inf" are none.
// Too large a number is infinite.
func numeric(s string) (float64, bool) {
	rest := unsigned(s)
	whole := digits(rest)
	if whole > 1 && rest[0] == '0' {
		return 0, false
	}
	rest = rest[whole:]
	fraction := 0
	if strings.HasPrefix(rest, ".") {
		fraction = digits(rest[1:])
		rest = rest[1+fraction:]
	}
	if whole+fraction == 0 {
		return 0, false
	}
	if rest != "" && rest[0]|0x20 == 'e' {
		rest = unsigned(rest[1:])
		exponent := digits(rest)
		if exponent == 0 {
			return 0, false
		}
		rest = rest[exponent:]
	}
	if rest != "" {
		return 0, false
	}
	n, _ := strconv.ParseFloat(s, 64)
	return n, true
}

func unsigned(s string) string {
	if s != "" && (s[0] == '-' || s[0] == '+') {
		return s[1:]
	}
	return s
}

// digits is how many digits s starts with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n]-'0' < 10 {
		n++
	}
	return n
}

// number is v as a number, where it is or holds one.
func (v value) number() (float64, bool) {
	switch v.kind {
	case text:
		return numeric(v.text)
	case null:
		return 0, false
	}
	return v.num, true
}

// str is v as a text; null has none.
func (v value) str() (string, bool) {
	if v.kind == number && v.text == "" {
		return strconv.FormatFloat(v.num, 'f', -1, 64), true
	}
	return v.text, v.kind != null
}

// truth tells whether v counts as true: not false, null, 0 or "".
func truth(v value) bool {
	if v.kind == text {
		return v.text != ""
	}
	return v.num != 0
}

// order compares a field with a wanted value: as numbers where one of them is
// a number and the other is or holds one (true is 1, false is 0), else as
// texts. ok is false where the two cannot be compared.
func order(v, want value) (c int, ok bool) {
	switch {
	case v.kind == null || want.kind == null:
		return 0, v.kind == want.kind
	case v.kind == number || want.kind == number:
		a, ok1 := v.number()
		b, ok2 := want.number()
		return cmp.Compare(a, b), ok1 && ok2
	}
	return strings.Compare(v.text, want.text), true
}

// append appends v as Parse reads it.
func (v value) append(dst []byte) []byte {
	if v.kind != text {
		return append(dst, v.text...)
	}
	dst = append(dst, '"')
	for _, c := range []byte(v.text) {
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ' || c == 0x7f:
			dst = fmt.Appendf(dst, `\u%04x`, c)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}
