package event

import (
	"strings"
	"unsafe"

	"github.com/rtev/rtev/internal/jsonraw"
	"github.com/tidwall/gjson"
)

// Path is a gjson path or the name of a computed field, made ready once so
// that looking it up in an event costs little. Zero finds nothing. Safe for
// concurrent use.
type Path struct {
	text  string
	field field    // a computed field, or nil
	head  string   // first component, found in the index; "" when gjson must walk the payload
	rest  string   // what is looked up below head
	names []string // of rest, where it is nothing but names
	ref   *Path    // below _ref
	made  bool     // may find a text that stands in the path, not in the payload
}

// special are the characters that make a first component more than a name:
// https://github.com/tidwall/gjson/blob/master/SYNTAX.md
const special = `*?\|#@!{}[]()"`

// ParsePath makes a path ready. Every text is a path; one that fits nothing
// finds nothing.
func ParsePath(text string) Path {
	p := Path{text: text, made: strings.ContainsAny(text, "!{[@")}
	head, rest, below := strings.Cut(text, ".")
	if f, ok := fields[text]; ok {
		p.field = f
		return p
	}
	if head == "_ref" {
		ref := ParsePath(rest)
		p.ref = &ref
		return p
	}
	if head != "" && below == (rest != "") && !strings.ContainsAny(head, special) {
		p.head, p.rest = head, rest
		if !strings.ContainsAny(rest, special) && !strings.Contains("."+rest+".", "..") {
			p.names = strings.Split(rest, ".")
		}
	}
	return p
}

// String returns the text that the path was made from.
func (p Path) String() string { return p.text }

// Of looks the path up. The result's strings are valid as long as the event.
// A computed field, a top-level member and a plain path below one allocate
// nothing, except for a string with escapes.
func (p *Path) Of(e *Event) gjson.Result {
	switch {
	case p.field != nil:
		return p.field(e)
	case p.ref != nil:
		if e.Ref == nil {
			return gjson.Result{}
		}
		return p.ref.Of(e.Ref)
	case p.head == "":
		if p.text == "" {
			return gjson.Result{}
		}
		return p.get(view(e.Payload), p.text)
	}
	raw, ok := e.Member(p.head)
	switch {
	case !ok:
		return gjson.Result{}
	case p.rest == "":
		return parse(view(raw))
	case raw[0] != '{' && raw[0] != '[':
		return gjson.Result{}
	}
	if p.names == nil {
		return p.get(view(raw), p.rest)
	}
	below, ok := descend(raw, p.names)
	switch {
	case ok:
		return parse(view(below))
	case len(p.names) == 1 && raw[0] == '{':
		return gjson.Result{}
	}
	return p.get(view(raw), p.rest)
}

// descend goes down from object to object: for a number of a location two thirds
// of gjson's price. ok is false where it finds nothing: with an array on the
// way, or where a name stands twice, gjson may.
func descend(raw []byte, names []string) (below []byte, ok bool) {
	for _, name := range names {
		if raw, ok = jsonraw.Get(raw, name); !ok {
			return nil, false
		}
	}
	return raw, true
}

// get is gjson.Get, but a literal (!x), a selection ({a,b}) or a modifier
// that makes a text which is no JSON finds nothing: who prints a number's
// text as it stands may trust it.
func (p *Path) get(json, path string) gjson.Result {
	r := gjson.Get(json, path)
	if p.made && r.Raw != "" && !gjson.Valid(r.Raw) {
		return gjson.Result{}
	}
	return r
}

// Get looks up a gjson path or a computed field. Path.Of costs less where the
// same path is looked up in many events.
func (e *Event) Get(path string) gjson.Result {
	p := ParsePath(path)
	return p.Of(e)
}

// Has tells whether the payload has a top-level member of that name.
func (e *Event) Has(name string) bool {
	_, ok := e.Member(name)
	return ok
}

// Member returns a top-level member's value as it stands in the payload.
func (e *Event) Member(name string) (raw []byte, ok bool) { return e.index.Get(name) }

// EachMember calls do for each top-level member in the order of the payload,
// with the name as it stands between its quotes, until do returns false.
func (e *Event) EachMember(do func(name, raw []byte) bool) {
	e.index.Members(do)
}

func (e *Event) member(name string) gjson.Result {
	raw, ok := e.Member(name)
	if !ok {
		return gjson.Result{}
	}
	return parse(view(raw))
}

// parse is gjson.Parse without its search for the value's ends, which are
// known here: a third of the time for strings and numbers.
func parse(raw string) gjson.Result {
	switch c := raw[0]; {
	case c == '"' && strings.IndexByte(raw, '\\') < 0:
		return gjson.Result{Type: gjson.String, Raw: raw, Str: raw[1 : len(raw)-1]}
	case c == '-' || c-'0' < 10:
		num, _ := jsonraw.Float(bytesOf(raw))
		return gjson.Result{Type: gjson.Number, Raw: raw, Num: num}
	case c == '{' || c == '[':
		return gjson.Result{Type: gjson.JSON, Raw: raw}
	}
	return gjson.Parse(raw)
}

// view is b as a string without a copy, valid as long as b is left alone.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// bytesOf is s as bytes without a copy, which nobody may change.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
