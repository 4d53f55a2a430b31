package format

import (
	"bytes"
	"strconv"

	"github.com/rtev/rtev/internal/event"
)

// The payload was checked when it became an event: what follows walks JSON
// that is known to be valid.

// skipSpace returns the first place from i on that is not white space.
func skipSpace(p []byte, i int) int {
	for i < len(p) && p[i] <= ' ' {
		i++
	}
	return i
}

// stringEnd returns the place behind the string whose quote stands at i.
func stringEnd(p []byte, i int) int {
	for i++; i < len(p); i++ {
		switch p[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return len(p)
}

// valueEnd returns the place behind the value at i.
func valueEnd(p []byte, i int) int {
	depth := 0
	for i < len(p) {
		switch p[i] {
		case '"':
			i = stringEnd(p, i)
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
			i++
		case ',', ':', ' ', '\t':
			i++
			continue
		default:
			for i < len(p) && p[i] > ' ' && p[i] != ',' && p[i] != '}' && p[i] != ']' {
				i++
			}
		}
		if depth == 0 {
			return i
		}
	}
	return len(p)
}

// eachField calls do for the members of an object, with the name as it stands
// between its quotes. A value that is no object has none.
func eachField(object []byte, do func(name, raw []byte)) {
	if len(object) == 0 || object[0] != '{' {
		return
	}
	for i := skipSpace(object, 1); i < len(object) && object[i] == '"'; {
		keyEnd := stringEnd(object, i)
		name := object[i+1 : keyEnd-1]
		i = skipSpace(object, skipSpace(object, keyEnd)+1)
		end := valueEnd(object, i)
		do(name, object[i:end])
		i = skipSpace(object, skipSpace(object, end)+1)
	}
}

// eachElement calls do for the elements of an array. A value that is no array
// has none.
func eachElement(array []byte, do func(raw []byte)) {
	if len(array) == 0 || array[0] != '[' {
		return
	}
	for i := skipSpace(array, 1); i < len(array) && array[i] != ']'; {
		end := valueEnd(array, i)
		do(array[i:end])
		i = skipSpace(array, skipSpace(array, end)+1)
	}
}

func isString(raw []byte) bool { return len(raw) > 0 && raw[0] == '"' }

// given tells whether a value is there and neither null nor the empty string.
func given(raw []byte) bool {
	return len(raw) > 0 && raw[0] != 'n' && string(raw) != `""`
}

// unquoted is the text of a string, in scratch where it holds escapes, and of
// any other value the value as it stands.
func unquoted(raw []byte, scratch *[]byte) []byte {
	if !isString(raw) {
		return raw
	}
	s := raw[1 : len(raw)-1]
	if bytes.IndexByte(s, '\\') < 0 {
		return s
	}
	*scratch = event.AppendUnescaped(kept(*scratch), s)
	return *scratch
}

// number is a value as a number: a JSON number, or a string that holds one.
func number(raw []byte) (n float64, ok bool) {
	if isString(raw) {
		raw = raw[1 : len(raw)-1]
	}
	if len(raw) == 0 || raw[0] != '-' && raw[0]-'0' > 9 {
		return 0, false
	}
	for _, c := range raw { // no hexadecimal numbers, no infinities by name
		if c-'0' > 9 && c != '.' && c != '-' && c != '+' && c|0x20 != 'e' {
			return 0, false
		}
	}
	n, err := strconv.ParseFloat(string(raw), 64)
	return n, err == nil
}
