package cmd

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/stats"
)

const statsLong = `stats counts what the instances deliver: events by type, rates, delays, gaps,
what was skipped, what the server says of its own frame rates, and which
intrusions and loiterings are not over. On a terminal it is a live view; in a
pipe a block of text, a record (-o ndjson) or rows (-o csv) an interval, and a
total at the end. With --for, -n or - and no --interval there is only the total.

--fields tells instead which fields arrive, of which JSON type, how often.`

const statsExample = `  rtev stats --demo
  rtev stats --for 60s -o ndjson gate          one record
  rtev stats --by _place -e 'event-*'
  rtev stats --fields --for 30s gate           what arrives here
  rtev stats - < day.ndjson                    a recording by its own times
  rtev stats --for 55s -o prom > rtev.prom     for node_exporter
  rtev stats --listen :9546 -q                 for Prometheus`

type statsOptions struct {
	reading
	retry    bool
	idle     time.Duration
	interval time.Duration
	by       string
	fields   bool
	listen   string
}

func newStats(a *app) *cobra.Command {
	var o statsOptions
	c := &cobra.Command{
		Use: "stats [INSTANCE...]", Short: "live counts, rates and delays", Long: statsLong + exitHelp, Example: statsExample,
		RunE: func(c *cobra.Command, args []string) error { return a.stats(c, o, args) },
	}
	o.reading.flags(a, c)
	f := c.Flags()
	f.DurationVarP(&o.interval, "interval", "i", 2*time.Second, "a `DURATION` from report to report")
	f.StringVar(&o.by, "by", "_type", "group by this path or computed `FIELD`")
	f.BoolVar(&o.fields, "fields", false, "tell which fields arrive")
	f.StringVar(&o.listen, "listen", "", "serve the numbers to Prometheus at `ADDR`/metrics")
	connecting(c, &o.retry, &o.idle)
	register(c, "by", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return computedFields(), cobra.ShellCompDirectiveNoFileComp
	})
	c.ValidArgsFunction = a.completeInstances
	return c
}

func (a *app) stats(c *cobra.Command, o statsOptions, args []string) error {
	s, err := a.begin(c, o.reading)
	if err != nil {
		return err
	}
	if o.interval <= 0 {
		return usagef("--interval %v: the time between reports is more than 0", o.interval)
	}
	if o.fields && s.cfg.Output == "prom" {
		return usagef("-o prom does not go with --fields: it is text, ndjson or csv")
	}
	if o.fields {
		return s.end(s.countFields(o, args))
	}
	recorded := slices.Equal(args, []string{"-"})
	if !c.Flags().Changed("interval") && (recorded || o.span > 0 || o.count > 0) && !a.outTTY {
		o.interval = 0 // only the total
	}
	counter := stats.New(stats.Options{
		By: event.ParsePath(o.by), Recorded: recorded, Wanted: s.types.Match, Notify: s.voice.notice,
	})
	printer, every, err := s.printer(o.interval)
	if err != nil {
		return err
	}
	stop, err := s.serveMetrics(o.listen, counter)
	if err != nil {
		return err
	}
	defer stop()
	return s.end(s.tally(o, args, counter, printer, every))
}

// printer returns what prints the reports, and how often it does.
func (s *session) printer(every time.Duration) (stats.Printer, time.Duration, error) {
	switch s.cfg.Output {
	case "ndjson":
		return stats.NewNDJSON(s.stdout), every, nil
	case "csv":
		return stats.NewCSV(s.stdout), every, nil
	case "prom":
		return stats.NewProm(s.stdout), 0, nil
	case "text":
		if !s.outTTY {
			return stats.NewText(s.stdout, s.color), every, nil
		}
		view := stats.NewView(s.stdout, s.size, s.color)
		s.voice.line = view.Notice
		return view, stats.Redraw, nil
	}
	return nil, 0, usagef("-o %s: it is text, ndjson, csv or prom", s.cfg.Output)
}

// tally runs the sources into the counter, and the reports beside them.
func (s *session) tally(o statsOptions, args []string, counter *stats.Counter, printer stats.Printer, every time.Duration) error {
	reporting, over := context.WithCancel(context.WithoutCancel(s.ctx))
	reported := make(chan error, 1)
	say := &mutable{Printer: printer}
	go func() {
		err := stats.Report(reporting, counter, every, say)
		if err != nil {
			s.cancel(err) // nobody sees the numbers any more
		}
		reported <- err
	}()
	err := s.live(args, liveOptions{
		retry: o.retry, idle: o.idle, types: s.types.Query(), met: counter.Expect,
		notify: func(n event.Notice) {
			counter.Notice(n)
			s.voice.notice(n)
		},
	}, func() event.Sink {
		if s.unfiltered() {
			return s.limited(counter.Watch(counter.Sink()))
		}
		return counter.Watch(s.matched(s.limited(counter.Sink())))
	})
	say.muted.Store(err != nil && counter.Snapshot().Events == 0) // then the error says all
	over()
	if failed := <-reported; failed != nil {
		return failed
	}
	return err
}

// mutable is a printer that can be told to say no more.
type mutable struct {
	stats.Printer
	muted atomic.Bool
}

func (m *mutable) Print(s *stats.Snapshot) error {
	if m.muted.Load() {
		return nil
	}
	return m.Printer.Print(s)
}

// countFields runs the sources into the list of fields and prints it.
func (s *session) countFields(o statsOptions, args []string) error {
	fields := stats.NewFields()
	err := s.live(args, liveOptions{
		retry: o.retry, idle: o.idle, types: s.types.Query(), notify: s.voice.notice,
	}, func() event.Sink { return s.matched(s.limited(fields)) })
	if len(fields.List()) == 0 {
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
		return fields.WriteCSV(s.stdout)
	}
	return fields.WriteText(s.stdout, s.color)
}

// serveMetrics serves the numbers over HTTP until stop is called.
func (s *session) serveMetrics(addr string, counter *stats.Counter) (stop func(), err error) {
	if addr == "" {
		return func() {}, nil
	}
	handler, err := stats.Handler(counter)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", handler)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(l) //nolint:errcheck // it ends with Close
	s.voice.info("metrics on http://%s/metrics", l.Addr())
	return func() { _ = server.Close() }, nil
}
