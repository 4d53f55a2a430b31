package cmd

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
)

const instancesExample = `  rtev instances -s nvr1
  rtev instances -s nvr1 -s nvr2 -o csv
  rtev instances -o ndjson | jq -r 'select(.running).displayName'`

func newInstances(a *app) *cobra.Command {
	var demo bool
	c := &cobra.Command{
		Use: "instances", Short: "list the server's instances", Example: instancesExample,
		Long: `instances lists what the servers have: name, id, group, solution, state, frames
a second and version. -o ndjson prints the server's own objects.` + exitHelp,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return a.instances(c, demo) },
	}
	c.Flags().BoolVar(&demo, "demo", false, "ask a simulator inside this process")
	return c
}

func noArguments(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return &usageError{msg: fmt.Sprintf("%s takes no argument such as %q", c.CommandPath(), args[0]), hint: c.CommandPath() + " --help"}
	}
	return nil
}

func (a *app) instances(c *cobra.Command, demo bool) error {
	s, err := a.begin(c, reading{demo: demo})
	if err != nil {
		return err
	}
	f, err := s.open()
	if err != nil {
		return err
	}
	f.list(s.ctx)
	if err := f.failed(); err != nil {
		return s.end(err)
	}
	lines := a.instanceLines(s, f)
	if lines == nil {
		return s.end(usagef("-o %s is for rtev stats; here it is text, ndjson or csv", s.cfg.Output))
	}
	if _, err := s.out.Write(lines); err != nil {
		return s.end(&event.WriteError{Err: err})
	}
	return s.end(nil)
}

// instanceLines is the list in the format that was asked for, nil for none known.
func (a *app) instanceLines(s *session, f *finder) []byte {
	lines := []byte{}
	switch s.cfg.Output {
	case "ndjson":
		for _, list := range f.lists {
			for _, in := range list {
				lines = append(appendLine(lines, in.Raw), '\n')
			}
		}
		return lines
	case "csv":
		var b strings.Builder
		w := csv.NewWriter(&b)
		for _, row := range instanceRows(f, true, -1) {
			for i, field := range row {
				if field != "" && strings.ContainsRune("=+-@\t\r", rune(field[0])) {
					row[i] = "'" + field // so that no spreadsheet runs it
				}
			}
			_ = w.Write(row) // a strings.Builder takes all
		}
		w.Flush()
		return append(lines, b.String()...)
	case "text":
		return appendTable(lines, instanceRows(f, len(f.servers) > 1, 1), s.color)
	}
	return nil
}

// appendLine appends the server's own object, line ends between its tokens
// taken out: a record is one line.
func appendLine(dst []byte, raw json.RawMessage) []byte {
	var b bytes.Buffer
	if bytes.ContainsAny(raw, "\n\r") && json.Compact(&b, raw) == nil {
		return append(dst, b.Bytes()...)
	}
	return append(dst, raw...)
}

// instanceRows is a header and a row an instance, rates with so many digits
// behind the point (-1: all).
func instanceRows(f *finder, server bool, digits int) [][]string {
	rows := [][]string{{"name", "state", "fps", "id", "group", "solution", "version"}}
	if server {
		rows[0] = append(rows[0], "server")
	}
	for i, list := range f.lists {
		for _, in := range list {
			row := []string{in.Name, in.State(), strconv.FormatFloat(in.FPS, 'f', digits, 64), in.ID, in.Group, in.Solution, in.Version}
			if server {
				row = append(row, f.servers[i].Server())
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// stateColors are the SGR codes of the states; the words say the same.
var stateColors = map[string]string{"running": "32", "loaded": "33", "registered": "2"}

// appendTable appends rows in columns, the header in capitals. Every value is
// made safe to show.
func appendTable(dst []byte, rows [][]string, color bool) []byte {
	widths := make([]int, len(rows[0]))
	for r, row := range rows {
		for i, field := range row {
			if r == 0 {
				field = strings.ToUpper(field)
			}
			row[i] = string(format.AppendSafe(nil, field))
			widths[i] = max(widths[i], format.Width(row[i]))
		}
	}
	for r, row := range rows {
		for i, field := range row {
			code := stateColors[field]
			if r == 0 {
				code = "1"
			}
			if i == len(row)-1 {
				widths[i] = 0
			}
			dst = appendCell(dst, field, widths[i], code, color)
		}
		dst = append(bytes.TrimRight(dst, " "), '\n')
	}
	return dst
}

func appendCell(dst []byte, field string, width int, code string, color bool) []byte {
	if color && code != "" {
		dst = fmt.Appendf(dst, "\x1b[%sm%s\x1b[0m", code, field)
	} else {
		dst = append(dst, field...)
	}
	for n := format.Width(field); n < width+2 && width > 0; n++ {
		dst = append(dst, ' ')
	}
	return dst
}
