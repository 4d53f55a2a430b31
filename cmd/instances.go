package cmd

import (
	"cmp"
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

// listInstances prints what the servers that answer have. The command fails if one
// does not.
func (a *app) listInstances(c *cobra.Command, demo bool) error {
	s, err := a.begin(c, reading{demo: demo})
	if err != nil {
		return err
	}
	set, err := s.instances()
	if err != nil {
		return s.end(err)
	}
	if _, listings := set.All(s.ctx); len(listings) > 0 {
		if _, err := s.out.Write(s.instanceLines(listings)); err != nil {
			return s.end(err)
		}
	}
	return s.end(s.unreached(set))
}

// unreached returns the error of the first server that did not answer, nil if all
// did. Others are reported.
func (s *session) unreached(set *target.Set) error {
	errs := set.Unreached()
	for _, err := range errs[min(1, len(errs)):] {
		s.notices.Warn("%v", err)
	}
	return cmp.Or(errs...)
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
