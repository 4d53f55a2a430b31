package stats

import (
	"cmp"
	"io"
	"maps"
	"slices"
	"strings"
)

// Field is what is known of one path of one type: a record of -o ndjson, a row
// of csv.
type Field struct {
	Type    string   `json:"type"`
	Events  uint64   `json:"events"` // of the type
	Path    string   `json:"path"`   // "" stands for paths beyond the limits
	Kinds   []string `json:"json"`   // JSON types, the most frequent first
	Count   uint64   `json:"count"`  // events of the type that have the path
	Percent float64  `json:"percent"`
	Example string   `json:"example"`
}

// List is all that was seen, the most frequent type first and its paths by name.
func (f *Fields) List() (all []Field) {
	f.mu.Lock()
	defer f.mu.Unlock()
	types := slices.SortedFunc(maps.Values(f.types), func(a, b *typeFields) int {
		return cmp.Or(cmp.Compare(b.events, a.events), cmp.Compare(a.name, b.name))
	})
	for _, t := range types {
		paths := slices.SortedFunc(maps.Values(t.paths), func(a, b *fieldInfo) int { return cmp.Compare(a.path, b.path) })
		for _, p := range paths {
			all = append(all, Field{
				Type: t.name, Events: t.events, Path: p.path, Kinds: p.kindNames(), Count: p.events,
				Percent: round(100 * float64(p.events) / float64(t.events)), Example: p.example,
			})
		}
		if t.more {
			all = append(all, Field{Type: t.name, Events: t.events, Kinds: []string{}})
		}
	}
	return all
}

func (p *fieldInfo) kindNames() (names []string) {
	order := make([]jsonKind, 0, kinds)
	for k := range kinds {
		if p.kinds[k] > 0 {
			order = append(order, k)
		}
	}
	slices.SortStableFunc(order, func(a, b jsonKind) int { return cmp.Compare(p.kinds[b], p.kinds[a]) })
	for _, k := range order {
		names = append(names, k.String())
	}
	return names
}

// WriteText writes what was seen as a table a type. Errors are *event.WriteError.
func (f *Fields) WriteText(w io.Writer, color bool) error {
	p := pen{color: color}
	columns := []column{
		{title: "  PATH", left: true, most: 60}, {title: "JSON", left: true}, {title: "EVENTS"}, {title: "%"}, {title: "EXAMPLE", left: true, most: 60},
	}
	var out []byte
	for list := f.List(); len(list) > 0; {
		n := 1
		for n < len(list) && list[n].Type == list[0].Type {
			n++
		}
		if len(out) > 0 {
			out = append(out, '\n')
		}
		head := p.say(list[0].Type, bold)
		p.add(&head, "  "+plural(list[0].Events, "event", "events"), noLimit, asIs)
		for _, l := range append([]line{head}, p.table(columns, fieldRows(list[:n]))...) {
			out = append(append(out, l.text...), '\n')
		}
		list = list[n:]
	}
	return write(w, out)
}

func fieldRows(list []Field) (rows [][]cell) {
	for _, f := range list {
		if f.Path == "" {
			rows = append(rows, []cell{{"  … more than is shown", faint}, {}, {}, {}, {}})
			continue
		}
		rows = append(rows, []cell{
			{"  " + f.Path, asIs}, {strings.Join(f.Kinds, ","), asIs}, {countText(f.Count), asIs}, {rateText(f.Percent), asIs}, {f.Example, faint},
		})
	}
	return rows
}

// WriteNDJSON writes a record a path. Errors are *event.WriteError.
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

// WriteCSV writes a row a path under a header. Errors are *event.WriteError.
func (f *Fields) WriteCSV(w io.Writer) error {
	rows := [][]string{{"type", "events", "path", "json", "count", "percent", "example"}}
	for _, one := range f.List() {
		rows = append(rows, []string{
			field(one.Type), whole(one.Events), field(one.Path), strings.Join(one.Kinds, " "), whole(one.Count), float(one.Percent), field(one.Example),
		})
	}
	return writeRows(w, rows, true)
}
