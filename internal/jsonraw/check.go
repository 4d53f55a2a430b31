package jsonraw

// checker checks JSON in one pass without recursion: depth costs a byte per
// level. Its buffers are reused from scan to scan.
type checker struct {
	noting  bool   // scan notes scalars
	scalars []span // the strings, numbers and words, at most one more than maxScalars
	stack   []bool // open containers below the top: true is an object
	members []member
	walk    bool // as in Index
	lineEnd bool
}

// keepStack is the depth for which the stack is kept for the next scan.
const keepStack = 64 << 10

// span is a part of a payload.
type span struct{ start, end int }

// scan checks that p is one JSON object and indexes its top-level members.
func (c *checker) scan(p []byte, x *Index) error {
	if c.members == nil {
		c.members = make([]member, 0, 16) // of events, most have fewer
	}
	c.members, c.scalars, c.walk, c.lineEnd = c.members[:0], c.scalars[:0], false, false
	if cap(c.stack) > keepStack {
		c.stack = nil
	}
	i := c.space(p, 0)
	if i >= len(p) || p[i] != '{' {
		return ErrNotObject
	}
	i = c.object(p, i+1)
	if i < 0 || c.space(p, i) != len(p) {
		return ErrNotObject
	}
	*x = Index{data: p, names: p, members: c.members, moved: unmoved, walk: c.walk, lineEnd: c.lineEnd}
	return nil
}

// Valid reports whether p is one JSON value, however deep.
func Valid(p []byte) bool {
	var c checker
	i := c.valueEnd(p, c.space(p, 0))
	return i >= 0 && c.space(p, i) == len(p)
}

// The functions below check what is at p[i:] and return the index after it, or -1
// if it is not JSON.

// object checks the top-level object after its opening brace, and indexes its
// members.
func (c *checker) object(p []byte, i int) int {
	i = c.space(p, i)
	if i < len(p) && p[i] == '}' {
		return i + 1
	}
	for {
		name := i + 1
		end, escaped := nameEnd(p, i)
		if end < 0 {
			return -1
		}
		if i = c.colon(p, end); i < 0 {
			return -1
		}
		val := i
		if i = c.valueEnd(p, i); i < 0 {
			return -1
		}
		c.walk = c.walk || escaped || len(c.members) == maxMembers
		if !c.walk {
			c.members = append(c.members, member{name: uint32(name), nameEnd: uint32(end - 1), val: uint32(val), valEnd: uint32(i)})
		}
		if i = c.space(p, i); i >= len(p) {
			return -1
		}
		switch p[i] {
		case ',':
			i = c.space(p, i+1)
		case '}':
			return i + 1
		default:
			return -1
		}
	}
}

// nameEnd checks the name of a member. escaped reports whether it holds a
// backslash.
func nameEnd(p []byte, i int) (end int, escaped bool) {
	if i >= len(p) || p[i] != '"' {
		return -1, false
	}
	return stringEnd(p, i+1)
}

// colon checks a colon with the white space around it.
func (c *checker) colon(p []byte, i int) int {
	i = c.space(p, i)
	if i >= len(p) || p[i] != ':' {
		return -1
	}
	return c.space(p, i+1)
}

// valueEnd checks a value.
func (c *checker) valueEnd(p []byte, i int) int {
	if i >= len(p) {
		return -1
	}
	if p[i] == '{' || p[i] == '[' {
		return c.nested(p, i)
	}
	return c.scalar(p, i)
}

// scalar checks a string, number or word, and notes it.
func (c *checker) scalar(p []byte, i int) int {
	end := scalarEnd(p, i)
	if c.noting && len(c.scalars) <= maxScalars {
		c.scalars = append(c.scalars, span{i, end})
	}
	return end
}

// nested checks an object or array and everything inside, without recursion.
func (c *checker) nested(p []byte, i int) int {
	c.stack = c.stack[:0]
	opened := false // the last token opened a container
	for {
		if i >= len(p) {
			return -1
		}
		if b := p[i]; b == '{' || b == '[' {
			c.stack = append(c.stack, b == '{')
			i, opened = c.space(p, i+1), true
		} else {
			if i = c.scalar(p, i); i < 0 {
				return -1
			}
			i, opened = c.space(p, i), false
		}
		i = c.next(p, i, opened)
		if i < 0 || len(c.stack) == 0 {
			return i
		}
	}
}

// next checks what is between values: closing brackets, a comma, and a name. It
// returns the index of the next value or, with an empty stack, the index after
// the outermost container. opened reports whether the last token opened one.
func (c *checker) next(p []byte, i int, opened bool) int {
	for {
		if i >= len(p) {
			return -1
		}
		inObject := c.stack[len(c.stack)-1]
		switch b := p[i]; {
		case b == '}' && inObject, b == ']' && !inObject:
			c.stack = c.stack[:len(c.stack)-1]
			if len(c.stack) == 0 {
				return i + 1
			}
			i, opened = c.space(p, i+1), false
			continue
		case opened:
		case b == ',':
			i = c.space(p, i+1)
		default:
			return -1
		}
		if !inObject {
			return i
		}
		if i, _ = nameEnd(p, i); i < 0 {
			return -1
		}
		return c.colon(p, i)
	}
}

// space skips white space.
func (c *checker) space(p []byte, i int) int {
	for i < len(p) && p[i] <= ' ' {
		switch p[i] {
		case ' ', '\t':
		case '\n', '\r':
			c.lineEnd = true
		default:
			return i
		}
		i++
	}
	return i
}
