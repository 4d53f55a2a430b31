package cmd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/rtapi"
	"github.com/rtev/rtev/internal/target"
	"github.com/rtev/rtev/internal/term"
)

const instancesExample = `  rtev instances -s nvr1
  rtev instances -s nvr1 -s nvr2 -o csv
  rtev instances -o ndjson | jq -r 'select(.running).displayName'`

func newInstances(a *app) *cobra.Command {
	var demo bool
	c := &cobra.Command{
		Use: "instances", Short: "list the server's instances", Example: instancesExample,
		Long: `instances lists the instances of the servers: name, state, frames per second,
id, group, solution and version. -o ndjson prints the server's own objects.` + exitHelp,
		Args: noArguments, PreRunE: a.load,
		RunE: func(c *cobra.Command, _ []string) error { return a.instances(c, demo) },
	}
	c.Flags().BoolVar(&demo, "demo", false, "ask a simulator inside this process")
	return c
}

func noArguments(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return &usageError{msg: fmt.Sprintf("%s takes no argument, but %q was given", c.CommandPath(), args[0]), hint: c.CommandPath() + " --help"}
	}
	return nil
}

// instances prints what the servers that answer have. One that does not is the
// error of the command.
func (a *app) instances(c *cobra.Command, demo bool) error {
	s, err := a.begin(c, reading{demo: demo})
	if err != nil {
		return err
	}
	set, err := s.instances(nil)
	if err != nil {
		return err
	}
	listings, failed := s.answered(set.List(s.ctx))
	if len(listings) > 0 {
		if _, err := s.out.Write(s.instanceLines(listings)); err != nil {
			return s.end(&event.WriteError{Err: err})
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

// instanceLines returns the list in the format of --output.
func (s *session) instanceLines(listings []target.Listing) (lines []byte) {
	switch s.cfg.Output {
	case "ndjson":
		return s.instanceObjects(listings)
	case "csv":
		record := format.CSVRecord{Terminal: s.outTTY}
		lines = record.Append(lines, append(slices.Clone(instanceTitles), "server")...)
		for _, l := range listings {
			for _, in := range l.Instances {
				lines = record.Append(lines, append(instanceTexts(in), l.Client.Server())...)
			}
		}
		return lines
	}
	return s.instanceTable(listings)
}

// instanceObjects appends the server's own objects, each as one line.
func (s *session) instanceObjects(listings []target.Listing) (lines []byte) {
	for _, l := range listings {
		for _, in := range l.Instances {
			raw := []byte(in.Raw)
			var b bytes.Buffer
			if bytes.ContainsAny(raw, "\n\r") && json.Compact(&b, raw) == nil {
				raw = b.Bytes()
			}
			if s.outTTY {
				lines = format.AppendVisibleJSON(lines, raw)
			} else {
				lines = append(lines, raw...)
			}
			lines = append(lines, '\n')
		}
	}
	return lines
}

var instanceTitles = []string{"name", "state", "fps", "id", "group", "solution", "version"}

// instanceTexts returns the values of instanceTitles.
func instanceTexts(in rtapi.Instance) []string {
	return []string{in.Name, in.State(), strconv.FormatFloat(in.FPS, 'f', 1, 64), in.ID, in.Group, in.Solution, in.Version}
}

// nameCells limits the width of a name, so that name, state, fps and id fit in
// 80 columns.
const nameCells = 22

// instanceTable appends a table that fits the terminal.
func (s *session) instanceTable(listings []target.Listing) []byte {
	styles := term.NewStyles(s.color)
	table := term.Table{Title: styles.Bold, Columns: []term.Column{
		{Title: "NAME"}, {Title: "STATE"}, {Title: "FPS", Right: true}, {Title: "ID"},
		{Title: "GROUP"}, {Title: "SOLUTION"}, {Title: "VERSION"}, {Title: "SERVER"},
	}}
	width := 0
	if s.outTTY {
		width, _ = s.size()
		table.Columns[0].Most = nameCells
	}
	for _, l := range listings {
		server := ""
		if len(s.cfg.Server) > 1 {
			server = l.Client.Server()
		}
		for _, in := range l.Instances {
			row := make([]term.Cell, 0, len(table.Columns))
			for _, text := range append(instanceTexts(in), server) {
				row = append(row, term.Cell{Text: text})
			}
			row[1].Style = stateStyle(styles, in)
			table.Rows = append(table.Rows, row)
		}
	}
	return table.Append(nil, width)
}

// stateStyle returns the colour of a state; the word says the same.
func stateStyle(styles *term.Styles, in rtapi.Instance) term.Style {
	switch {
	case in.Running:
		return styles.Good
	case in.Loaded:
		return styles.Warn
	}
	return styles.Faint
}
