package event

import (
	"fmt"
	"iter"
	"slices"
	"strings"
	"unsafe"

	"github.com/rtev/rtev/internal/jsonraw"
	"github.com/rtev/rtev/internal/term"
	"github.com/tidwall/gjson"
)

// Path finds a field of an event: a computed field, or the result of a gjson path
// (https://github.com/tidwall/gjson/blob/master/SYNTAX.md). The zero Path finds
// nothing. A Path is safe for concurrent use.
type Path struct {
	text  string
	field func(*Event) gjson.Result // of a computed field
	head  string                    // first name of a path, if the index can find it
	rest  string                    // the path below head
}

// ParsePath parses a path. A name that starts with "_" must be a computed field;
// "\_name" reads a member of the payload. The error names an unknown computed field
// with the nearest known one, or a part of a gjson path that a payload could make
// very expensive.
func ParsePath(text string) (Path, error) {
	if strings.HasPrefix(text, "_") {
		return parseComputed(text)
	}
	if err := checkCost(text); err != nil {
		return Path{}, err
	}
	p := Path{text: text}
	head, rest, below := strings.Cut(text, ".")
	if strings.HasPrefix(head, `\_`) {
		head = head[1:]
	}
	special := strings.ContainsAny(text, "!{[@|") || strings.ContainsAny(head, `*?\#()"`)
	if head != "" && below == (rest != "") && !strings.HasPrefix(rest, ".") && !special {
		p.head, p.rest = head, rest
	}
	return p, nil
}

// MustPath is like ParsePath but panics on an error. It is for constant paths.
func MustPath(text string) Path {
	p, err := ParsePath(text)
	if err != nil {
		panic(err)
	}
	return p
}

// parseComputed parses the path of a computed field, or one below _ref.
func parseComputed(text string) (Path, error) {
	if rest, ok := strings.CutPrefix(text, "_ref."); ok {
		ref, err := ParsePath(rest)
		return Path{text: text, field: func(e *Event) gjson.Result { return ref.Of(e.Ref) }}, err
	}
	if i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == text }); i >= 0 {
		return Path{text: text, field: fields[i].of}, nil
	}
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	hint := `write \_ for the _ of a payload's key`
	if near := term.Nearest(text, names); near != "" {
		hint = "did you mean " + near + "?"
	}
	return Path{}, fmt.Errorf("no computed field %q; %s", text, hint)
}

// String returns the text that the path was made from.
func (p Path) String() string { return p.text }

// Of finds the field in an event, nothing in nil. A result's strings are valid as long as the
// event. Computed fields, top-level members and names below them are found without
// allocation, except for strings with escapes. For other paths gjson walks the
// payload; the cost in time and memory is at most proportional to its size.
func (p *Path) Of(e *Event) gjson.Result {
	switch {
	case e == nil || p.text == "":
		return gjson.Result{}
	case p.field != nil:
		return p.field(e)
	case p.head == "":
		r := gjson.Get(view(e.Payload), p.text)
		if r.Raw != "" && !jsonraw.Valid(bytesOf(r.Raw)) { // a literal (!x) or a modifier can build such results
			return gjson.Result{}
		}
		return r
	case p.rest == "":
		value, ok := e.Member(p.head)
		if !ok {
			return gjson.Result{}
		}
		return gjson.Parse(view(value))
	}
	for value := range e.index.All(p.head) { // the first in which the rest exists, as in gjson
		if value[0] == '{' || value[0] == '[' {
			if r := gjson.Get(view(value), p.rest); r.Exists() {
				return r
			}
		}
	}
	return gjson.Result{}
}

// Get finds a field by its path. Path.Of is faster for many events. A path that
// ParsePath refuses finds nothing.
func (e *Event) Get(path string) gjson.Result {
	p, _ := ParsePath(path)
	return p.Of(e)
}

// Elements returns the elements of a result that is an array.
func Elements(r gjson.Result) iter.Seq[gjson.Result] {
	return func(yield func(gjson.Result) bool) {
		for value := range jsonraw.Elements(bytesOf(r.Raw)) {
			if !yield(gjson.Parse(view(value))) {
				return
			}
		}
	}
}

// view returns b as a string without a copy. It is valid until b changes.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// bytesOf returns s as bytes without a copy. They must not be changed.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
