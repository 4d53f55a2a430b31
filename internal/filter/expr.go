// Package filter tells whether an event is wanted: by its type (Types) and by
// its fields (Expr).
package filter

import "github.com/rtev/rtev/internal/event"

// Expr is a field expression, made ready. Safe for concurrent use.
type Expr struct{ root node }

// Match tells whether the event satisfies the expression. It allocates nothing
// where the fields are scalars without escapes and the paths are plain.
func (x *Expr) Match(ev *event.Event) bool { return x.root.match(ev) }

// String returns the expression in one form of its own, which Parse takes and
// which means the same.
func (x *Expr) String() string { return string(x.root.append(nil)) }

// node is a part of an expression that is true or false of an event.
type node interface {
	match(*event.Event) bool
	append(dst []byte) []byte
}

// all is its parts joined by &&, some by ||; two or more of them.
type (
	all  []node
	some []node
	not  struct{ part node }
)

func (n all) match(ev *event.Event) bool {
	for _, part := range n {
		if !part.match(ev) {
			return false
		}
	}
	return true
}

func (n some) match(ev *event.Event) bool {
	for _, part := range n {
		if part.match(ev) {
			return true
		}
	}
	return false
}

func (n not) match(ev *event.Event) bool { return !n.part.match(ev) }

func (n all) append(dst []byte) []byte  { return appendJoined(dst, n, " && ") }
func (n some) append(dst []byte) []byte { return appendJoined(dst, n, " || ") }

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

// appendPart appends a part of a larger whole, in parentheses where it is
// joined of parts itself.
func appendPart(dst []byte, part node) []byte {
	switch part.(type) {
	case all, some:
		return append(part.append(append(dst, '(')), ')')
	}
	return part.append(dst)
}

// condition is PATH OP VALUE, or PATH alone: then op is empty.
type condition struct {
	path event.Path
	op   string
	want value
	test func(value) bool
}

// match looks the field up. Of an array it is enough that one element fits.
func (c *condition) match(ev *event.Event) bool {
	r := c.path.Of(ev)
	if !r.IsArray() {
		return r.Exists() && c.test(scalar(r.Type.String(), r.Num, r.Str, r.Raw))
	}
	for rest := r.Raw[1:]; rest != ""; {
		var elem string
		if elem, rest = element(rest); elem != "" && c.test(parseValue(elem)) {
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
