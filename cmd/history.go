package cmd

import (
	"cmp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/filter"
	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/history"
	"github.com/rtev/rtev/internal/pipeline"
	"github.com/rtev/rtev/internal/rtapi"
	"github.com/rtev/rtev/internal/target"
)

const historyLong = `history prints the events that servers have stored in their own database, oldest
first: of the instances that are named, else of all, whether they run or not.
Without --since it prints the last 24 hours. Filters, columns and formats are
those of tail. The server stores events and tracks, but no crops and attributes.

TIME is how long ago (10m, 2h, 3d), a time of the day (15:04, yesterday's if
today's is still to come), RFC 3339, a date, or Unix seconds or milliseconds.

--count-by lets the server count. COLUMNS are one to three columns of the
database, such as event_type, instance_id or trigger_name.`

const historyExample = `  rtev history --demo --since 2h
  rtev history gate --since 22:00 --until 06:00 -e event-intrusion
  rtev history gate --since 3d -o csv > three-days.csv
  rtev history --since 24h --count-by event_type --per hour
  rtev history gate --tracks --since 10m -o ndjson`

// historySpan is how far history goes back without --since.
const historySpan = 24 * time.Hour

type historyOptions struct {
	reading
	printing
	tracks  bool
	columns []string // of --count-by
	per     string
}

func newHistory(a *app) *cobra.Command {
	var o historyOptions
	c := &cobra.Command{
		Use: "history [INSTANCE...]", Short: "query events stored on the server", Long: historyLong, Example: historyExample,
		RunE: func(c *cobra.Command, args []string) error { return a.history(c, o, args) },
	}
	o.reading.flags(c)
	c.Flags().Lookup("since").Usage = "only events since `TIME` (10m, 2h, 3d, 15:04, RFC 3339, Unix s or ms); the last 24 h if not given"
	c.Flags().Lookup("until").Usage = "only events until `TIME`"
	f := c.Flags()
	f.BoolVar(&o.tracks, "tracks", false, "stored tracks instead of events")
	f.StringSliceVar(&o.columns, "count-by", nil, "count events by `COLUMNS` of the database (event_type, instance_id, trigger_name)")
	f.StringVar(&o.per, "per", "", "with --count-by: one count per `UNIT`: minute, hour, day, week, month, year")
	o.printing.flags(c)
	offer(c, "count-by", "event_type", "instance_id", "trigger_name")
	offer(c, "per", history.Units()...)
	return c
}

func (a *app) history(c *cobra.Command, o historyOptions, args []string) error {
	if slices.Contains(args, "-") {
		return &usageError{msg: "history asks a server, not standard input (-)", hint: "rtev tail - --since TIME"}
	}
	if o.tracks && !c.Flags().Changed("events") {
		o.events = nil // the defaults of the config file may exclude tracks
	}
	s, err := a.begin(c, o.reading)
	if err != nil {
		return err
	}
	if s.until.IsZero() {
		s.until = s.now
	}
	if s.since.IsZero() {
		s.since = s.until.Add(-historySpan)
	}
	if err := o.check(c); err != nil {
		return s.end(err)
	}
	if len(o.columns) > 0 {
		return s.end(s.countStored(c, o, args))
	}
	if s.until.Sub(s.since) > historySpan && s.cfg.Output == "text" && o.template == "" && !c.Flags().Changed("time") {
		o.time = "rfc3339" // a time of the day would be ambiguous
	}
	encoder, err := s.encoder(o.printing)
	if err != nil {
		return s.end(err)
	}
	s.tell("reading what is stored of", "since "+s.since.Local().Format(time.DateTime), "event")
	sources, failed := s.storedSources(args, o.tracks)
	if len(sources) == 0 {
		return s.end(failed)
	}
	found := false
	err = pipeline.Run(s.ctx, []event.Source{sources}, func() event.Sink {
		note := func(*event.Event) bool { found = true; return true }
		return s.matched(pipeline.Match(note, s.limited(s.shown(format.NewWriter(encoder(), s.out)))))
	})
	if err == nil && !found && s.ctx.Err() == nil {
		s.nothingStored()
	}
	return s.end(cmp.Or(err, failed))
}

// nothingStored says that a query found nothing.
func (s *session) nothingStored() {
	what := "nothing is stored"
	if !s.unfiltered() {
		what = "no stored event matches"
	}
	s.notices.Info("%s from %s to %s", what, s.since.Local().Format(time.DateTime), s.until.Local().Format(time.DateTime))
}

// check reports flags that have no effect.
func (o *historyOptions) check(c *cobra.Command) error {
	changed := c.Flags().Changed
	switch {
	case o.tracks && changed("events"):
		return usagef("-e has no effect with --tracks, which are all of one type")
	case changed("per") && len(o.columns) == 0:
		return usagef("--per needs --count-by")
	case len(o.columns) == 0:
		return nil
	}
	return withoutEffect(c, "with --count-by", "tracks", "where", "count", "columns", "template", "no-image", "time", "frame")
}

// storedSources returns the queries of the instances, and why others cannot be
// asked. Without arguments there is one query for each server, since it may have
// events of instances that it no longer lists; but one for each instance if only
// such a query gives tracks.
func (s *session) storedSources(args []string, tracks bool) (sources history.Merged, failed error) {
	named := len(args) > 0 || len(s.cfg.Default) > 0
	targets, clients, failed := s.storedTargets(args, named)
	s.announce(targets)
	typ := ""
	if types := s.types.Query(); len(types) == 1 {
		typ = types[0]
	}
	for _, t := range targets {
		s.names.add(t.Instance.Name)
		if named || tracks {
			sources = append(sources, &history.Source{Client: t.Client, InstanceID: t.Instance.ID, Locate: locateOnly(t), Type: typ})
		}
	}
	if !named && !tracks {
		for _, client := range clients {
			sources = append(sources, &history.Source{Client: client, Locate: s.locateStored(client, targets), Type: typ})
		}
	}
	for _, source := range sources {
		source.Since, source.Until, source.Tracks, source.Notify = s.since, s.until, tracks, s.notices.Report
	}
	return sources, failed
}

// storedTargets returns the instances that are named, else all that the servers
// list, and the servers that were reached. The error is that of the first server
// that was not, unless there is none to read.
func (s *session) storedTargets(args []string, named bool) (targets []*target.Target, clients []*rtapi.Client, err error) {
	if named {
		targets, set, err := s.targets(args)
		if err == nil {
			s.reportUnreached(set, false)
		}
		return targets, nil, err
	}
	set, err := s.instances()
	if err != nil {
		return nil, nil, err
	}
	targets, listings := set.All(s.ctx)
	for _, l := range listings {
		clients = append(clients, l.Client)
	}
	return targets, clients, s.unreached(set)
}

// locateOnly returns a function that locates one instance.
func locateOnly(t *target.Target) func(id string) *event.Instance {
	return func(id string) *event.Instance {
		if strings.EqualFold(id, t.Instance.ID) {
			return t.Instance
		}
		return nil
	}
}

// locateStored returns a function that locates the instances of a server. One
// that the server no longer lists has its id as its name.
func (s *session) locateStored(client *rtapi.Client, targets []*target.Target) func(id string) *event.Instance {
	listed := map[string]*event.Instance{}
	for _, t := range targets {
		if t.Client == client {
			listed[strings.ToLower(t.Instance.ID)] = t.Instance
		}
	}
	other := s.locate()
	return func(id string) *event.Instance {
		if in := listed[strings.ToLower(id)]; in != nil {
			return in
		}
		return other(id)
	}
}

// filled returns the live source of an instance, with the stored events of its
// past and its gaps if they are wanted.
func (s *session) filled(t *target.Target, o liveOptions, live func(event.Notify) event.Source) event.Source {
	if o.since.IsZero() && !o.gaps {
		return live(o.notify)
	}
	missing, _ := s.noPast.LoadOrStore(t.Client, new(atomic.Bool))
	return &history.Filled{
		Live:    live,
		Stored:  history.Source{Client: t.Client, InstanceID: t.Instance.ID, Locate: locateOnly(t), Match: s.passes},
		Since:   o.since,
		Gaps:    o.gaps,
		Missing: missing.(*atomic.Bool),
		Notify:  o.notify,
	}
}

// passes reports whether an event passes -e and -w. Unlike match it does not
// count the event.
func (s *session) passes(ev *event.Event) bool {
	return s.types.Match(ev.Type) && !slices.ContainsFunc(s.exprs, func(x *filter.Expr) bool { return !x.Match(ev) })
}
