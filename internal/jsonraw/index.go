package jsonraw

import (
	"errors"
	"iter"
)

// ErrNotObject says that a payload is not one JSON object (RFC 8259).
var ErrNotObject = errors.New("not a JSON object")

// maxMembers bounds the index. An object with more members is still checked
// as a whole, and look-ups of the others walk it.
const maxMembers = 128

// Index finds the top-level members of one JSON object. The zero Index is an
// object without members. It refers to the bytes that were scanned and is valid
// as long as they are. Not safe for use while it scans.
type Index struct {
	data    []byte
	members []member
	partial bool // there are more than maxMembers
	lineEnd bool // white space between the tokens holds CR or LF
}

// member says where one top-level member is in the object.
type member struct {
	key, keyEnd uint32 // the name without its quotes
	val, valEnd uint32 // the value, quotes included
	escaped     bool   // the name holds a backslash
}

// Scan checks that p is one JSON object, however deep, and indexes its
// top-level members. If it is not, Scan returns ErrNotObject and the Index must
// not be used before the next successful Scan.
func (x *Index) Scan(p []byte) error {
	var c checker
	return c.scan(p, x)
}

// Len returns the number of indexed members, at most 128.
func (x *Index) Len() int { return len(x.members) }

// HasLineEnd reports whether there is a CR or LF between the tokens of the
// object.
func (x *Index) HasLineEnd() bool { return x.lineEnd }

// Get returns the value of the first member of that name, as it was sent.
func (x *Index) Get(name string) (value []byte, ok bool) {
	for i := range x.members {
		if m := &x.members[i]; x.named(m, name) {
			return x.data[m.val:m.valEnd], true
		}
	}
	if x.partial {
		return Get(x.data[skip(x.data, 0):], name)
	}
	return nil, false
}

// All returns the values of all members of that name, in the order of the
// object.
func (x *Index) All(name string) iter.Seq[[]byte] {
	return func(yield func(value []byte) bool) { x.all(name, yield) }
}

func (x *Index) all(name string, do func(value []byte) bool) {
	if x.partial {
		eachMember(x.data[skip(x.data, 0):], func(is, value []byte) bool { return !isName(is, name) || do(value) })
		return
	}
	for i := range x.members {
		if m := &x.members[i]; x.named(m, name) && !do(x.data[m.val:m.valEnd]) {
			return
		}
	}
}

// named reports whether a member has that name.
func (x *Index) named(m *member, name string) bool {
	if m.escaped {
		return isName(x.data[m.key:m.keyEnd], name)
	}
	return int(m.keyEnd-m.key) == len(name) && string(x.data[m.key:m.keyEnd]) == name
}

// Members calls do for each member in the order of the object, with the name as
// it was sent, without its quotes, until do returns false.
func (x *Index) Members(do func(name, value []byte) bool) {
	if x.partial {
		eachMember(x.data[skip(x.data, 0):], do)
		return
	}
	for i := range x.members {
		m := &x.members[i]
		if !do(x.data[m.key:m.keyEnd], x.data[m.val:m.valEnd]) {
			return
		}
	}
}
