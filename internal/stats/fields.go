package stats

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
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
	left  int // values of the current member that may still be visited
}

// fieldType holds the paths of one type.
type fieldType struct {
	events uint64
	paths  map[string]*fieldInfo
	more   bool // there were more paths, or deeper ones, than the limits allow
}

// fieldInfo is what is known of one path.
type fieldInfo struct {
	events  uint64            // that have it
	last    uint64            // the number, within its type, of the last event that has it
	kinds   map[string]uint64 // how many values of each JSON type
	example string
}

// kinds are the JSON types, in the order in which equally frequent ones are listed.
var kinds = []string{"string", "number", "boolean", "object", "array", "null"}

// kindOf returns the JSON type of a value.
func kindOf(raw []byte) string {
	switch raw[0] {
	case '"':
		return "string"
	case '{':
		return "object"
	case '[':
		return "array"
	case 't', 'f':
		return "boolean"
	case 'n':
		return "null"
	}
	return "number"
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
		path := pathOf(name)
		if strings.HasPrefix(path, "_") { // else it would be a computed field
			path = `\` + path
		}
		if raw[0] == '"' && path == "image" {
			f.note(t, path, "string", sizeOf(raw[1:len(raw)-1]))
			return true
		}
		f.left = maxFieldValues
		t.more = !f.value(t, path, raw, 0) || t.more
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
			t = &fieldType{paths: map[string]*fieldInfo{}}
			f.types[name] = t
		}
	}
	return t
}

// note counts a value at a path.
func (f *Fields) note(t *fieldType, path, kind, example string) {
	p := t.paths[path]
	if p == nil {
		if len(path) > maxPath || len(t.paths) >= maxTypePaths || f.paths >= maxPaths {
			t.more = true
			return
		}
		p = &fieldInfo{kinds: map[string]uint64{}}
		t.paths[strings.Clone(path)] = p
		f.paths++
	}
	if p.last != t.events {
		p.last = t.events
		p.events++
	}
	p.kinds[kind]++
	p.example = cmp.Or(p.example, example)
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

// value visits a value and everything below it, and reports whether it stayed
// within the limits. The elements of an array have the path #. Each level reads
// its values again, so maxFieldDepth limits the time, too.
func (f *Fields) value(t *fieldType, path string, raw []byte, depth int) (ok bool) {
	if f.left--; f.left < 0 {
		return false
	}
	kind := kindOf(raw)
	example := ""
	switch kind {
	case "string":
		example = exampleOf(raw[1 : len(raw)-1])
	case "number", "boolean":
		example = exampleOf(raw)
	}
	f.note(t, path, kind, example)
	if kind != "object" && kind != "array" {
		return true
	}
	if depth++; depth > maxFieldDepth {
		return false
	}
	for name, value := range jsonraw.Members(raw) {
		if !f.value(t, path+"."+pathOf(name), value, depth) {
			return false
		}
	}
	for value := range jsonraw.Elements(raw) {
		if !f.value(t, path+".#", value, depth) {
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

// Field is what is known of one path of one type: a record of -o ndjson, a row
// of csv.
type Field struct {
	Type    string   `json:"type"`
	Events  uint64   `json:"events"` // of the type
	Path    string   `json:"path"`   // "": all paths beyond the limits
	Kinds   []string `json:"json"`   // JSON types, the most frequent first
	Count   uint64   `json:"count"`  // events of the type that have the path
	Percent float64  `json:"percent"`
	Example string   `json:"example"`
}

// List returns all fields, those of the most frequent type first, sorted by path.
func (f *Fields) List() (all []Field) {
	f.mu.Lock()
	defer f.mu.Unlock()
	names := slices.SortedFunc(maps.Keys(f.types), func(a, b string) int {
		return cmp.Or(cmp.Compare(f.types[b].events, f.types[a].events), cmp.Compare(a, b))
	})
	for _, name := range names {
		t := f.types[name]
		for _, path := range slices.Sorted(maps.Keys(t.paths)) {
			p := t.paths[path]
			all = append(all, Field{
				Type: name, Events: t.events, Path: path, Kinds: p.kindNames(), Count: p.events,
				Percent: round(100 * float64(p.events) / float64(t.events)), Example: p.example,
			})
		}
		if t.more {
			all = append(all, Field{Type: name, Events: t.events, Kinds: []string{}})
		}
	}
	return all
}

// kindNames returns the JSON types of the values, the most frequent first.
func (p *fieldInfo) kindNames() []string {
	names := slices.DeleteFunc(slices.Clone(kinds), func(name string) bool { return p.kinds[name] == 0 })
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(p.kinds[b], p.kinds[a]) })
	return names
}

// WriteText writes a table per type. Errors are *event.WriteError.
func (f *Fields) WriteText(w io.Writer, color bool) error {
	r := report{styles: term.NewStyles(color)}
	columns := []term.Column{
		{Title: "  PATH", Most: 60}, {Title: "JSON"}, number("EVENTS"), number("%"), {Title: "EXAMPLE", Most: 60},
	}
	var out []byte
	for list := f.List(); len(list) > 0; {
		first := list[0]
		if len(out) > 0 {
			out = append(out, '\n')
		}
		out = append(out, r.line(first.Type, term.Style{}, "  "+term.Count(first.Events, "event"))...)
		var rows [][]term.Cell
		for ; len(list) > 0 && list[0].Type == first.Type; list = list[1:] {
			row := cells("  … more than is shown", "", "", "", "")
			if one := list[0]; one.Path != "" {
				row = cells("  "+one.Path, strings.Join(one.Kinds, ","), term.Number(one.Count), term.Decimal(one.Percent), one.Example)
			}
			row[4].Style = r.styles.Faint
			rows = append(rows, row)
		}
		for _, line := range r.table(columns, rows) {
			out = append(out, line...)
		}
	}
	return write(w, out)
}

// WriteNDJSON writes a record per path. Errors are *event.WriteError.
func (f *Fields) WriteNDJSON(w io.Writer) error {
	var out []byte
	for _, one := range f.List() {
		var err error
		if out, err = appendJSON(out, one); err != nil {
			return err
		}
	}
	return write(w, out)
}

// WriteCSV writes a row per path under a header. If w is a terminal, texts are
// made safe to show. Errors are *event.WriteError.
func (f *Fields) WriteCSV(w io.Writer, terminal bool) error {
	record := format.CSVRecord{Terminal: terminal}
	out := []byte("type,events,path,json,count,percent,example\n")
	for _, one := range f.List() {
		out = record.Append(out, one.Type, whole(one.Events), one.Path, strings.Join(one.Kinds, " "),
			whole(one.Count), float(one.Percent), one.Example)
	}
	return write(w, out)
}
