package stats

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"sync"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
	"github.com/rtev/rtev/internal/term"
)

// Limits of what Fields remembers, and of what it looks at in one event.
const (
	maxFieldTypes  = 256
	maxTypePaths   = 500     // of one type
	maxPaths       = 20_000  // of all types
	maxPath        = 200     // bytes
	maxFieldDepth  = 16      // levels
	maxFieldValues = 10_000  // values below one top-level member
	maxFieldBytes  = 1 << 20 // of one top-level member
	longText       = 120     // bytes; of a longer string only the size is shown
)

// Fields lists which fields arrive: for each type the paths that occurred, of
// which JSON type, in how many events, with an example. It is an event.Sink for
// any number of chains; all methods are safe for concurrent use.
type Fields struct {
	mu    sync.Mutex
	types map[string]*fieldType
	paths int
}

// fieldType holds the paths of one type.
type fieldType struct {
	name   string
	events uint64
	paths  map[string]*fieldInfo
	more   bool // there were more paths, or deeper ones, than the limits allow
}

// fieldInfo is what is known of one path.
type fieldInfo struct {
	path    string
	events  uint64 // that have it
	last    uint64 // the number, within its type, of the last event that has it
	kinds   [kinds]uint64
	example string
}

// jsonKind is a JSON type.
type jsonKind uint8

const (
	isString jsonKind = iota
	isNumber
	isBool
	isObject
	isArray
	isNull
	kinds
)

// String returns the name of the JSON type.
func (k jsonKind) String() string {
	return [...]string{"string", "number", "boolean", "object", "array", "null"}[k]
}

// NewFields returns an empty list.
func NewFields() *Fields { return &Fields{types: map[string]*fieldType{}} }

// Put looks at all members of the event. It never fails.
func (f *Fields) Put(ev *event.Event) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.typeOf(ev.Type)
	t.events++
	ev.EachMember(func(name, raw []byte) bool {
		w := fieldWalk{f: f, t: t, left: maxFieldValues}
		w.member(pathOf(string(jsonraw.AppendUnescaped(nil, name))), string(name) == "image", raw)
		return true
	})
	return nil
}

// Flush does nothing.
func (f *Fields) Flush() error { return nil }

func (f *Fields) typeOf(name string) *fieldType {
	t := f.types[cut(name)]
	if t == nil {
		name = nameOf(name)
		if len(f.types) >= maxFieldTypes {
			name = other
		}
		if t = f.types[name]; t == nil {
			t = &fieldType{name: name, paths: map[string]*fieldInfo{}}
			f.types[name] = t
		}
	}
	return t
}

// note counts a value at a path.
func (f *Fields) note(t *fieldType, path string, k jsonKind, example string) {
	p := t.paths[path]
	if p == nil {
		if len(path) > maxPath || len(t.paths) >= maxTypePaths || f.paths >= maxPaths {
			t.more = true
			return
		}
		path = strings.Clone(path)
		p = &fieldInfo{path: path}
		t.paths[path] = p
		f.paths++
	}
	if p.last != t.events {
		p.last = t.events
		p.events++
	}
	p.kinds[k]++
	if p.example == "" {
		p.example = example
	}
}

// pathOf returns a name as -w and -c take it.
func pathOf(name string) string {
	const special = `.*?\|#@!{}[]()"`
	if !strings.ContainsAny(name, special) {
		return name
	}
	var b strings.Builder
	for _, r := range name {
		if strings.ContainsRune(special, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// fieldWalk visits the values of one member, as far as the limits allow.
type fieldWalk struct {
	f    *Fields
	t    *fieldType
	dec  *json.Decoder
	left int // values
}

// errLimit ends a walk at a limit.
var errLimit = errors.New("limit reached")

// member visits a top-level member. Of a picture and of other long strings it
// takes the size alone.
func (w *fieldWalk) member(path string, picture bool, raw []byte) {
	switch c := raw[0]; {
	case c == '"' && (picture || len(raw) > longText):
		w.f.note(w.t, path, isString, sizeOf(len(raw)-2))
		return
	case (c == '{' || c == '[') && len(raw) > maxFieldBytes:
		w.f.note(w.t, path, containerKind(json.Delim(c)), "")
		w.t.more = true
		return
	}
	w.dec = json.NewDecoder(bytes.NewReader(raw))
	w.dec.UseNumber()
	if w.value(path, 0) != nil { // the event is valid JSON, so this is a limit
		w.t.more = true
	}
}

// value visits the next value and everything below it. The elements of an array
// have the path #.
func (w *fieldWalk) value(path string, depth int) error {
	if w.left--; w.left < 0 {
		return errLimit
	}
	tok, err := w.dec.Token()
	if err != nil {
		return err
	}
	switch v := tok.(type) {
	case json.Delim:
		w.f.note(w.t, path, containerKind(v), "")
		return w.container(path, v == '{', depth+1)
	case string:
		w.f.note(w.t, path, isString, exampleOf(v))
	case json.Number:
		w.f.note(w.t, path, isNumber, exampleOf(v.String()))
	case bool:
		w.f.note(w.t, path, isBool, map[bool]string{true: "true", false: "false"}[v])
	default:
		w.f.note(w.t, path, isNull, "")
	}
	return nil
}

func (w *fieldWalk) container(path string, object bool, depth int) error {
	if depth > maxFieldDepth {
		return errLimit
	}
	for w.dec.More() {
		below := path + ".#"
		if object {
			name, err := w.dec.Token()
			if err != nil {
				return err
			}
			s, _ := name.(string)
			below = path + "." + pathOf(s)
		}
		if err := w.value(below, depth); err != nil {
			return err
		}
	}
	_, err := w.dec.Token()
	return err
}

func containerKind(d json.Delim) jsonKind {
	if d == '{' {
		return isObject
	}
	return isArray
}

// exampleOf returns s as an example, or its size if it is long.
func exampleOf(s string) string {
	if len(s) > longText {
		return sizeOf(len(s))
	}
	return clean(s)
}

func sizeOf(n int) string { return "(" + term.Size(n) + ")" }
