package filter

import (
	"fmt"
	"strings"
)

// String returns the expression in a standard form that means the same to Parse:
// how it was understood.
func (x *Expr) String() string { return standard(x.root) }

func standard(n node) string {
	switch n := n.(type) {
	case and:
		return joinedBy(n, " && ")
	case or:
		return joinedBy(n, " || ")
	case not:
		if c, ok := n.part.(*condition); ok && c.op != "" {
			return "!(" + standard(c) + ")"
		}
		return "!" + partOf(n.part)
	case *condition:
		if c := n; c.op != "" {
			return c.path.String() + " " + c.op + " " + standardValue(c.want)
		}
		return n.path.String()
	}
	panic(fmt.Sprintf("%T", n))
}

func joinedBy(parts []node, op string) string {
	var texts []string
	for _, part := range parts {
		texts = append(texts, partOf(part))
	}
	return strings.Join(texts, op)
}

// partOf returns a part of a larger expression, in parentheses if it is joined
// from parts itself.
func partOf(n node) string {
	switch n.(type) {
	case and, or:
		return "(" + standard(n) + ")"
	}
	return standard(n)
}

func standardValue(v value) string {
	if v.kind != text {
		return v.text
	}
	out := []byte{'"'}
	for _, c := range []byte(v.text) {
		switch {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c < ' ' || c == 0x7f:
			out = fmt.Appendf(out, `\u%04x`, c)
		default:
			out = append(out, c)
		}
	}
	return string(append(out, '"'))
}
