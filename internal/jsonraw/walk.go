package jsonraw

import (
	"bytes"
	"iter"

	"github.com/tidwall/gjson"
)

// Members returns the members of a checked object: the name as it was sent, without
// its quotes, and the value. A value that is not an object has none.
func Members(object []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		if r := gjson.Parse(view(object)); r.IsObject() {
			r.ForEach(func(name, value gjson.Result) bool {
				return yield(bytesOf(name.Raw[1:len(name.Raw)-1]), bytesOf(value.Raw))
			})
		}
	}
}

// Elements returns the elements of a checked array. A value that is not an array has
// none.
func Elements(array []byte) iter.Seq[[]byte] {
	return func(yield func(value []byte) bool) {
		if r := gjson.Parse(view(array)); r.IsArray() {
			r.ForEach(func(_, value gjson.Result) bool { return yield(bytesOf(value.Raw)) })
		}
	}
}

// Get returns the value of the first member with that name in a checked object. A
// value that is not an object has none.
func Get(object []byte, name string) (value []byte, ok bool) {
	for is, value := range Members(object) {
		if isName(is, name) {
			return value, true
		}
	}
	return nil, false
}

// isName reports whether a member's name, as it was sent, equals name.
func isName(sent []byte, name string) bool {
	escaped := bytes.IndexByte(sent, '\\') >= 0
	return !escaped && string(sent) == name || escaped && string(AppendUnescaped(nil, sent)) == name
}
