package cmd

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/history"
	"github.com/rtev/rtev/internal/jsonraw"
	"github.com/rtev/rtev/internal/term"
)

// storedColumns are the database's columns of computed fields.
var storedColumns = map[string]string{"_type": "event_type", "_instance": "instance_id", "_place": "trigger_name", "_class": "object_class"}

// checkCounts reports mistakes in --count-by and --per.
func (o *historyOptions) checkCounts(q *history.CountQuery, output string) error {
	for _, column := range q.Columns {
		if better := storedColumns[column]; better != "" {
			return usagef("--count-by takes columns of the database; that of %s is %s", column, better)
		}
		if column == "" || strings.HasPrefix(column, "_") {
			return usagef("--count-by %q: no such column in the database", column)
		}
	}
	if len(q.Grouped()) > history.MaxColumns {
		return usagef("--count-by: servers count by at most %d columns, and INSTANCE and -e need one each", history.MaxColumns)
	}
	if units := history.Units(); o.per != "" && !slices.Contains(units, o.per) {
		e := &usageError{msg: "--per " + o.per + ": the units are " + strings.Join(units, ", ")}
		if near := term.Nearest(o.per, units); near != "" {
			e.hint = "--per " + near
		}
		return e
	}
	return o.checkOutput(output)
}

// countStored prints what the servers count.
func (s *session) countStored(c *cobra.Command, o historyOptions, args []string) error {
	q := history.CountQuery{Since: s.since, Until: s.until, Columns: o.columns, Per: o.per}
	named := len(args) > 0 || len(s.cfg.Default) > 0
	wanted := map[string]bool{}
	if named {
		q.Instance = func(id string) bool { return wanted[strings.ToLower(id)] }
	}
	if len(o.events) > 0 {
		q.Type = func(words string) bool { return s.types.Match(history.TypeOf(words)) }
	}
	if err := o.checkCounts(&q, s.cfg.Output); err != nil {
		return err
	}
	targets, reached, failed := s.storedTargets(args, named)
	names := map[string]string{}
	for _, t := range targets {
		wanted[strings.ToLower(t.Instance.ID)] = true
		names[t.Instance.ID] = t.Instance.Name
		if named && !slices.Contains(reached, t.Client) {
			reached = append(reached, t.Client)
		}
	}
	var servers []history.Client
	for _, client := range reached {
		servers = append(servers, client)
	}
	if len(servers) == 0 {
		return failed
	}
	list, err := history.Counts(s.ctx, servers, q)
	if err != nil {
		return err
	}
	titles, rows := o.countRows(list)
	var lines []byte
	switch s.cfg.Output {
	case "ndjson":
		lines = s.countObjects(titles, rows)
	case "csv":
		lines = s.countRecords(o, titles, rows)
	default:
		lines = s.countTable(list, o, names)
	}
	if _, err := s.out.Write(lines); err != nil {
		return &event.WriteError{Err: err}
	}
	if len(list) == 0 {
		s.nothingStored()
	}
	return failed
}

// countRows returns the counts for programs: the interval's start, the groups,
// the number of events.
func (o *historyOptions) countRows(list []history.Count) (titles []string, rows [][]string) {
	titles = append(slices.Clone(o.columns), "events")
	for _, n := range list {
		rows = append(rows, append(slices.Clone(n.Groups), strconv.FormatFloat(n.Events, 'f', -1, 64)))
	}
	if o.per == "" {
		return titles, rows
	}
	for i, n := range list {
		start := ""
		if !n.Start.IsZero() {
			start = n.Start.UTC().Format(time.RFC3339)
		}
		rows[i] = slices.Insert(rows[i], 0, start)
	}
	return slices.Insert(titles, 0, "time"), rows
}

// countObjects returns a line of JSON for each row. Its last value is a number.
func (s *session) countObjects(titles []string, rows [][]string) (lines []byte) {
	last := len(titles) - 1
	for _, row := range rows {
		object := []byte{'{'}
		for i, title := range titles[:last] {
			object = append(jsonraw.AppendQuoted(object, title), ':')
			object = append(jsonraw.AppendQuoted(object, row[i]), ',')
		}
		object = fmt.Appendf(object, "%q:%s}", titles[last], row[last])
		if s.outTTY {
			object = format.AppendVisibleJSON(nil, object)
		}
		lines = append(append(lines, object...), '\n')
	}
	return lines
}

// countRecords returns a CSV record for each row.
func (s *session) countRecords(o historyOptions, titles []string, rows [][]string) (lines []byte) {
	delimiter, _ := format.ParseDelimiter(o.delimiter) // checked
	record := format.CSVRecord{Delimiter: delimiter, Terminal: s.outTTY}
	if o.bom {
		lines = append(lines, "\ufeff"...)
	}
	if !o.noHeader {
		lines = record.Append(lines, titles...)
	}
	for _, row := range rows {
		lines = record.Append(lines, row...)
	}
	return lines
}

// barCells is the width of the longest bar.
const barCells = 30

// countTable returns a table with a bar for each count. names are those of
// instances, by id.
func (s *session) countTable(list []history.Count, o historyOptions, names map[string]string) []byte {
	styles := term.NewStyles(s.color)
	table := term.Table{Title: styles.Bold, Columns: []term.Column{{Title: strings.ToUpper(o.per)}}}
	for _, column := range o.columns {
		table.Columns = append(table.Columns, term.Column{Title: strings.ToUpper(strings.TrimSuffix(column, "_id")), Most: 40})
	}
	table.Columns = append(table.Columns, term.Column{Title: "EVENTS", Right: true}, term.Column{})
	most := 1.0
	for _, n := range list {
		most = max(most, n.Events)
	}
	for _, n := range list {
		row := []term.Cell{{Text: intervalText(n, o)}}
		for i, group := range n.Groups {
			if name := names[group]; o.columns[i] == "instance_id" && name != "" {
				group = name
			}
			row = append(row, term.Cell{Text: group})
		}
		bar := strings.Repeat("█", int(max(0, n.Events/most*barCells)+0.999))
		table.Rows = append(table.Rows, append(row, term.Cell{Text: term.Decimal(n.Events)}, term.Cell{Text: bar, Style: styles.Faint}))
	}
	if len(list) == 0 {
		return nil
	}
	return table.Append(nil, s.width())
}

// intervalText is the start of a count's interval for people. Days and what is
// longer begin at midnight UTC, whatever the zone.
func intervalText(n history.Count, o historyOptions) string {
	switch {
	case n.Start.IsZero():
		return ""
	case o.per != "hour" && o.per != "minute":
		return n.Start.UTC().Format(time.DateOnly)
	case o.utc:
		return n.Start.UTC().Format("2006-01-02 15:04")
	}
	return n.Start.Local().Format("2006-01-02 15:04")
}
