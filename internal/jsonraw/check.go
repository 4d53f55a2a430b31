package jsonraw

// checker checks JSON in one pass without recursion: depth costs a byte per
// level. Its buffers are reused from scan to scan.
type checker struct {
	x       Index  // of the current object
	noting  bool   // scan notes scalars
	scalars []span // the strings, numbers and words, at most one more than maxScalars
	stack   []bool // open containers: true is an object
}

// keepStack is the depth for which the stack is kept for the next scan.
const keepStack = 64 << 10

// span is a part of a payload.
type span struct{ start, end int }

// scan checks that p is one JSON object and indexes its top-level members.
func (c *checker) scan(p []byte, x *Index) error {
	if c.x.members == nil {
		c.x.members = make([]member, 0, 16) // of events, most have fewer
	}
	c.x = Index{data: p, names: p, members: c.x.members[:0], moved: unmoved}
	c.scalars = c.scalars[:0]
	if cap(c.stack) > keepStack {
		c.stack = nil
	}
	i := c.space(p, 0)
	if i >= len(p) || p[i] != '{' {
		return ErrNotObject
	}
	if i = c.value(p, i); i < 0 || c.space(p, i) != len(p) {
		return ErrNotObject
	}
	*x = c.x
	return nil
}

// Valid reports whether p is one JSON value, of any depth.
func Valid(p []byte) bool {
	c := checker{x: Index{walk: true}} // no members
	i := c.value(p, c.space(p, 0))
	return i >= 0 && c.space(p, i) == len(p)
}

// The functions below check the JSON at p[i:] and return the index after it, or -1
// if it is invalid.

// value checks a value and everything inside, and indexes the members of the
// outermost object.
func (c *checker) value(p []byte, i int) int {
	c.stack = c.stack[:0]
	for {
		if i >= len(p) {
			return -1
		}
		b := p[i]
		opened := b == '{' || b == '['
		if opened {
			c.stack = append(c.stack, b == '{')
			i++
		} else if i = c.scalar(p, i); i < 0 {
			return -1
		}
		if i = c.next(p, i, opened); i < 0 || len(c.stack) == 0 {
			return i
		}
	}
}

// scalar checks a string, number or word, and notes it.
func (c *checker) scalar(p []byte, i int) int {
	end := scalarEnd(p, i)
	if c.noting && len(c.scalars) <= maxScalars {
		c.scalars = append(c.scalars, span{i, end})
	}
	c.ended(end)
	return end
}

// next checks the tokens between values: closing brackets, a comma, and a name. It
// returns the index of the next value or, with an empty stack, the index after
// the outermost one. opened reports whether the last token opened a container.
func (c *checker) next(p []byte, i int, opened bool) int {
	for len(c.stack) > 0 {
		if i = c.space(p, i); i >= len(p) {
			return -1
		}
		inObject := c.stack[len(c.stack)-1]
		switch b := p[i]; {
		case b == '}' && inObject, b == ']' && !inObject:
			c.stack = c.stack[:len(c.stack)-1]
			i, opened = i+1, false
			c.ended(i)
			continue
		case opened:
		case b == ',':
			i = c.space(p, i+1)
		default:
			return -1
		}
		if inObject {
			return c.name(p, i)
		}
		return i
	}
	return i
}

// name checks the name of a member and the colon after it, and adds it to the
// index.
func (c *checker) name(p []byte, i int) int {
	if i >= len(p) || p[i] != '"' {
		return -1
	}
	end, escaped := stringEnd(p, i+1)
	if end < 0 {
		return -1
	}
	val := c.space(p, end)
	if val >= len(p) || p[val] != ':' {
		return -1
	}
	val = c.space(p, val+1)
	if len(c.stack) == 1 {
		c.x.walk = c.x.walk || escaped || len(c.x.members) == maxMembers
		if !c.x.walk {
			c.x.members = append(c.x.members, member{name: uint32(i + 1), nameEnd: uint32(end - 1), val: uint32(val)})
		}
	}
	return val
}

// ended completes the member that a value at i ends.
func (c *checker) ended(i int) {
	if len(c.stack) == 1 && !c.x.walk && len(c.x.members) > 0 {
		c.x.members[len(c.x.members)-1].valEnd = uint32(i)
	}
}

// space skips white space.
func (c *checker) space(p []byte, i int) int {
	for i < len(p) && p[i] <= ' ' {
		switch p[i] {
		case ' ', '\t':
		case '\n', '\r':
			c.x.lineEnd = true
		default:
			return i
		}
		i++
	}
	return i
}
