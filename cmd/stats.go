package cmd

import (
	"cmp"
	"context"
	"net"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/stats"
	"github.com/rtev/rtev/internal/term"
)

type statsOptions struct {
	reading
	connecting
	interval time.Duration
	by       string
	fields   bool
	listen   string
}

func newStats(a *app) *cobra.Command {
	var o statsOptions
	c := &cobra.Command{
		Use: "stats [INSTANCE...]", Short: "live counts, rates and delays",
		RunE: func(c *cobra.Command, args []string) error { return a.stats(c, o, args) },
	}
	o.reading.flags(c)
	f := c.Flags()
	f.DurationVarP(&o.interval, "interval", "i", 2*time.Second, "`DURATION` between reports")
	f.StringVar(&o.by, "by", "_type", "group by path or computed `FIELD`")
	f.BoolVar(&o.fields, "fields", false, "list which fields arrive")
	f.StringVar(&o.listen, "listen", "", "serve metrics for Prometheus at http://`ADDR`/metrics")
	o.connecting.flags(c)
	_ = c.RegisterFlagCompletionFunc("by", fieldCompletions(""))
	return c
}

func (a *app) stats(c *cobra.Command, o statsOptions, args []string) error {
	by, err := event.ParsePath(o.by)
	if err != nil {
		return usagef("--by: %v", err)
	}
	if err := o.check(c, a.cfg.Output); err != nil {
		return err
	}
	s, err := a.begin(c, o.reading)
	if err != nil {
		return err
	}
	if o.fields {
		return s.end(s.countFields(o, args))
	}
	recorded := slices.Equal(args, []string{"-"})
	if !c.Flags().Changed("interval") {
		switch {
		case a.outTTY && s.cfg.Output == "text":
			o.interval = stats.Redraw
		case recorded, o.span > 0, o.count > 0:
			o.interval = 0 // only the total
		}
	}
	counter := stats.New(stats.Options{By: by, Recorded: recorded, Wanted: s.types.Match, Notify: s.notices.Report})
	return s.end(s.tally(o, args, counter))
}

// check reports mistakes in the flags of stats.
func (o *statsOptions) check(c *cobra.Command, output string) error {
	if o.interval <= 0 {
		return usagef("--interval %v: the time between reports must be more than 0", o.interval)
	}
	if c.Flags().Changed("listen") {
		if err := checkListen(o.listen); err != nil {
			return err
		}
	}
	if output == "prom" {
		return withoutEffect(c, "with -o prom, which prints one page at the end", "interval", "fields")
	}
	if o.fields {
		return withoutEffect(c, "with --fields, which prints one list at the end", "interval", "by", "listen")
	}
	return nil
}

// printer returns what prints the reports.
func (s *session) printer() stats.Printer {
	switch s.cfg.Output {
	case "ndjson":
		return stats.NDJSON(s.out)
	case "csv":
		return stats.CSV(s.out, s.outTTY)
	case "prom":
		return stats.Prom(s.out)
	}
	if !s.outTTY {
		return stats.Text(s.out, s.color)
	}
	view := stats.NewView(s.out, s.size, s.color)
	s.notices.Print = func(_ term.Style, line string) { view.Notice(line) }
	return view.Print
}

// tally runs the sources into the counter, prints the reports and serves the
// metrics meanwhile, and prints the total.
func (s *session) tally(o statsOptions, args []string, counter *stats.Counter) error {
	printer := s.printer()
	meanwhile, finish := context.WithCancel(context.WithoutCancel(s.ctx))
	defer finish()
	ended := make(chan error, 2)
	end := func(err error) {
		if err != nil {
			s.cancel(err) // nobody sees the numbers any more
		}
		ended <- err
	}
	if o.listen == "" {
		end(nil)
	} else {
		l, err := net.Listen("tcp", o.listen)
		if err != nil {
			return err
		}
		s.notices.Info("metrics on http://%s/metrics", l.Addr())
		go func() { end(stats.Serve(meanwhile, l, counter)) }()
	}
	go func() { end(counter.Report(meanwhile, o.interval, printer)) }()
	err := s.live(args, liveOptions{
		connecting: o.connecting, types: s.types.Query(), met: counter.Expect,
		notify: func(n event.Notice) {
			counter.Notice(n)
			s.notices.Report(n)
		},
	}, func() event.Sink {
		return counter.Sink(func(to event.Sink) event.Sink { return s.matched(s.limited(to)) })
	})
	finish()
	failed := cmp.Or(<-ended, <-ended)
	if failed == nil && (err == nil || counter.Snapshot("").Events > 0) { // else the error is enough
		failed = printer(counter.Snapshot("total"))
	}
	return cmp.Or(failed, err)
}

// countFields runs the sources into the list of fields and prints it.
func (s *session) countFields(o statsOptions, args []string) error {
	fields := stats.NewFields()
	err := s.live(args, liveOptions{
		connecting: o.connecting, types: s.types.Query(), notify: s.notices.Report,
	}, func() event.Sink { return s.matched(s.limited(fields)) })
	if err != nil && len(fields.List()) == 0 {
		return err
	}
	return cmp.Or(fields.Write(s.out, s.cfg.Output, s.outTTY, s.color), err)
}
