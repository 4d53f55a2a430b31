package cmd

import (
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/pipeline"
	"github.com/rtev/rtev/internal/poll"
	"github.com/rtev/rtev/internal/stream"
	"github.com/rtev/rtev/internal/term"
)

type pollOptions struct {
	reading
	printing
	publishing
	draining
	interval time.Duration
	once     bool
}

// draining holds the options of commands that empty the polling queue.
type draining struct {
	spool        string
	stdoutUnused bool                  // the events go elsewhere
	known        func(*event.Instance) // called with every instance before it is polled; may be nil
}

func newPoll(a *app) *cobra.Command {
	var o pollOptions
	c := &cobra.Command{
		Use: "poll INSTANCE...", Short: "drain pending events by polling",
		RunE: func(c *cobra.Command, args []string) error { return a.poll(c, o, args) },
	}
	o.reading.flags(c)
	o.printing.flags(c)
	o.publishing.flags(c)
	cooling(c)
	c.Flags().DurationVarP(&o.interval, "interval", "i", 2*time.Second, "`DURATION` between requests")
	c.Flags().BoolVar(&o.once, "once", false, "drain the queue once and exit")
	c.Flags().StringVar(&o.spool, "spool", "", "store each response in `DIR` until all of it is printed")
	return c
}

func (a *app) poll(c *cobra.Command, o pollOptions, args []string) error {
	s, err := a.begin(c, o.reading)
	if err != nil {
		return err
	}
	if o.interval <= 0 {
		return usagef("--interval %v: the time between requests must be positive", o.interval)
	}
	if err := s.parseCooldown(c, o.template == "" && o.onStdout()); err != nil {
		return s.end(err)
	}
	recorded := len(args) == 1 && args[0] == "-"
	last, closed, err := s.output(c, o.printing, o.publishing, recorded)
	if err != nil {
		return s.end(err)
	}
	how := "every " + term.Duration(o.interval)
	if o.once {
		how = "once"
	}
	s.tell("polling", how, "event")
	filters := func(to event.Sink) event.Sink { return s.cooldown.Sink(s.limited(s.shown(to))) }
	if recorded {
		matched := func(to event.Sink) event.Sink { return s.matched(filters(to)) }
		return s.end(closed(s.recorded(s.notices.Report, func() event.Sink { return s.joined(matched, last()) })))
	}
	p := poll.Poll{Types: s.types.Query(), Interval: o.interval, Once: o.once, Match: s.match, Notify: s.notices.Report}
	o.stdoutUnused = o.to != ""
	return s.end(closed(s.drain(args, p, o.draining, func() event.Sink { return s.joined(filters, last()) })))
}

// recorded runs the events on standard input into a chain that open returns.
func (s *session) recorded(notify event.Notify, open func() event.Sink) error {
	s.announce(nil)
	replay := &stream.Replay{In: s.stdin, Locate: s.locate(), Notify: notify}
	return pipeline.Run(s.ctx, []event.Source{replay}, func() event.Sink { return s.within(open()) })
}

// drain polls the instances with the options in p, into chains that open
// returns. A closed standard output becomes an error of the write, so that what
// was drained is saved.
func (s *session) drain(args []string, p poll.Poll, d draining, open func() event.Sink) error {
	if len(args) == 0 && len(s.cfg.Default) == 0 {
		return &usageError{msg: "no INSTANCE given: polling removes events from the queue, so name the instances to poll",
			hint: "rtev instances"}
	}
	if s.outShut && !d.stdoutUnused {
		return errOutShut
	}
	s.keepPipe()
	p.UnwrittenDirs = s.unwrittenDirs()
	if d.spool != "" {
		spool, err := poll.OpenSpool(d.spool)
		if err != nil {
			return err
		}
		defer spool.Close()
		spool.Locate = s.locate()
		p.Spool = spool
	}
	targets, set, err := s.targets(args)
	if err != nil {
		return err
	}
	s.reportUnreached(set, false)
	s.announce(targets)
	group := pipeline.NewGroup(s.ctx, open)
	for _, t := range targets {
		if d.known != nil {
			d.known(t.Instance)
		}
		source := p
		source.Client, source.Instance, source.Types = t.Client, t.Instance, s.typesOf(t, p.Types)
		group.Add(&source)
	}
	return group.Wait()
}

// unwrittenDirs returns the folders for events that could not be written,
// in the order in which they are tried (XDG Base Directory Specification).
func (a *app) unwrittenDirs() []string {
	var list []string
	if state := a.getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		list = append(list, filepath.Join(state, "rtev"))
	} else if home := a.getenv("HOME"); home != "" {
		list = append(list, filepath.Join(home, ".local", "state", "rtev"))
	}
	return append(list, ".", a.temp)
}
