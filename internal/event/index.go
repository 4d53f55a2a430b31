package event

import "errors"

// ErrNotObject says that a payload is not one JSON object (RFC 8259).
var ErrNotObject = errors.New("not a JSON object")

// maxMembers bounds the index: an object with more members is still checked
// whole, and look-ups beyond the index walk the payload.
const maxMembers = 128

// member is where one top-level member stands in the payload.
type member struct {
	key, keyEnd uint32 // the name between its quotes
	val, valEnd uint32 // the value, quotes included
	before      uint16 // scalars in front of the name
	until       uint16 // scalars up to the value's end
	escaped     bool   // the name holds a backslash
}

// index is where the top-level members of an object stand. Zero is ready.
type index struct {
	members []member
	moved   []int32 // how far a member is from there, by the scalars in front of it; nil: not at all
	named   bool    // there is a "$id"
	placed  bool    // there is an "instance_id"
	partial bool    // there are more than maxMembers
	lineEnd bool    // white space between the tokens holds CR or LF
	noting  bool    // scan notes the scalars
	scalars []span  // the strings, numbers and words, one more than maxHoles at most

	own   []member // members, where scan has found them
	stack []bool   // open containers below the top: true is an object
}

// span is a part of a payload.
type span struct{ start, end int }

// name returns a member's name as it stands between its quotes.
func (x *index) name(p []byte, m *member) []byte {
	d := x.shift(m.before)
	return p[int(m.key)+d : int(m.keyEnd)+d]
}

// value returns a member's value.
func (x *index) value(p []byte, m *member) []byte {
	return p[int(m.val)+x.shift(m.before) : int(m.valEnd)+x.shift(m.until)]
}

func (x *index) shift(scalars uint16) int {
	if x.moved == nil {
		return 0
	}
	return int(x.moved[scalars])
}

// scan checks that p is one JSON object and notes its top-level members: one
// pass for what would be two. Depth costs a byte a level, not a stack frame.
func (x *index) scan(p []byte) error {
	if x.own == nil {
		x.own = make([]member, 0, 16) // of events, most have fewer
	}
	x.own, x.scalars, x.stack = x.own[:0], x.scalars[:0], x.stack[:0]
	x.partial, x.lineEnd, x.moved = false, false, nil
	i := x.space(p, 0)
	if i >= len(p) || p[i] != '{' {
		return ErrNotObject
	}
	i = x.object(p, i+1)
	if i < 0 || x.space(p, i) != len(p) {
		return ErrNotObject
	}
	x.members = x.own
	_, x.named = x.get(p, "$id")
	_, x.placed = x.get(p, "instance_id")
	return nil
}

// object walks the members of the top-level object from behind its brace, and
// returns the place behind the closing one, or -1.
func (x *index) object(p []byte, i int) int {
	i = x.space(p, i)
	if i < len(p) && p[i] == '}' {
		return i + 1
	}
	for {
		key := i + 1
		end, escaped := nameEnd(p, i)
		if end < 0 {
			return -1
		}
		if i = x.colon(p, end); i < 0 {
			return -1
		}
		val, before := i, len(x.scalars)
		if i = x.valueEnd(p, i); i < 0 {
			return -1
		}
		x.note(member{uint32(key), uint32(end - 1), uint32(val), uint32(i), uint16(before), uint16(len(x.scalars)), escaped})
		if i = x.space(p, i); i >= len(p) {
			return -1
		}
		switch p[i] {
		case ',':
			i = x.space(p, i+1)
		case '}':
			return i + 1
		default:
			return -1
		}
	}
}

func (x *index) note(m member) {
	if len(x.own) == maxMembers {
		x.partial = true
		return
	}
	x.own = append(x.own, m)
}

// nameEnd returns the place behind the member name that starts at i, or -1, and
// whether there is a backslash in it.
func nameEnd(p []byte, i int) (end int, escaped bool) {
	if i >= len(p) || p[i] != '"' {
		return -1, false
	}
	return stringEnd(p, i+1)
}

// colon returns the place of the value behind the colon, or -1.
func (x *index) colon(p []byte, i int) int {
	i = x.space(p, i)
	if i >= len(p) || p[i] != ':' {
		return -1
	}
	return x.space(p, i+1)
}

// valueEnd returns the place behind the value at i, or -1.
func (x *index) valueEnd(p []byte, i int) int {
	if i >= len(p) {
		return -1
	}
	if p[i] == '{' || p[i] == '[' {
		return x.nested(p, i)
	}
	return x.scalar(p, i)
}

// scalar notes the string, number or word at i, and returns the place behind
// it, or -1.
func (x *index) scalar(p []byte, i int) int {
	end := scalarEnd(p, i)
	if x.noting && len(x.scalars) <= maxHoles {
		x.scalars = append(x.scalars, span{i, end})
	}
	return end
}

// nested walks the container at i and all below it without recursion.
func (x *index) nested(p []byte, i int) int {
	x.stack = x.stack[:0]
	opened := false // the last token opened a container
	for {
		if i >= len(p) {
			return -1
		}
		if c := p[i]; c == '{' || c == '[' {
			x.stack = append(x.stack, c == '{')
			i, opened = x.space(p, i+1), true
		} else {
			if i = x.scalar(p, i); i < 0 {
				return -1
			}
			i, opened = x.space(p, i), false
		}
		i = x.next(p, i, opened)
		if i < 0 || len(x.stack) == 0 {
			return i
		}
	}
}

// next goes from behind an opened container or a value to the next value,
// over closing brackets, a comma and a name. With an empty stack the returned
// place is the one behind the outermost container.
func (x *index) next(p []byte, i int, opened bool) int {
	for {
		if i >= len(p) {
			return -1
		}
		inObject := x.stack[len(x.stack)-1]
		switch c := p[i]; {
		case c == '}' && inObject, c == ']' && !inObject:
			x.stack = x.stack[:len(x.stack)-1]
			if len(x.stack) == 0 {
				return i + 1
			}
			i, opened = x.space(p, i+1), false
			continue
		case opened:
		case c == ',':
			i = x.space(p, i+1)
		default:
			return -1
		}
		if !inObject {
			return i
		}
		if i, _ = nameEnd(p, i); i < 0 {
			return -1
		}
		return x.colon(p, i)
	}
}

// space returns the first place from i on that is not white space.
func (x *index) space(p []byte, i int) int {
	for i < len(p) && p[i] <= ' ' {
		switch p[i] {
		case ' ', '\t':
		case '\n', '\r':
			x.lineEnd = true
		default:
			return i
		}
		i++
	}
	return i
}
