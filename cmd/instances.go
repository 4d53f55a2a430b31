package cmd

import (
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/target"
	"github.com/rtev/rtev/internal/term"
)

func newInstances(a *app) *cobra.Command {
	var demo bool
	c := &cobra.Command{
		Use: "instances", Short: "list the server's instances", Args: noArguments, PreRunE: a.load,
		RunE: func(c *cobra.Command, _ []string) error { return a.listInstances(c, demo) },
	}
	describe(c)
	c.Long += exitHelp
	c.Flags().BoolVar(&demo, "demo", false, "ask a simulator inside this process")
	return c
}

// listInstances prints what the servers that answer have. One that does not is the
// error of the command.
func (a *app) listInstances(c *cobra.Command, demo bool) error {
	s, err := a.begin(c, reading{demo: demo})
	if err != nil {
		return err
	}
	set, err := s.instances()
	if err != nil {
		return s.end(err)
	}
	_, listings := set.All(s.ctx)
	listings, failed := s.answered(listings)
	if len(listings) > 0 {
		if _, err := s.out.Write(s.instanceLines(listings)); err != nil {
			return s.end(err)
		}
	}
	return s.end(failed)
}

// answered returns the lists of the servers that answered, and the error of the
// first one that did not; others are reported.
func (s *session) answered(list []target.Listing) (answered []target.Listing, failed error) {
	for _, l := range list {
		switch {
		case l.Err == nil:
			answered = append(answered, l)
		case failed == nil:
			failed = l.Err
		default:
			s.notices.warn("%v", l.Err)
		}
	}
	return answered, failed
}

var instanceTitles = []string{"name", "state", "fps", "id", "group", "solution", "version", "server"}

// instanceLines returns the list in the format of --output: ndjson has the server's
// own objects.
func (s *session) instanceLines(listings []target.Listing) (lines []byte) {
	var rows [][]string // values of instanceTitles
	for _, l := range listings {
		for _, in := range l.Instances {
			lines = append(format.AppendVisibleJSON(lines, in.Raw), '\n')
			fps := strconv.FormatFloat(in.FPS, 'f', 1, 64)
			rows = append(rows, []string{in.Name, in.State(), fps, in.ID, in.Group, in.Solution, in.Version, l.Client.Server()})
		}
	}
	switch s.cfg.Output {
	case "text":
		return s.instanceTable(rows)
	case "csv":
		record := format.CSVRecord{Terminal: s.outTTY}
		lines = record.Append(nil, instanceTitles...)
		for _, row := range rows {
			lines = record.Append(lines, row...)
		}
	}
	return lines
}

// instanceTable returns a table that fits the terminal.
func (s *session) instanceTable(rows [][]string) []byte {
	styles := term.NewStyles(s.color)
	table := term.Table{Title: styles.Bold}
	for _, title := range instanceTitles {
		table.Columns = append(table.Columns, term.Column{Title: strings.ToUpper(title), Right: title == "fps"})
	}
	if s.outTTY {
		table.Columns[0].Most = 22 // so that name, state, fps and id fit in 80 columns
	}
	for _, texts := range rows {
		var row []term.Cell
		for _, text := range texts {
			row = append(row, term.Cell{Text: text})
		}
		if row[1].Text == "running" {
			row[1].Style = styles.Good
		}
		table.Rows = append(table.Rows, row)
	}
	return table.Append(nil, s.width())
}
