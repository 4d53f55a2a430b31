package stats

import (
	"strings"
	"sync"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
	"github.com/rtev/rtev/internal/term"
)

// Limits of what Fields remembers, and of what it looks at in one event.
const (
	maxFieldTypes  = 256
	maxTypePaths   = 500    // of one type
	maxPaths       = 20_000 // of all types
	maxPath        = 200    // bytes
	maxFieldDepth  = 16     // levels
	maxFieldValues = 10_000 // values below one top-level member
	longText       = 120    // bytes; of a longer string only the size is shown
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
	kinds   [len(kindNames)]uint64
	example string
}

// JSON types, as indexes of kindNames.
const (
	isString = iota
	isNumber
	isBool
	isObject
	isArray
	isNull
)

var kindNames = [...]string{"string", "number", "boolean", "object", "array", "null"}

// NewFields returns an empty list.
func NewFields() *Fields { return &Fields{types: map[string]*fieldType{}} }

// Put looks at all members of the event. It never fails.
func (f *Fields) Put(ev *event.Event) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.typeOf(ev.Type)
	t.events++
	ev.EachMember(func(name, raw []byte) bool {
		path := pathOf(name)
		if strings.HasPrefix(path, "_") { // else it would be a computed field
			path = `\` + path
		}
		if raw[0] == '"' && path == "image" {
			f.note(t, path, isString, sizeOf(raw[1:len(raw)-1]))
			return true
		}
		w := fieldWalk{f: f, t: t, left: maxFieldValues}
		t.more = !w.value(path, raw, 0) || t.more
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
func (f *Fields) note(t *fieldType, path string, kind int, example string) {
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
	p.kinds[kind]++
	if p.example == "" {
		p.example = example
	}
}

// pathOf returns a name, as it was sent, as -w and -c take it.
func pathOf(sent []byte) string {
	const special = `.*?\|#@!{}[]()"`
	name := string(jsonraw.AppendUnescaped(nil, sent))
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
	left int // values
}

// value visits a value and everything below it, and reports whether it stayed
// within the limits. The elements of an array have the path #. Each level reads its values
// again, so maxFieldDepth limits the time, too.
func (w *fieldWalk) value(path string, raw []byte, depth int) (ok bool) {
	if w.left--; w.left < 0 {
		return false
	}
	switch c := raw[0]; c {
	case '{', '[':
		k := isObject
		if c == '[' {
			k = isArray
		}
		w.f.note(w.t, path, k, "")
		return depth < maxFieldDepth && w.below(path, raw, depth+1)
	case '"':
		w.f.note(w.t, path, isString, exampleOf(raw[1:len(raw)-1]))
	case 't', 'f':
		w.f.note(w.t, path, isBool, string(raw))
	case 'n':
		w.f.note(w.t, path, isNull, "")
	default:
		w.f.note(w.t, path, isNumber, exampleOf(raw))
	}
	return true
}

// below visits the values of an object or an array.
func (w *fieldWalk) below(path string, raw []byte, depth int) bool {
	for name, value := range jsonraw.Members(raw) {
		if !w.value(path+"."+pathOf(name), value, depth) {
			return false
		}
	}
	for value := range jsonraw.Elements(raw) {
		if !w.value(path+".#", value, depth) {
			return false
		}
	}
	return true
}

// exampleOf returns the text of a string, or a number, as an example, and of a
// long one its size.
func exampleOf(text []byte) string {
	if len(text) > longText {
		return sizeOf(text)
	}
	return clean(string(jsonraw.AppendUnescaped(nil, text)))
}

func sizeOf(text []byte) string { return "(" + term.Size(len(text)) + ")" }
