package jsonraw

import (
	"bytes"
	"slices"
)

// checker checks JSON in one pass without recursion: depth costs a byte per
// level. Its buffers are reused from scan to scan.
type checker struct {
	x       Index  // of the current object
	scalars []span // the strings, numbers and words, at most one more than maxScalars
	stack   []bool // open containers: true is an object
}

// span is a part of a payload.
type span struct{ start, end int }

// scan checks that p is one JSON object and indexes its top-level members.
func (c *checker) scan(p []byte, x *Index) error {
	members := slices.Grow(c.x.members[:0], 16) // of events, most have fewer
	c.x = Index{data: p, names: p, members: members, moved: unmoved}
	c.scalars = c.scalars[:0]
	if cap(c.stack) > keepBuffer {
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

// value checks a value and everything inside, notes its scalars, and indexes the
// members of the outermost object.
func (c *checker) value(p []byte, i int) int {
	c.stack = c.stack[:0]
	for i >= 0 && i < len(p) {
		start, opened := i, p[i] == '{' || p[i] == '['
		if opened {
			c.stack = append(c.stack, p[i] == '{')
			i++
		} else if i = scalarEnd(p, i); i < 0 {
			return -1
		} else {
			c.ended(i)
			if len(c.scalars) <= maxScalars {
				c.scalars = append(c.scalars, span{start, i})
			}
		}
		if i = c.next(p, i, opened); len(c.stack) == 0 {
			return i
		}
	}
	return -1
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
		case b == ',' && !opened:
			i = c.space(p, i+1)
		case !opened:
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
	end := stringEnd(p, i+1)
	if end < 0 {
		return -1
	}
	val := c.space(p, end)
	if val >= len(p) || p[val] != ':' {
		return -1
	}
	val = c.space(p, val+1)
	if len(c.stack) == 1 {
		c.x.walk = c.x.walk || len(c.x.members) == maxMembers || bytes.IndexByte(p[i:end], '\\') >= 0
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
	for ; i < len(p) && p[i] <= ' '; i++ {
		switch p[i] {
		case ' ', '\t':
		case '\n', '\r':
			c.x.lineEnd = true
		default:
			return i
		}
	}
	return i
}
