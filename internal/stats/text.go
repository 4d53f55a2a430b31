package stats

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/term"
)

// report lays out snapshots for people.
type report struct {
	styles *term.Styles
	width  int // cells of a line; 0 is no limit
	height int // lines of a frame
}

// section is a part of a report.
type section struct {
	lines [][]byte // each with its line end
	least int      // lines that stay when a window is too low for all sections
}

// otherLines is how many lines of a frame, at least, are not for instances.
const otherLines = 11

// sections returns the parts of a report, the most important first.
func (r *report) sections(s *Snapshot, live bool) []section {
	if live && len(s.Instances) > r.height-otherLines {
		s = troubledFirst(s)
	}
	all := []section{{[][]byte{r.head(s)}, 1}, {r.instances(s, live), 3}}
	for _, more := range []section{{r.losses(s), 2}, {r.pairs(s), 3}, {r.groups(s), 4}} {
		if len(more.lines) > 0 {
			all = append(all, more)
		}
	}
	return all
}

// troubledFirst returns s with the silent and the disconnected instances in
// front, for a window that cannot show all of them.
func troubledFirst(s *Snapshot) *Snapshot {
	trouble := func(in Instance) int {
		switch {
		case in.Silent:
			return -2
		case in.State == Reconnecting || in.State == Ended:
			return -1
		}
		return 0
	}
	sorted := *s
	sorted.Instances = slices.Clone(s.Instances)
	slices.SortStableFunc(sorted.Instances, func(a, b Instance) int { return trouble(a) - trouble(b) })
	return &sorted
}

// frame returns the lines of a report that fit the window: of sections that do
// not fit, the last first, it leaves out the end and says how much that is.
func (r *report) frame(s *Snapshot) (lines [][]byte) {
	sections := r.sections(s, true)
	count := 0
	for _, part := range sections {
		count += len(part.lines)
	}
	spaced := count+len(sections)-1 <= r.height
	for i := len(sections) - 1; i > 0 && count > r.height; i-- {
		part := &sections[i]
		keep := max(part.least, len(part.lines)-(count-r.height))
		if keep < len(part.lines) {
			left := len(part.lines) - keep + 1
			part.lines = append(part.lines[:keep-1:keep-1], r.line("", r.styles.Faint, fmt.Sprintf("… %d more", left)))
			count -= left - 1
		}
	}
	for i, part := range sections {
		if i > 0 && spaced {
			lines = append(lines, []byte{'\n'})
		}
		lines = append(lines, part.lines...)
	}
	return lines[:min(len(lines), r.height)]
}

// line returns a line of a name in bold, cut to nameWidth cells, and a text.
func (r *report) line(name string, style term.Style, text string) []byte {
	l := term.NewLine(nil, r.width)
	term.Put(&l, r.styles.Bold, name, r.nameWidth())
	term.Put(&l, style, text, term.NoLimit)
	return append(l.Bytes(), '\n')
}

// table returns the lines of a table, none if it has no rows.
func (r *report) table(columns []term.Column, rows [][]term.Cell) [][]byte {
	if len(rows) == 0 {
		return nil
	}
	t := term.Table{Columns: columns, Title: r.styles.Faint, Rows: rows}
	return slices.Collect(bytes.Lines(t.Append(nil, r.width)))
}

// cells returns cells without a style.
func cells(texts ...string) (row []term.Cell) {
	for _, text := range texts {
		row = append(row, term.Cell{Text: text})
	}
	return row
}

// number returns a column of numbers.
func number(title string) term.Column { return term.Column{Title: title, Right: true} }

// head returns the first line, which sums up everything.
func (r *report) head(s *Snapshot) []byte {
	name := "stats"
	switch {
	case s.Total():
		name = "total"
	case s.Recorded:
		name = "so far"
	}
	parts := []string{
		"", term.Millis(s.Elapsed * 1000), term.Count(len(s.Instances), "instance"), term.Count(s.Events, "event"),
		term.Decimal(s.Rate) + "/s", term.Size(uint64(s.ByteRate)) + "/s",
	}
	if s.Delay != nil {
		parts = append(parts, "delay p99 "+term.Millis(s.Delay.P99))
	}
	return r.line(name, term.Style{}, strings.Join(parts, "  "))
}

// nameWidth returns how many cells the name of an instance may take.
func (r *report) nameWidth() int {
	if r.width == 0 {
		return 40 // enough for a UUID
	}
	return min(24, max(12, r.width/5))
}

// instances returns a table with a row per instance. In a narrow window the
// columns at the right are dropped.
func (r *report) instances(s *Snapshot, live bool) [][]byte {
	columns := []term.Column{{Title: "INSTANCE", Most: r.nameWidth()}, {Title: "STATE"}}
	for _, title := range []string{
		"EVENTS", "NOW/S", "DELAY P50", "P99", "FPS", "DROPPED", "MAX DELAY", "MINUTE/S", "BYTES/S", "LAST", "LATENCY", "QUEUE",
	} {
		columns = append(columns, number(title))
	}
	rows := make([][]term.Cell, len(s.Instances))
	for i := range s.Instances {
		in := &s.Instances[i]
		var p50, p99, longest, fps, dropped, latency, queue string
		if d := in.Delay; d != nil {
			p50, p99, longest = term.Millis(d.P50), term.Millis(d.P99), term.Millis(d.Max)
		}
		if e := in.Engine; e != nil {
			fps, latency, queue = fmt.Sprintf("%.1f", e.FPS), term.Millis(e.Latency), term.Number(uint64(e.Queue))
			if e.SourceFPS > 0 {
				fps += fmt.Sprintf("/%.1f", e.SourceFPS)
			}
			dropped = term.Number(uint64(e.DroppedSince))
			if live || s.Total() { // a frame that is drawn over shows the run
				dropped = term.Number(uint64(e.Dropped))
			}
		}
		rows[i] = append([]term.Cell{{Text: in.Name, Style: r.styles.Bold}, r.state(in)}, cells(
			term.Number(in.Events), term.Decimal(in.Now), p50, p99, fps, dropped, longest, term.Decimal(in.Minute),
			term.Size(uint64(in.ByteRateNow)), ago(s, in.Last), latency, queue,
		)...)
	}
	return r.table(columns, rows)
}

// state returns the state of an instance in words.
func (r *report) state(in *Instance) term.Cell {
	switch {
	case in.Silent:
		return term.Cell{Text: "SILENT " + seconds(in.quiet), Style: r.styles.Alarm}
	case in.State == Connected && in.Events == 0:
		return term.Cell{Text: "no events yet", Style: r.styles.Faint}
	case in.quiet >= quietTime:
		return term.Cell{Text: "quiet " + seconds(in.quiet), Style: r.styles.Faint}
	case in.State == Connected:
		return term.Cell{Text: string(in.State), Style: r.styles.Good}
	case in.State == Reconnecting:
		return term.Cell{Text: "reconnecting " + term.Millis(in.StateFor*1000), Style: r.styles.Warn}
	case in.State == Ended:
		return term.Cell{Text: string(in.State), Style: r.styles.Warn}
	}
	return term.Cell{Text: string(in.State), Style: r.styles.Faint}
}

// seconds returns d in whole seconds: "4 s", "3 min 5 s".
func seconds(d time.Duration) string {
	if d < time.Minute {
		return term.Number(int64(d/time.Second)) + " s"
	}
	return term.Duration(d.Truncate(time.Second))
}

// ago returns how long before the snapshot something was.
func ago(s *Snapshot, last time.Time) string {
	if last.IsZero() {
		return "-"
	}
	return term.Duration(max(0, s.Time.Sub(last)))
}

// losses returns a line per instance that lost something.
func (r *report) losses(s *Snapshot) (lines [][]byte) {
	for i := range s.Instances {
		in := &s.Instances[i]
		if lost := lossesOf(&in.Flow); len(lost) > 0 {
			lines = append(lines, r.line(in.Name, r.styles.Warn, ": "+strings.Join(lost, ", ")))
		}
	}
	if lost := lossesOf(&s.unassigned); len(lost) > 0 {
		lines = append(lines, r.line("input", r.styles.Warn, ": "+strings.Join(lost, ", ")))
	}
	return lines
}

func lossesOf(f *Flow) (lost []string) {
	if f.Gap > 0 || f.Reconnects > 0 {
		lost = append(lost, term.Count(f.Reconnects, "reconnect")+", "+term.Millis(f.Gap*1000)+" without a connection")
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
	return lost
}

// pairs returns a table with a row per type that has an end: how many are open,
// where, and how long those lasted that ended.
func (r *report) pairs(s *Snapshot) [][]byte {
	columns := []term.Column{
		{Title: "INSTANCE", Most: r.nameWidth()}, {Title: "EVENT", Most: 32}, number("OPEN"), number("ENDED"),
		number("LASTED P50"), number("MAX"), {Title: "INSIDE"},
	}
	var rows [][]term.Cell
	for i := range s.Instances {
		rows = append(rows, r.pairRows(&s.Instances[i])...)
	}
	return r.table(columns, rows)
}

func (r *report) pairRows(in *Instance) (rows [][]term.Cell) {
	var types []string
	open, inside := map[string]uint64{}, map[string][]string{}
	for _, o := range in.OpenEvents {
		types = append(types, o.Type)
		open[o.Type] += o.Count
		inside[o.Type] = append(inside[o.Type], term.Number(o.Count)+" in "+o.Place)
	}
	ended := map[string]EndedType{}
	for _, e := range in.Ended {
		types = append(types, e.Type)
		ended[e.Type] = e
	}
	for i, typ := range types {
		if slices.Contains(types[:i], typ) {
			continue
		}
		var p50, longest string
		if d := ended[typ].Duration; d != nil {
			p50, longest = term.Millis(d.P50), term.Millis(d.Max)
		}
		row := cells(in.Name, typ, term.Number(open[typ]), term.Number(ended[typ].Count), p50, longest, strings.Join(inside[typ], ", "))
		row[0].Style = r.styles.Bold
		if open[typ] > 0 {
			row[2].Style = r.styles.Bold
		}
		rows = append(rows, row)
	}
	return rows
}

// groups returns a table with a row per type, or per value of --by.
func (r *report) groups(s *Snapshot) [][]byte {
	title := s.By
	if title == "_type" {
		title = "TYPE"
	}
	columns := []term.Column{
		{Title: title, Most: 40}, number("EVENTS"), number("NOW/S"), number("MINUTE/S"), number("LAST"), number("BYTES"),
	}
	var rows [][]term.Cell
	for _, g := range s.Groups {
		rows = append(rows, cells(
			g.Value, term.Number(g.Events), term.Decimal(g.Now), term.Decimal(g.Minute), ago(s, g.Last), term.Size(g.Bytes)))
	}
	return r.table(columns, rows)
}
