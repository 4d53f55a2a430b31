package stats

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/term"
)

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
	types := slices.SortedFunc(maps.Values(f.types), func(a, b *fieldType) int {
		return cmp.Or(cmp.Compare(b.events, a.events), cmp.Compare(a.name, b.name))
	})
	for _, t := range types {
		for _, path := range slices.Sorted(maps.Keys(t.paths)) {
			p := t.paths[path]
			all = append(all, Field{
				Type: t.name, Events: t.events, Path: path, Kinds: p.kindNames(), Count: p.events,
				Percent: round(100 * float64(p.events) / float64(t.events)), Example: p.example,
			})
		}
		if t.more {
			all = append(all, Field{Type: t.name, Events: t.events, Kinds: []string{}})
		}
	}
	return all
}

// kindNames returns the JSON types of the values, the most frequent first.
func (p *fieldInfo) kindNames() (names []string) {
	for k, n := range p.kinds {
		if n > 0 {
			names = append(names, kindNames[k])
		}
	}
	count := func(name string) uint64 { return p.kinds[slices.Index(kindNames[:], name)] }
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(count(b), count(a)) })
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
		for len(list) > 0 && list[0].Type == first.Type {
			rows = append(rows, r.fieldRow(&list[0]))
			list = list[1:]
		}
		for _, line := range r.table(columns, rows) {
			out = append(out, line...)
		}
	}
	return write(w, out)
}

func (r *report) fieldRow(f *Field) []term.Cell {
	if f.Path == "" {
		return cells("  … more than is shown", "", "", "", "")
	}
	row := cells("  "+f.Path, strings.Join(f.Kinds, ","), term.Number(f.Count), term.Decimal(f.Percent), f.Example)
	row[4].Style = r.styles.Faint
	return row
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
