package stats

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"sync"

	"github.com/rtev/rtev/internal/event"
)

// What Fields remembers at most, and looks at in one event.
const (
	maxFieldTypes  = 256
	maxTypePaths   = 500     // of one type
	maxPaths       = 20_000  // of all types
	maxPath        = 200     // bytes
	maxFieldDepth  = 16      // levels
	maxFieldValues = 10_000  // values below one top-level member
	maxFieldBytes  = 1 << 20 // of one top-level member that is walked
	longText       = 120     // a longer string is shown as its size
)

// Fields tells what arrives: for each type, which paths occurred, of what JSON
// type, in how many events, with an example. It is an event.Sink for any number
// of chains; all its methods are safe for concurrent use.
type Fields struct {
	mu    sync.Mutex
	types map[string]*typeFields
	paths int
}

// typeFields are the paths of one type.
type typeFields struct {
	name   string
	events uint64
	paths  map[string]*fieldInfo
	more   bool // there were more paths, or deeper ones, than are remembered
}

// fieldInfo is what is known of one path.
type fieldInfo struct {
	path    string
	events  uint64 // that have it
	last    uint64 // the latest of them, counted in its type
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

func (k jsonKind) String() string {
	return [...]string{"string", "number", "boolean", "object", "array", "null"}[k]
}

// NewFields returns a sink that has seen nothing yet.
func NewFields() *Fields { return &Fields{types: map[string]*typeFields{}} }

// Put looks at all members of the event, but for the bytes of a picture. It
// never fails.
func (f *Fields) Put(ev *event.Event) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.typeOf(ev.Type)
	t.events++
	ev.EachMember(func(name, raw []byte) bool {
		w := walker{f: f, t: t, left: maxFieldValues}
		w.member(escaped(string(event.AppendUnescaped(nil, name))), string(name) == "image", raw)
		return true
	})
	return nil
}

// Flush has nothing to do: what was seen stays here.
func (f *Fields) Flush() error { return nil }

func (f *Fields) typeOf(name string) *typeFields {
	t := f.types[short(name)]
	if t == nil {
		name = kept(name)
		if len(f.types) >= maxFieldTypes {
			name = other
		}
		if t = f.types[name]; t == nil {
			t = &typeFields{name: name, paths: map[string]*fieldInfo{}}
			f.types[name] = t
		}
	}
	return t
}

// note counts a value at a path.
func (f *Fields) note(t *typeFields, path string, k jsonKind, example string) {
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

// escaped is a name as it must stand in a path of -w or -c.
func escaped(name string) string {
	if !strings.ContainsAny(name, `.*?\|#@!{}[]()"`) {
		return name
	}
	var b strings.Builder
	for _, r := range name {
		if strings.ContainsRune(`.*?\|#@!{}[]()"`, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// walker goes through the values of one member, as far as the limits allow.
type walker struct {
	f    *Fields
	t    *typeFields
	dec  *json.Decoder
	left int
}

// errEnough ends a walk at a limit.
var errEnough = errors.New("enough seen")

func (w *walker) member(path string, picture bool, raw []byte) {
	switch c := raw[0]; {
	case c == '"' && (picture || len(raw) > longText):
		w.f.note(w.t, path, isString, "("+bytesText(float64(len(raw)-2))+")")
		return
	case (c == '{' || c == '[') && len(raw) > maxFieldBytes:
		w.f.note(w.t, path, containerKind(json.Delim(c)), "")
		w.t.more = true
		return
	}
	w.dec = json.NewDecoder(bytes.NewReader(raw))
	w.dec.UseNumber()
	if w.value(path, 0) != nil { // the JSON was checked: a limit was met
		w.t.more = true
	}
}

// value looks at the next value and all below it. An array's elements have the
// path #.
func (w *walker) value(path string, depth int) error {
	if w.left--; w.left < 0 {
		return errEnough
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

func (w *walker) container(path string, object bool, depth int) error {
	if depth > maxFieldDepth {
		return errEnough
	}
	for w.dec.More() {
		below := path + ".#"
		if object {
			name, err := w.dec.Token()
			if err != nil {
				return err
			}
			s, _ := name.(string)
			below = path + "." + escaped(s)
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

// exampleOf is a value worth showing.
func exampleOf(s string) string {
	if len(s) > longText {
		return "(" + bytesText(float64(len(s))) + ")"
	}
	if s == "" {
		return ""
	}
	return kept(s)
}
