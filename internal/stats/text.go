package stats

import (
	"io"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/term"
)

// Text returns a printer that prints a report as a block of lines, with an empty
// line between blocks, for a pipe or a log.
func Text(w io.Writer, color bool) Printer {
	l := layout{styles: term.NewStyles(color)}
	return func(s *Snapshot) error {
		out := l.report(nil, s)
		if !s.Total() {
			out = append(out, '\n')
		}
		return write(w, out)
	}
}

// layout lays out snapshots for people.
type layout struct {
	styles *term.Styles
	width  int  // cells of a line; 0 is no limit
	live   bool // each report is drawn over the one before
}

// nameMost is how many cells the name of an instance may take.
const nameMost = 24

// report appends the lines of a report.
func (l *layout) report(dst []byte, s *Snapshot) []byte {
	dst = l.head(dst, s)
	dst = l.instances(dst, s)
	for i := range s.Instances {
		dst = l.losses(dst, s.Instances[i].Name, &s.Instances[i].Flow)
	}
	dst = l.losses(dst, "input", &s.unassigned)
	dst = l.pairs(dst, s)
	return l.groups(dst, s)
}

// line appends a line of a name in bold and a text.
func (l *layout) line(dst []byte, name string, style term.Style, text string) []byte {
	line := term.NewLine(dst, l.width)
	term.Put(&line, l.styles.Bold, name, nameMost)
	term.Put(&line, style, text, term.NoLimit)
	return append(line.Bytes(), '\n')
}

// table appends a table, if it has rows.
func (l *layout) table(dst []byte, columns []term.Column, rows [][]term.Cell) []byte {
	if len(rows) == 0 {
		return dst
	}
	t := term.Table{Columns: columns, Title: l.styles.Faint, Rows: rows}
	return t.Append(dst, l.width)
}

// cells returns cells without a style.
func cells(texts ...string) (row []term.Cell) {
	for _, text := range texts {
		row = append(row, term.Cell{Text: text})
	}
	return row
}

// numbers returns columns, followed by columns of numbers.
func numbers(columns []term.Column, titles ...string) []term.Column {
	for _, title := range titles {
		columns = append(columns, term.Column{Title: title, Right: true})
	}
	return columns
}

// head appends the first line, which sums up everything.
func (l *layout) head(dst []byte, s *Snapshot) []byte {
	name := "stats"
	if s.Total() {
		name = "total"
	}
	parts := []string{
		"", term.Millis(s.Elapsed * 1000), term.Count(len(s.Instances), "instance"), term.Count(s.Events, "event"),
		term.Decimal(s.Rate) + "/s", term.Size(uint64(s.ByteRate)) + "/s",
	}
	if s.Delay != nil {
		parts = append(parts, "delay p99 "+term.Millis(s.Delay.P99))
	}
	return l.line(dst, name, term.Style{}, strings.Join(parts, "  "))
}

// instances appends a table with a row per instance. In a narrow window the
// columns at the right are dropped.
func (l *layout) instances(dst []byte, s *Snapshot) []byte {
	columns := numbers([]term.Column{{Title: "INSTANCE", Most: nameMost}, {Title: "STATE"}},
		"EVENTS", "NOW/S", "DELAY P50", "P99", "FPS", "DROPPED",
		"MAX DELAY", "MINUTE/S", "BYTES/S", "LAST", "LATENCY", "QUEUE")
	rows := make([][]term.Cell, len(s.Instances))
	for i := range s.Instances {
		in := &s.Instances[i]
		var p50, p99, longest, fps, dropped, latency, queue string
		if d := in.Delay; d != nil {
			p50, p99, longest = term.Millis(d.P50), term.Millis(d.P99), term.Millis(d.Max)
		}
		if e := in.Engine; e != nil {
			fps, latency, queue = term.Decimal(e.FPS), term.Millis(e.Latency), term.Number(uint64(e.Queue))
			if e.SourceFPS > 0 {
				fps += " of " + term.Decimal(e.SourceFPS)
			}
			dropped = term.Number(uint64(e.DroppedSince))
			if l.live || s.Total() {
				dropped = term.Number(uint64(e.Dropped))
			}
		}
		rows[i] = append([]term.Cell{{Text: in.Name, Style: l.styles.Bold}, l.state(in)}, cells(
			term.Number(in.Events), term.Decimal(in.Now), p50, p99, fps, dropped, longest, term.Decimal(in.Minute),
			term.Size(uint64(in.ByteRateNow)), ago(s, in.Last), latency, queue,
		)...)
	}
	return l.table(dst, columns, rows)
}

// state returns the state of an instance in words.
func (l *layout) state(in *Instance) term.Cell {
	quiet := term.Number(int64(in.quiet/time.Second)) + " s"
	if in.quiet >= time.Minute {
		quiet = term.Duration(in.quiet.Truncate(time.Second))
	}
	switch {
	case in.Silent:
		return term.Cell{Text: "SILENT " + quiet, Style: l.styles.Alarm}
	case in.State == Connected && in.Events == 0:
		return term.Cell{Text: "no events yet", Style: l.styles.Faint}
	case in.quiet >= quietTime:
		return term.Cell{Text: "quiet " + quiet, Style: l.styles.Faint}
	case in.State == Connected:
		return term.Cell{Text: string(in.State), Style: l.styles.Good}
	case in.State == Reconnecting:
		return term.Cell{Text: "reconnecting " + term.Millis(in.StateFor*1000), Style: l.styles.Warn}
	case in.State == Ended:
		return term.Cell{Text: string(in.State), Style: l.styles.Warn}
	}
	return term.Cell{Text: string(in.State), Style: l.styles.Faint}
}

// ago returns how long before the snapshot something was.
func ago(s *Snapshot, last time.Time) string {
	if last.IsZero() {
		return "-"
	}
	return term.Duration(max(0, s.Time.Sub(last)))
}

// losses appends a line about what an instance lost, if it lost something.
func (l *layout) losses(dst []byte, name string, f *Flow) []byte {
	var lost []string
	if f.Gap > 0 || f.Reconnects > 0 {
		lost = append(lost, term.Count(f.Reconnects, "reconnect"), term.Millis(f.Gap*1000)+" without a connection")
	}
	if f.IDJumps > 0 {
		lost = append(lost, term.Count(f.IDJumps, "id jump")+" ("+term.Count(f.IDsMissing, "id")+" missing)")
	}
	if f.Skipped > 0 {
		lost = append(lost, term.Count(f.Skipped, "record")+" skipped")
	}
	if f.Oversize > 0 {
		lost = append(lost, term.Count(f.Oversize, "record")+" too long")
	}
	if len(lost) == 0 {
		return dst
	}
	return l.line(dst, name, l.styles.Warn, ": "+strings.Join(lost, ", "))
}

// pairs appends a table of the events that are open, by place, and of those that
// ended, by how long they lasted.
func (l *layout) pairs(dst []byte, s *Snapshot) []byte {
	columns := numbers([]term.Column{
		{Title: "INSTANCE", Most: nameMost}, {Title: "EVENT", Most: 32}, {Title: "PLACE", Most: 32},
	}, "INSIDE", "ENDED", "LASTED P50", "MAX")
	var rows [][]term.Cell
	for i := range s.Instances {
		in := &s.Instances[i]
		for _, o := range in.OpenEvents {
			rows = append(rows, cells(in.Name, o.Type, o.Place, term.Number(o.Count), "", "", ""))
		}
		for _, e := range in.Ended {
			var p50, longest string
			if d := e.Duration; d != nil {
				p50, longest = term.Millis(d.P50), term.Millis(d.Max)
			}
			rows = append(rows, cells(in.Name, e.Type, "", "", term.Number(e.Count), p50, longest))
		}
	}
	return l.table(dst, columns, rows)
}

// groups appends a table with a row per type, or per value of --by.
func (l *layout) groups(dst []byte, s *Snapshot) []byte {
	title := s.By
	if title == "_type" {
		title = "TYPE"
	}
	columns := numbers([]term.Column{{Title: title, Most: 40}}, "EVENTS", "NOW/S", "MINUTE/S", "LAST", "BYTES")
	var rows [][]term.Cell
	for _, g := range s.Groups {
		rows = append(rows, cells(
			g.Value, term.Number(g.Events), term.Decimal(g.Now), term.Decimal(g.Minute), ago(s, g.Last), term.Size(g.Bytes)))
	}
	return l.table(dst, columns, rows)
}
