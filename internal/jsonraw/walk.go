package jsonraw

import (
	"bytes"
	"iter"
)

// Members returns the members of a checked object: the name as it was sent, without
// its quotes, and the value. A value that is not an object has none.
func Members(object []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) { eachMember(object, yield) }
}

func eachMember(object []byte, do func(name, value []byte) bool) {
	for i := open(object, '{'); i < len(object) && object[i] == '"'; {
		nameEnd, _ := stringEnd(object, i+1)
		name := object[i+1 : nameEnd-1]
		i = skip(object, skip(object, nameEnd)+1)
		end := valueEnd(object, i)
		if !do(name, object[i:end]) {
			return
		}
		i = skip(object, skip(object, end)+1)
	}
}

// Elements returns the elements of a checked array. A value that is not an array has
// none.
func Elements(array []byte) iter.Seq[[]byte] {
	return func(yield func(value []byte) bool) { eachElement(array, yield) }
}

func eachElement(array []byte, do func(value []byte) bool) {
	for i := open(array, '['); i < len(array) && array[i] != ']'; {
		end := valueEnd(array, i)
		if !do(array[i:end]) {
			return
		}
		i = skip(array, skip(array, end)+1)
	}
}

// open returns the index of the first token in a container that starts with c.
func open(p []byte, c byte) int {
	if len(p) == 0 || p[0] != c {
		return len(p)
	}
	return skip(p, 1)
}

// skip returns the first index from i on that is not white space.
func skip(p []byte, i int) int {
	for i < len(p) && p[i] <= ' ' {
		i++
	}
	return i
}

// valueEnd returns the index after the value at i.
func valueEnd(p []byte, i int) int {
	if p[i] != '{' && p[i] != '[' {
		return scalarEnd(p, i)
	}
	for depth := 0; i < len(p); i++ {
		switch p[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"':
			end, _ := stringEnd(p, i+1)
			i = end - 1
		}
	}
	return len(p)
}

// Get returns the value of the first member with that name in a checked object. A
// value that is not an object has none.
func Get(object []byte, name string) (value []byte, ok bool) {
	eachMember(object, func(is, raw []byte) bool {
		if isName(is, name) {
			value, ok = raw, true
		}
		return !ok
	})
	return value, ok
}

// isName reports whether a member's name, as it was sent, equals name.
func isName(sent []byte, name string) bool {
	escaped := bytes.IndexByte(sent, '\\') >= 0
	return !escaped && string(sent) == name || escaped && string(AppendUnescaped(nil, sent)) == name
}
