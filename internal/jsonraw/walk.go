package jsonraw

import (
	"bytes"
	"iter"
	"math"
	"strconv"
)

// Members returns the members of an object that was checked: the name as it was
// sent, without its quotes, and the value. A value that is no object has none.
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

// Elements returns the elements of an array that was checked. A value that is
// no array has none.
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

// open is the place of the first thing in a container that starts with c.
func open(p []byte, c byte) int {
	if len(p) == 0 || p[0] != c {
		return len(p)
	}
	return skip(p, 1)
}

// skip returns the first place from i on that is not white space.
func skip(p []byte, i int) int {
	for i < len(p) && p[i] <= ' ' {
		i++
	}
	return i
}

// valueEnd returns the place behind the value at i.
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

// Get returns the value of the first member of that name in an object that was
// checked. A value that is no object has none.
func Get(object []byte, name string) (value []byte, ok bool) {
	eachMember(object, func(is, raw []byte) bool {
		if isName(is, name) {
			value, ok = raw, true
		}
		return !ok
	})
	return value, ok
}

// isName reports whether a member's name, as it was sent, is that name.
func isName(sent []byte, name string) bool {
	escaped := bytes.IndexByte(sent, '\\') >= 0
	return !escaped && string(sent) == name || escaped && string(AppendUnescaped(nil, sent)) == name
}

// Float is the number that raw is by RFC 8259 section 6, infinite where it is
// beyond all bounds. ok is false where it is none.
func Float(raw []byte) (n float64, ok bool) {
	if len(raw) == 0 || raw[0] != '-' && raw[0]-'0' > 9 || numberEnd(raw, 0) != len(raw) {
		return 0, false
	}
	return float(raw), true
}

// Number returns the number that raw is or, in a string, holds: older servers
// send numbers as strings. ok is false if there is none, or if it is beyond all
// bounds.
func Number(raw []byte) (n float64, ok bool) {
	if len(raw) > 1 && raw[0] == '"' {
		raw = raw[1 : len(raw)-1]
	}
	n, ok = Float(raw)
	return n, ok && !math.IsInf(n, 0)
}

// exactly are the powers of ten that a float64 holds exactly.
var exactly = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// float is the value of a number that was checked. Nearly all have so few
// digits that these and the power of ten below them are exact, and one
// division rounds as it should (Clinger, How to Read Floating Point Numbers
// Accurately, 1990); that takes a third of the time of strconv.
func float(raw []byte) float64 {
	var digits uint64
	point, i := len(raw), 0
	if raw[0] == '-' {
		i++
	}
	if len(raw) > len(exactly) {
		return parsed(raw)
	}
	for i < len(raw) {
		if i+8 <= len(raw) {
			if w := word(raw, i) ^ ones*'0'; ((w&^highs)+ones*(0x80-10)|w)&highs == 0 {
				digits, i = digits*1e8+eight(w), i+8
				continue
			}
		}
		switch c := raw[i]; {
		case c-'0' < 10:
			digits = digits*10 + uint64(c-'0')
		case c == '.':
			point = i + 1
		default:
			return parsed(raw)
		}
		i++
	}
	if digits >= 1<<53 {
		return parsed(raw)
	}
	n := float64(digits) / exactly[len(raw)-point]
	if raw[0] == '-' {
		return -n
	}
	return n
}

// eight is the number of eight digits, the first one lowest, by putting
// together two, four and eight of them.
func eight(w uint64) uint64 {
	w = w*10 + w>>8
	w = (w & 0x00ff00ff00ff00ff) * (1 + 100<<16) >> 16
	return (w & 0x0000ffff0000ffff) * (1 + 10000<<32) >> 32
}

func parsed(raw []byte) float64 {
	n, _ := strconv.ParseFloat(string(raw), 64) // beyond all bounds: infinite
	return n
}
