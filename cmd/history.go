package cmd

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/history"
	"github.com/rtev/rtev/internal/pipeline"
	"github.com/rtev/rtev/internal/target"
	"github.com/rtev/rtev/internal/term"
)

type historyOptions struct {
	reading
	printing
	tracks  bool
	countBy []string
	per     string
}

// units are the lengths of an interval that servers know.
var units = []string{"minute", "hour", "day", "week", "month", "year"}

func newHistory(a *app) *cobra.Command {
	var o historyOptions
	c := &cobra.Command{
		Use: "history [INSTANCE...]", Short: "query events stored on the server",
		RunE: func(c *cobra.Command, args []string) error { return a.history(c, o, args) },
	}
	o.reading.flags(c)
	f := c.Flags()
	f.Lookup("since").Usage = "stored events since `TIME` (10m, 3d, 15:04, RFC 3339; default 24h)"
	f.Lookup("until").Usage = "stored events until `TIME`"
	f.BoolVar(&o.tracks, "tracks", false, "stored tracks instead of events")
	f.StringSliceVar(&o.countBy, "count-by", nil, "count events by `COLUMNS` of the database")
	f.StringVar(&o.per, "per", "", "with --count-by: one count per `UNIT`: "+strings.Join(units, ", "))
	o.printing.flags(c)
	return c
}

func (a *app) history(c *cobra.Command, o historyOptions, args []string) error {
	if err := o.check(c); err != nil {
		return err
	}
	if o.tracks || o.countBy != nil {
		o.events = nil // the defaults of the config file may exclude them
	}
	s, err := a.begin(c, o.reading)
	if err != nil {
		return err
	}
	if s.until.Sub(s.since).Hours() > 24.1 && s.cfg.Output == "text" && o.template == "" && !c.Flags().Changed("time") {
		o.time = "rfc3339" // a time of the day would be ambiguous
	}
	encoder, err := s.encoder(o.printing)
	if err != nil {
		return s.end(err)
	}
	sources, set, err := s.stored(args, &o)
	if err != nil {
		return s.end(err)
	}
	counted := &counts{session: s, historyOptions: o}
	var sink event.Sink = counted
	if o.countBy == nil {
		sink = format.NewWriter(encoder(), s.out)
	}
	found := false
	open := func() event.Sink {
		return s.matched(pipeline.Match(func(*event.Event) bool { found = true; return true }, s.limited(sink)))
	}
	var failed error
	for _, source := range sources { // one after the other, for the order
		failed = cmp.Or(failed, pipeline.Run(s.ctx, []event.Source{source}, open))
	}
	if !found && failed == nil && s.ctx.Err() == nil {
		s.notices.Info("nothing stored matches from %s to %s", s.since.Local().Format(time.DateTime),
			s.until.Local().Format(time.DateTime))
	}
	if o.countBy != nil && (found || failed == nil) {
		err = counted.print()
	}
	return s.end(cmp.Or(failed, err, s.unreached(set)))
}

// check reports flags that have no effect or an unknown value.
func (o *historyOptions) check(c *cobra.Command) error {
	switch {
	case o.per != "" && (o.countBy == nil || !slices.Contains(units, o.per)):
		return usagef("--per needs --count-by and one of %s", strings.Join(units, ", "))
	case o.countBy != nil:
		return withoutEffect(c, "with --count-by",
			"events", "tracks", "columns", "template", "no-image", "time", "utc", "frame")
	case o.tracks:
		return withoutEffect(c, "with --tracks, which are all of one type", "events")
	}
	return nil
}

// stored returns the queries of the instances that are named, else of all. One query
// reads all instances of a server, so that their events are in order.
func (s *session) stored(args []string, o *historyOptions) (list []*history.Source, _ *target.Set, _ error) {
	named := len(args) > 0 || len(s.cfg.Default) > 0 && !s.demo
	if !named {
		args = []string{"*"}
	} else if o.countBy != nil && !slices.Contains(o.countBy, "instance_id") {
		o.countBy = append(o.countBy, "instance_id") // whether servers can filter counts is unknown
	}
	targets, set, err := s.targets(args)
	for _, t := range targets {
		types := s.typesOf(t, s.types.Query())
		i := slices.IndexFunc(list, func(h *history.Source) bool {
			return h.Client == t.Client && slices.Equal(h.Types, types) && !o.tracks
		})
		if i < 0 {
			i = len(list)
			list = append(list, &history.Source{
				Client: t.Client, Since: s.since, Until: s.until, Types: types,
				Others: !named && !o.tracks, Tracks: o.tracks, CountBy: o.countBy, Per: o.per, Notify: s.notices.Report,
			})
		}
		list[i].Instances = append(list[i].Instances, t.Instance)
	}
	return list, set, err
}

// counts is the sink of the rows of --count-by.
type counts struct {
	*session
	historyOptions
	rows []*event.Event
}

// Put keeps a row.
func (n *counts) Put(e *event.Event) error {
	n.rows = append(n.rows, e.Clone())
	return nil
}

// Flush does nothing: the widths of a table depend on all its rows.
func (n *counts) Flush() error { return nil }

// print prints the rows in the order of their first column.
func (n *counts) print() error {
	names := append(n.countBy, "events")
	if n.per != "" && len(n.rows) > 0 {
		for name := range n.rows[0].EachMember {
			if name := string(name); !strings.ContainsAny(name, "$.,=:|@#!*?{}[]()\\\"") && !slices.Contains(names, name) {
				names = slices.Insert(names, 0, name) // the interval's start, whose name is not documented
			}
		}
	}
	slices.SortStableFunc(n.rows, func(a, b *event.Event) int {
		return strings.Compare(a.Get(`\`+names[0]).String(), b.Get(`\`+names[0]).String())
	})
	if n.cfg.Output == "text" {
		_, err := n.out.Write(n.table(names))
		return err
	}
	for _, name := range names {
		n.columns = append(n.columns, name+`=\`+name)
	}
	encoder, err := n.encoder(n.printing)
	if err != nil {
		return err
	}
	w := format.NewWriter(encoder(), n.out)
	for _, row := range n.rows {
		_ = w.Put(row) // Flush returns its error
	}
	return w.Flush()
}

// table returns a table with a bar for each count.
func (n *counts) table(names []string) []byte {
	styles := term.NewStyles(n.color)
	table := term.Table{Title: styles.Bold}
	for _, name := range names {
		table.Columns = append(table.Columns, term.Column{Title: strings.ToUpper(name), Right: name == "events"})
	}
	table.Columns = append(table.Columns, term.Column{})
	most := 1.0
	for _, row := range n.rows {
		most = max(most, row.Get("events").Float())
	}
	for _, row := range n.rows {
		var cells []term.Cell
		for _, name := range names {
			cells = append(cells, term.Cell{Text: row.Get(`\` + name).String()})
		}
		bar := strings.Repeat("█", max(0, int(row.Get("events").Float()/most*30+0.999)))
		table.Rows = append(table.Rows, append(cells, term.Cell{Text: bar, Style: styles.Faint}))
	}
	return table.Append(nil, n.width())
}

// filled returns the live source of an instance, with the stored events of its
// past and its gaps if they are wanted.
func (s *session) filled(t *target.Target, o liveOptions, live func(event.Notify) event.Source) event.Source {
	if o.since.IsZero() && !o.gaps {
		return live(o.notify)
	}
	stored := history.Source{
		Client: t.Client, Instances: []*event.Instance{t.Instance}, Types: s.typesOf(t, nil), Notify: o.notify,
	}
	return &history.Filled{Live: live, Stored: stored, Since: o.since, Gaps: o.gaps, Notify: o.notify}
}
