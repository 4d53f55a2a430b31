package cmd

import (
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rtev/rtev/internal/crop"
	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/pipeline"
)

// printing is how events are printed, as typed.
type printing struct {
	columns   []string
	template  string
	noHeader  bool
	delimiter string
	bom       bool
	noImage   bool
	time      string
	utc       bool
	frame     string
	parsed    *pflag.FlagSet // says which of them were typed
}

func (p *printing) flags(c *cobra.Command) {
	f := c.Flags()
	p.parsed = f
	f.StringArrayVarP(&p.columns, "columns", "c", nil,
		"csv columns or ndjson keys: `LIST` of paths, computed fields, default csv columns; name=path renames")
	f.StringVar(&p.template, "template", "", "one line per event from `TEXT` such as '{_time} {_place}: {object_class}'")
	f.BoolVar(&p.noHeader, "no-header", false, "csv without its header line")
	f.StringVar(&p.delimiter, "delimiter", ",", "csv: character `C` between fields, \\t for a tab")
	f.BoolVar(&p.bom, "bom", false, "csv: start with a byte order mark, which Excel needs")
	f.BoolVar(&p.noImage, "no-image", false, "ndjson with the image's size in bytes instead of the image")
	f.StringVar(&p.time, "time", "clock", "text: `FORMAT` of the time: clock, rfc3339, delta, off")
	f.BoolVar(&p.utc, "utc", false, "text: times in UTC instead of the local zone")
	f.StringVar(&p.frame, "frame", "", "boxes in pixels of a frame of `WxH` instead of fractions")
	_ = c.RegisterFlagCompletionFunc("columns", fieldCompletions(",="))
	offer(c, "time", "clock", "rfc3339", "delta", "off")
}

// encoder compiles the options and returns what makes an encoder for a chain.
func (s *session) encoder(p printing) (func() format.Encoder, error) {
	if p.parsed.Changed("template") && !p.parsed.Changed("output") {
		s.cfg.Output = "text" // a flag overrides the output of the environment or file
	}
	if err := p.checkOutput(s.cfg.Output); err != nil {
		return nil, err
	}
	clock, err := format.ParseTimeFormat(p.time)
	if err != nil {
		return nil, usagef("--%v", err)
	}
	delimiter, err := format.ParseDelimiter(p.delimiter)
	if err != nil {
		return nil, usagef("--%v", err)
	}
	var columns format.Columns
	if len(p.columns) > 0 {
		if columns, err = format.ParseColumns(strings.Join(p.columns, ",")); err != nil {
			return nil, usagef("--%v", err)
		}
	}
	var frame format.Frame
	if p.frame != "" {
		if frame, err = format.ParseFrame(p.frame); err != nil {
			return nil, usagef("--%v", err)
		}
	}
	switch {
	case s.cfg.Output == "ndjson":
		o := format.NDJSONOptions{Columns: columns, NoImage: p.noImage, Frame: frame, Terminal: s.outTTY}
		return func() format.Encoder { return format.NewNDJSON(o) }, nil
	case s.cfg.Output == "csv":
		o := format.CSVOptions{
			Columns: columns, NoHeader: p.noHeader, BOM: p.bom, Delimiter: delimiter, Frame: frame, Terminal: s.outTTY,
		}
		return func() format.Encoder { return format.NewCSV(o) }, nil
	case p.template != "" || p.parsed.Changed("template"):
		template, err := format.ParseTemplate(p.template)
		if err != nil {
			return nil, usagef("--%v", err)
		}
		return template.NewEncoder, nil
	}
	o := format.TextOptions{Color: s.color, Sources: s.names.all, Time: clock, Frame: frame, Zone: zone(p.utc)}
	if s.outTTY {
		o.Width = s.width
	}
	return func() format.Encoder { return format.NewText(o) }, nil
}

// checkOutput reports typed flags that have no effect with an output format. A
// default of the config file is no mistake.
func (p *printing) checkOutput(output string) error {
	templated := output == "text" && p.template != ""
	for _, flag := range []struct {
		name     string
		with     []string
		replaced bool // by --template
	}{
		{"columns", []string{"ndjson", "csv"}, false},
		{"template", []string{"text"}, false},
		{"no-header", []string{"csv"}, false},
		{"delimiter", []string{"csv"}, false},
		{"bom", []string{"csv"}, false},
		{"no-image", []string{"ndjson"}, false},
		{"time", []string{"text"}, true},
		{"utc", []string{"text"}, true},
		{"frame", []string{"text", "ndjson", "csv"}, true},
	} {
		switch {
		case !p.parsed.Changed(flag.name):
		case !slices.Contains(flag.with, output):
			return usagef("--%s has no effect with -o %s; it needs -o %s", flag.name, output, strings.Join(flag.with, " or -o "))
		case templated && flag.replaced:
			return usagef("--%s has no effect with --template", flag.name)
		}
	}
	return nil
}

// zone returns the zone of times.
func zone(utc bool) *time.Location {
	if utc {
		return time.UTC
	}
	return time.Local
}

// onScreen reports whether events are shown as text on a terminal.
func (s *session) onScreen() bool { return s.cfg.Output == "text" && s.outTTY }

// width returns the columns of the terminal.
func (s *session) width() int {
	w, _ := s.size()
	return w
}

// joined puts filters in front of a sink. In text on a terminal, the line of a
// crop says what it shows and where, also if the filters drop the event or the
// updates of the track that say so.
func (s *session) joined(filters func(to event.Sink) event.Sink, to event.Sink) event.Sink {
	if !s.onScreen() {
		return filters(to)
	}
	var joiner crop.Joiner
	return pipeline.Match(joiner.See, filters(pipeline.Match(joiner.Join, to)))
}
