package jsonraw

import (
	"errors"
	"iter"
)

// ErrNotObject means that a payload is not one JSON object (RFC 8259).
var ErrNotObject = errors.New("not a JSON object")

// maxMembers bounds the index. Look-ups walk an object with more members.
const maxMembers = 128

// Index finds the top-level members of one JSON object. The zero Index is an
// object without members. It refers to the bytes that were scanned, and to its
// Scanner if it has one: it is valid until either changes.
type Index struct {
	data    []byte
	names   []byte // with the names of the members
	members []member
	moved   []uint32 // offsets of values from the positions in members
	walk    bool     // look-ups walk the object: it has too many members, or names with escapes
	lineEnd bool     // white space between the tokens holds CR or LF
}

// member says where one top-level member is.
type member struct {
	name, nameEnd  uint32 // in Index.names, without the quotes
	val, valEnd    uint32 // in Index.data, quotes included, less what moved says
	before, within uint32 // which of moved applies to val and to valEnd
}

// unmoved is Index.moved of an object that was scanned itself.
var unmoved = []uint32{0}

// Scan checks that p is one JSON object, of any depth, and indexes its top-level
// members. If it is not, Scan returns ErrNotObject, and the Index must not be used
// before the next successful Scan.
func (x *Index) Scan(p []byte) error {
	var c checker
	return c.scan(p, x)
}

// HasLineEnd reports whether there is a CR or LF between the tokens of the object.
func (x *Index) HasLineEnd() bool { return x.lineEnd }

// Get returns the value of the first member with that name, as it was sent.
func (x *Index) Get(name string) (value []byte, ok bool) {
	if x.walk {
		return Get(x.data, name)
	}
	for i := range x.members {
		m := &x.members[i]
		if int(m.nameEnd-m.name) == len(name) && string(x.names[m.name:m.nameEnd]) == name {
			return x.value(m), true
		}
	}
	return nil, false
}

// All returns the values of all members with that name, in the order of the object.
func (x *Index) All(name string) iter.Seq[[]byte] {
	return func(yield func(value []byte) bool) {
		x.Members(func(is, value []byte) bool { return !isName(is, name) || yield(value) })
	}
}

// Members calls do for each member in the order of the object, with the name as
// it was sent, without its quotes, until do returns false.
func (x *Index) Members(do func(name, value []byte) bool) {
	if x.walk {
		Members(x.data)(do)
		return
	}
	for i := range x.members {
		m := &x.members[i]
		if !do(x.names[m.name:m.nameEnd], x.value(m)) {
			return
		}
	}
}

func (x *Index) value(m *member) []byte {
	return x.data[m.val+x.moved[m.before] : m.valEnd+x.moved[m.within]]
}
