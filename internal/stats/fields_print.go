package stats

import (
	"io"
	"strings"

	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/term"
)

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
