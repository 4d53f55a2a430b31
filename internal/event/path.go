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
	ref   *Path                     // the path below _ref
	head  string                    // first name of a path, if the index can find it
	rest  string                    // the path below head
	built bool                      // gjson may build the result, which is not in the payload
}

// special are the characters that make a part of a gjson path more than a name.
const special = `*?\|#@!{}[]()"`

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
	p := Path{text: text, built: strings.ContainsAny(text, "!{[@")}
	if p.built || strings.Contains(text, "|") {
		return p, nil
	}
	head, rest, below := strings.Cut(text, ".")
	if strings.HasPrefix(head, `\_`) {
		head = head[1:]
	}
	if head != "" && below == (rest != "") && !strings.HasPrefix(rest, ".") && !strings.ContainsAny(head, special) {
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

// parseComputed prepares the path of a computed field.
func parseComputed(text string) (Path, error) {
	name, rest, below := strings.Cut(text, ".")
	i := slices.IndexFunc(fields, func(f Field) bool { return f.Name == name })
	switch {
	case i < 0:
		return Path{}, unknownField(name)
	case !below:
		return Path{text: text, field: fields[i].of}, nil
	case name != "_ref":
		return Path{}, fmt.Errorf("computed field %s has no fields of its own", name)
	}
	ref, err := ParsePath(rest)
	return Path{text: text, ref: &ref}, err
}

// unknownField returns the error for a name that is not a computed field.
func unknownField(name string) error {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	if near := term.Nearest(name, names); near != "" {
		return fmt.Errorf("no computed field %q; did you mean %s?", name, near)
	}
	return fmt.Errorf(`no computed field %q; write \_ for the _ of a payload's key`, name)
}

// String returns the text that the path was made from.
func (p Path) String() string { return p.text }

// Of finds the field in an event. A result's strings are valid as long as the
// event. Computed fields, top-level members and names below them are found without
// allocation, except for strings with escapes. For other paths gjson walks the
// payload; the cost in time and memory is at most proportional to its size.
func (p *Path) Of(e *Event) gjson.Result {
	switch {
	case p.field != nil:
		return p.field(e)
	case p.ref != nil && e.Ref != nil:
		return p.ref.Of(e.Ref)
	case p.ref != nil || p.text == "":
		return gjson.Result{}
	case p.head == "":
		return p.get(view(e.Payload), p.text)
	case p.rest == "":
		value, ok := e.Member(p.head)
		if !ok {
			return gjson.Result{}
		}
		return parse(view(value))
	}
	for value := range e.index.All(p.head) { // use a later one if the first does not have the rest of the path
		if value[0] != '{' && value[0] != '[' {
			continue
		}
		if r := p.get(view(value), p.rest); r.Exists() {
			return r
		}
	}
	return gjson.Result{}
}

// get is gjson.Get without results that are not JSON. A literal (!x), a multipath
// or a modifier can build such results, which must not be printed as values.
func (p *Path) get(json, path string) gjson.Result {
	r := gjson.Get(json, path)
	if p.built && r.Raw != "" && !jsonraw.Valid(bytesOf(r.Raw)) {
		return gjson.Result{}
	}
	return r
}

// Get finds a field by its path. Path.Of is faster for many events. A path that
// ParsePath refuses finds nothing.
func (e *Event) Get(path string) gjson.Result {
	p, _ := ParsePath(path)
	return p.Of(e)
}

// Elements returns the elements of a result that is an array.
func Elements(r gjson.Result) iter.Seq[gjson.Result] {
	return func(yield func(gjson.Result) bool) { eachElement(r, yield) }
}

func eachElement(r gjson.Result, do func(gjson.Result) bool) {
	for value := range jsonraw.Elements(bytesOf(r.Raw)) {
		if !do(parse(view(value))) {
			return
		}
	}
}

// parse is gjson.Parse for a value whose end is known. It takes a third of the time.
func parse(raw string) gjson.Result {
	switch c := raw[0]; {
	case c == '"' && strings.IndexByte(raw, '\\') < 0:
		return gjson.Result{Type: gjson.String, Raw: raw, Str: raw[1 : len(raw)-1]}
	case c == '-' || c-'0' < 10:
		n, _ := jsonraw.Float(bytesOf(raw))
		return gjson.Result{Type: gjson.Number, Raw: raw, Num: n}
	case c == '{' || c == '[':
		return gjson.Result{Type: gjson.JSON, Raw: raw}
	}
	return gjson.Parse(raw)
}

// view returns b as a string without a copy. It is valid until b changes.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// bytesOf returns s as bytes without a copy. They must not be changed.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
