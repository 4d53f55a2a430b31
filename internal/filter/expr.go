// Package filter decides whether an event is wanted: by its type (Types) and by
// its fields (Expr).
package filter

import "github.com/rtev/rtev/internal/event"

// Expr is a field expression. Safe for concurrent use.
type Expr struct{ root node }

// Match reports whether the event satisfies the expression. It allocates nothing
// if the paths are plain and the fields are scalars without escapes.
func (x *Expr) Match(ev *event.Event) bool { return x.root.match(ev) }

// String returns the expression in a standard form that means the same to Parse.
func (x *Expr) String() string { return string(x.root.append(nil)) }

// node is a part of an expression that is true or false for an event.
type node interface {
	match(*event.Event) bool
	append(dst []byte) []byte
}

// and, or and not join other nodes; and and or have two or more.
type (
	and []node
	or  []node
	not struct{ part node }
)

func (n and) match(ev *event.Event) bool {
	for _, part := range n {
		if !part.match(ev) {
			return false
		}
	}
	return true
}

func (n or) match(ev *event.Event) bool {
	for _, part := range n {
		if part.match(ev) {
			return true
		}
	}
	return false
}

func (n not) match(ev *event.Event) bool { return !n.part.match(ev) }

func (n and) append(dst []byte) []byte { return appendJoined(dst, n, " && ") }
func (n or) append(dst []byte) []byte  { return appendJoined(dst, n, " || ") }

func (n not) append(dst []byte) []byte {
	dst = append(dst, '!')
	if c, ok := n.part.(*condition); ok && c.op != "" {
		return append(c.append(append(dst, '(')), ')')
	}
	return appendPart(dst, n.part)
}

func appendJoined(dst []byte, parts []node, op string) []byte {
	for i, part := range parts {
		if i > 0 {
			dst = append(dst, op...)
		}
		dst = appendPart(dst, part)
	}
	return dst
}

// appendPart appends a part of a larger expression, in parentheses if it is
// joined from parts itself.
func appendPart(dst []byte, part node) []byte {
	switch part.(type) {
	case and, or:
		return append(part.append(append(dst, '(')), ')')
	}
	return part.append(dst)
}

// condition is PATH OP VALUE, or PATH alone with an empty op.
type condition struct {
	path event.Path
	op   string
	want value
	test func(value) bool
}

// match tests the field. Of an array, one element has to satisfy the condition.
func (c *condition) match(ev *event.Event) bool {
	r := c.path.Of(ev)
	if !r.IsArray() {
		return r.Exists() && c.test(fieldValue(r.Type.String(), r.Num, r.Str, r.Raw))
	}
	for r := range event.Elements(r) {
		if c.test(fieldValue(r.Type.String(), r.Num, r.Str, r.Raw)) {
			return true
		}
	}
	return false
}

func (c *condition) append(dst []byte) []byte {
	dst = append(dst, c.path.String()...)
	if c.op == "" {
		return dst
	}
	dst = append(append(append(dst, ' '), c.op...), ' ')
	return c.want.append(dst)
}
