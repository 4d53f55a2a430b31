package cmd

import (
	"context"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/stats"
	"github.com/rtev/rtev/internal/term"
)

const statsLong = `stats counts the events of each instance: how many of each type, at what
rate, how late they arrive, gaps and skipped records, the frame rates that the
server reports, and which intrusions and loiterings have not ended yet.

On a terminal it is a live view. In a pipe it prints a block of text, a record
(-o ndjson) or rows (-o csv) per interval, and a total at the end. With --for, -n
or recorded events (-) and no --interval it prints only the total.

Counters start at 0 with each run. For rates in Prometheus let it scrape one long
run (--listen): rate() of pages that cron writes with -o prom shows nothing.

--fields lists which fields arrive, of which JSON type, and how often.`

const statsExample = `  rtev stats --demo
  rtev stats --for 60s -o ndjson gate          one record
  rtev stats --by _place -e 'event-*'
  rtev stats --fields --for 30s gate           what arrives here
  rtev stats - < day.ndjson                    a recording by its own times
  rtev stats --for 55s -o prom > rtev.prom     a snapshot for node_exporter
  rtev stats --listen :9546 -q                 for Prometheus`

// statsInterval is the default of --interval.
const statsInterval = 2 * time.Second

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
		Use: "stats [INSTANCE...]", Short: "live counts, rates and delays", Long: statsLong, Example: statsExample,
		RunE: func(c *cobra.Command, args []string) error { return a.stats(c, o, args) },
	}
	o.reading.flags(a, c)
	f := c.Flags()
	f.DurationVarP(&o.interval, "interval", "i", statsInterval, "`DURATION` between reports")
	f.StringVar(&o.by, "by", "_type", "group by path or computed `FIELD`")
	f.BoolVar(&o.fields, "fields", false, "list which fields arrive")
	f.StringVar(&o.listen, "listen", "", "serve metrics for Prometheus at http://`ADDR`/metrics")
	o.connecting.flags(c)
	_ = c.RegisterFlagCompletionFunc("by", fieldCompletions(""))
	return c
}

func (a *app) stats(c *cobra.Command, o statsOptions, args []string) error {
	if err := o.check(c); err != nil {
		return err
	}
	by, err := event.ParsePath(o.by)
	if err != nil {
		return usagef("--by: %v", err)
	}
	s, err := a.begin(c, o.reading)
	if err != nil {
		return err
	}
	if s.cfg.Output == "prom" {
		if err := withoutEffect(c, "with -o prom, which prints one page at the end", "interval", "fields"); err != nil {
			return err
		}
	}
	if o.fields {
		return s.end(s.countFields(o, args))
	}
	recorded := slices.Equal(args, []string{"-"})
	if !c.Flags().Changed("interval") && (recorded || o.span > 0 || o.count > 0) && !a.outTTY {
		o.interval = 0 // only the total
	}
	counter := stats.New(stats.Options{
		By: by, Recorded: recorded, Wanted: s.types.Match, Notify: s.notices.report,
	})
	printer, every := s.printer(o.interval, o.interval != statsInterval || c.Flags().Changed("interval"))
	stop, err := s.serveMetrics(o.listen, counter)
	if err != nil {
		return s.end(err)
	}
	err = s.tally(o, args, counter, printer, every)
	if failed := stop(); failed != nil {
		err = failed
	}
	return s.end(err)
}

// check reports mistakes in the flags of stats.
func (o *statsOptions) check(c *cobra.Command) error {
	if o.interval <= 0 {
		return usagef("--interval %v: the time between reports must be more than 0", o.interval)
	}
	if c.Flags().Changed("listen") {
		if err := checkListen(o.listen); err != nil {
			return err
		}
	}
	if o.fields {
		return withoutEffect(c, "with --fields, which prints one list at the end", "interval", "by", "listen")
	}
	return nil
}

// printer returns the printer of the reports and the time between two of them,
// 0 for only the total. A live view is drawn more often than --interval's
// default, unless --interval was given.
func (s *session) printer(every time.Duration, given bool) (stats.Printer, time.Duration) {
	switch s.cfg.Output {
	case "ndjson":
		return stats.NDJSON(s.stdout), every
	case "csv":
		return stats.CSV(s.stdout, s.outTTY), every
	case "prom":
		if s.errTTY {
			s.notices.info("counters start at 0 with each run, so rates need a scrape of --listen")
		}
		return stats.Prom(s.stdout), 0
	}
	if !s.outTTY {
		return stats.Text(s.stdout, s.color), every
	}
	view := stats.NewView(s.stdout, s.size, s.color)
	s.notices.print = func(_ term.Style, line string) { view.Notice(line) }
	if !given {
		every = stats.Redraw
	}
	return view.Print, every
}

// tally runs the sources into the counter and prints the reports meanwhile.
func (s *session) tally(o statsOptions, args []string, counter *stats.Counter, printer stats.Printer, every time.Duration) error {
	reporting, finish := context.WithCancelCause(context.WithoutCancel(s.ctx))
	reported := make(chan error, 1)
	go func() {
		err := stats.Report(reporting, counter, every, printer)
		if err != nil {
			s.cancel(err) // nobody sees the numbers any more
		}
		reported <- err
	}()
	err := s.live(args, liveOptions{
		connecting: o.connecting, types: s.types.Query(), met: counter.Expect,
		notify: func(n event.Notice) {
			counter.Notice(n)
			s.notices.report(n)
		},
	}, func() event.Sink {
		return counter.Sink(func(to event.Sink) event.Sink { return s.matched(s.limited(to)) })
	})
	if err != nil && counter.Snapshot().Events == 0 {
		finish(stats.ErrNoTotal) // the error says it all
	} else {
		finish(nil)
	}
	if failed := <-reported; failed != nil {
		return failed
	}
	return err
}

// countFields runs the sources into the list of fields and prints it.
func (s *session) countFields(o statsOptions, args []string) error {
	fields := stats.NewFields()
	err := s.live(args, liveOptions{
		connecting: o.connecting, types: s.types.Query(), notify: s.notices.report,
	}, func() event.Sink { return s.matched(s.limited(fields)) })
	if len(fields.List()) == 0 {
		if err == nil {
			s.notices.info("no events arrived")
		}
		return err
	}
	if failed := s.printFields(fields); failed != nil {
		return failed
	}
	return err
}

func (s *session) printFields(fields *stats.Fields) error {
	switch s.cfg.Output {
	case "ndjson":
		return fields.WriteNDJSON(s.stdout)
	case "csv":
		return fields.WriteCSV(s.stdout, s.outTTY)
	}
	return fields.WriteText(s.stdout, s.color)
}

// serveMetrics serves the metrics at the address of --listen until stop is called.
func (s *session) serveMetrics(addr string, counter *stats.Counter) (stop func() error, err error) {
	if addr == "" {
		return func() error { return nil }, nil
	}
	server, err := stats.Serve(addr, counter, func(err error) { s.cancel(err) })
	if err != nil {
		return nil, fmt.Errorf("--listen %s: %w", addr, err)
	}
	s.notices.info("metrics on http://%s/metrics", server.Addr())
	return func() error {
		if err := server.Close(); err != nil {
			return fmt.Errorf("--listen %s: %w", addr, err)
		}
		return nil
	}, nil
}

// checkListen reports an address that --listen cannot take.
func checkListen(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil || port == "" {
		return usagef("--listen %s: not HOST:PORT or :PORT, such as :9546", addr)
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return usagef("--listen %s: the port is a number from 0 to 65535", addr)
	}
	return nil
}
