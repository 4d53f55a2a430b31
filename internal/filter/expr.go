// Package filter decides whether an event is wanted: by its type (Types) and by
// its fields (Expr).
package filter

import "github.com/rtev/rtev/internal/event"

// Expr is a field expression. It is safe for concurrent use.
type Expr struct{ root node }

// Match reports whether the event satisfies the expression. It allocates nothing
// if the paths are plain and the fields are scalars without escapes.
func (x *Expr) Match(ev *event.Event) bool { return x.root.match(ev) }

// node is a part of an expression that is true or false for an event.
type node interface{ match(*event.Event) bool }

// and, or and not combine other nodes; and and or have at least two.
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

// condition is PATH OP VALUE, or PATH alone with an empty op.
type condition struct {
	path event.Path
	op   string
	want value
	test func(value) bool
}

// match tests the field. If it is an array, one element has to satisfy the condition.
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
