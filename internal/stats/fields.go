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
	maxFieldTypes = 256
	maxTypePaths  = 500 // of one type
	maxPath       = 200 // bytes
	maxFieldDepth = 16  // levels
	longText      = 120 // bytes; of a longer string only the size is shown
)

// Fields lists which fields arrive: for each type the paths that occurred, of
// which JSON type, in how many events, with an example. It is an event.Sink for
// any number of chains; all methods are safe for concurrent use.
type Fields struct {
	mu    sync.Mutex
	types map[string]*fieldType
}

// fieldType holds the paths of one type.
type fieldType struct {
	events uint64
	paths  map[string]*fieldInfo
	more   bool // there were more paths, or deeper ones, than the limits allow
}

// fieldInfo is what is known of one path.
type fieldInfo struct {
	events  uint64         // that have it
	last    uint64         // the number, within its type, of the last event that has it
	values  map[string]int // how many of each JSON type
	example string
}

// kinds are the JSON types, in the order in which equally frequent ones are listed.
var kinds = []string{"string", "number", "boolean", "object", "array", "null"}

// kindOf says which JSON type starts with a character; others start a number.
var kindOf = map[byte]string{'"': "string", '{': "object", '[': "array", 't': "boolean", 'f': "boolean", 'n': "null"}

// NewFields returns an empty list.
func NewFields() *Fields { return &Fields{types: map[string]*fieldType{}} }

// Put looks at all members of the event. It never fails.
func (f *Fields) Put(ev *event.Event) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	t := f.typeOf(nameOf(ev.Type))
	t.events++
	ev.EachMember(func(name, raw []byte) bool {
		path := pathOf(name)
		if strings.HasPrefix(path, "_") { // else it would be a computed field
			path = `\` + path
		}
		if path == "image" && raw[0] == '"' {
			t.note(path, "string", sizeOf(raw[1:len(raw)-1]))
		} else {
			t.visit(path, raw, 0)
		}
		return true
	})
	return nil
}

// Flush does nothing.
func (f *Fields) Flush() error { return nil }

func (f *Fields) typeOf(name string) *fieldType {
	if f.types[name] == nil && len(f.types) >= maxFieldTypes {
		name = other
	}
	if f.types[name] == nil {
		f.types[strings.Clone(name)] = &fieldType{paths: map[string]*fieldInfo{}}
	}
	return f.types[name]
}

// note counts a value at a path.
func (t *fieldType) note(path, kind, example string) {
	p := t.paths[path]
	if p == nil {
		if len(t.paths) >= maxTypePaths {
			t.more = true
			return
		}
		p = &fieldInfo{values: map[string]int{}}
		t.paths[path] = p
	}
	if p.last != t.events {
		p.last = t.events
		p.events++
	}
	p.values[kind]++
	p.example = cmp.Or(p.example, example)
}

// special are the characters that paths escape.
var special = strings.NewReplacer(
	`.`, `\.`, `*`, `\*`, `?`, `\?`, `\`, `\\`, `|`, `\|`, `#`, `\#`, `@`, `\@`, `!`, `\!`,
	`{`, `\{`, `}`, `\}`, `[`, `\[`, `]`, `\]`, `(`, `\(`, `)`, `\)`, `"`, `\"`,
)

// pathOf returns a name, as it was sent, as -w and -c take it.
func pathOf(sent []byte) string { return special.Replace(string(jsonraw.AppendUnescaped(nil, sent))) }

// visit notes a value and everything below it. The elements of an array have the
// path #. Each level reads its values again, so maxFieldDepth limits the time, too.
func (t *fieldType) visit(path string, raw []byte, depth int) {
	if len(path) > maxPath {
		t.more = true
		return
	}
	kind, example := cmp.Or(kindOf[raw[0]], "number"), ""
	switch kind {
	case "string":
		example = exampleOf(raw[1 : len(raw)-1])
	case "number", "boolean":
		example = exampleOf(raw)
	}
	t.note(path, kind, example)
	if depth == maxFieldDepth {
		t.more = t.more || raw[0] == '{' || raw[0] == '['
		return
	}
	for name, value := range jsonraw.Members(raw) {
		t.visit(path+"."+pathOf(name), value, depth+1)
	}
	for value := range jsonraw.Elements(raw) {
		t.visit(path+".#", value, depth+1)
	}
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
				Type: name, Events: t.events, Path: path, Kinds: p.kinds(), Count: p.events,
				Percent: round(100 * float64(p.events) / float64(t.events)), Example: p.example,
			})
		}
		if t.more {
			all = append(all, Field{Type: name, Events: t.events, Kinds: []string{}})
		}
	}
	return all
}

// kinds returns the JSON types of the values, the most frequent first.
func (p *fieldInfo) kinds() []string {
	names := slices.DeleteFunc(slices.Clone(kinds), func(kind string) bool { return p.values[kind] == 0 })
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(p.values[b], p.values[a]) })
	return names
}

// Write writes the list in an output format: text in a table, ndjson with a record
// per path, csv with a row per path. If w is a terminal, texts are made safe to
// show. Errors are *event.WriteError.
func (f *Fields) Write(w io.Writer, output string, terminal, color bool) error {
	var out []byte
	var rows [][]term.Cell
	record := format.CSVRecord{Terminal: terminal}
	if output == "csv" {
		out = append(out, "type,events,path,json,count,percent,example\n"...)
	}
	for _, one := range f.List() {
		switch output {
		case "ndjson":
			var err error
			if out, err = appendJSON(out, one); err != nil {
				return err
			}
		case "csv":
			out = record.Append(out, one.Type, whole(one.Events), one.Path, strings.Join(one.Kinds, " "),
				whole(one.Count), float(one.Percent), one.Example)
		default:
			rows = append(rows, cells(one.Type, cmp.Or(one.Path, "… more"), strings.Join(one.Kinds, ","),
				term.Number(one.Count), term.Decimal(one.Percent), one.Example))
		}
	}
	if output == "text" {
		columns := []term.Column{{Title: "TYPE", Most: 40}, {Title: "PATH", Most: 60}, {Title: "JSON"}}
		columns = append(numbers(columns, "EVENTS", "%"), term.Column{Title: "EXAMPLE", Most: 60})
		table := term.Table{Columns: columns, Title: term.NewStyles(color).Faint, Rows: rows}
		out = table.Append(nil, 0)
	}
	return write(w, out)
}
