package cmd

import (
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/pipeline"
	"github.com/rtev/rtev/internal/poll"
	"github.com/rtev/rtev/internal/stream"
)

const pollLong = `poll drains the polling queue of one or more instances. Each answer exists
nowhere else once the server sent it: an event that was drained is printed, or
it is kept in a file whose name goes to stderr. With --spool even kill -9 loses
nothing: the next run prints the left-over first.

Two pollers of one instance split its events, so poll never guesses: it wants
an INSTANCE.`

const pollExample = `  rtev poll gate                                   every 2 s, until Ctrl-C
  rtev poll gate --once -o ndjson >> events.ndjson   from cron
  rtev poll gate --once --spool /var/spool/rtev -o ndjson
  rtev poll --demo gate -i 5s -e 'event-*'`

type pollOptions struct {
	reading
	printing
	draining
	interval time.Duration
	once     bool
}

// draining holds the options of commands that empty the polling queue.
type draining struct {
	spool string
	known func(*event.Instance) // called with every instance before it is polled; may be nil
}

func newPoll(a *app) *cobra.Command {
	var o pollOptions
	c := &cobra.Command{
		Use: "poll INSTANCE...", Short: "drain pending events by polling", Long: pollLong + exitHelp, Example: pollExample,
		RunE: func(c *cobra.Command, args []string) error { return a.poll(c, o, args) },
	}
	o.reading.flags(a, c)
	o.printing.flags(c)
	c.Flags().DurationVarP(&o.interval, "interval", "i", 2*time.Second, "a `DURATION` from request to request")
	c.Flags().BoolVar(&o.once, "once", false, "one drain of the queue, then exit")
	c.Flags().StringVar(&o.spool, "spool", "", "keep each answer in `DIR` until all of it was written out")
	c.ValidArgsFunction = a.completeInstances
	return c
}

func (a *app) poll(c *cobra.Command, o pollOptions, args []string) error {
	s, err := a.begin(c, o.reading)
	if err != nil {
		return err
	}
	encoder, err := s.encoder(o.printing)
	if err != nil {
		return err
	}
	if o.interval <= 0 {
		return usagef("--interval %v: the time between requests is more than 0", o.interval)
	}
	open := func() event.Sink { return s.limited(s.joined(format.NewWriter(encoder(), s.out))) }
	if len(args) == 1 && args[0] == "-" {
		return s.end(s.recorded(s.voice.notice, func() event.Sink { return s.matched(open()) }))
	}
	p := poll.Poll{Types: s.types.Query(), Interval: o.interval, Once: o.once, Match: s.match, Notify: s.voice.notice}
	return s.end(s.drain(args, p, o.draining, open))
}

// recorded runs the events on standard input into a chain.
func (s *session) recorded(notify event.Notify, open func() event.Sink) error {
	known := newLocator(s)
	return pipeline.Run(s.ctx, []event.Source{&stream.Replay{In: s.stdin, Locate: known.locate, Notify: notify}}, open)
}

// drain polls the instances as p says, into chains that open makes. From here
// on a closed pipe is an error of the write, so that what was drained is kept.
func (s *session) drain(args []string, p poll.Poll, d draining, open func() event.Sink) error {
	if len(args) == 0 && len(s.cfg.Default) == 0 {
		return &usageError{msg: "which INSTANCE? polling takes events away from other pollers, so it wants a name", hint: "rtev instances"}
	}
	if s.outShut {
		return errOutShut
	}
	s.keepPipe()
	p.UnwrittenDirs = s.keepFolders()
	if d.spool != "" {
		spool, err := poll.OpenSpool(d.spool)
		if err != nil {
			return err
		}
		defer spool.Close()
		spool.Locate = newLocator(s).locate
		p.Spool = spool
	}
	targets, _, err := s.targets(args)
	if err != nil {
		return err
	}
	if len(targets) > 1 {
		s.voice.many()
	}
	for _, t := range targets {
		s.names.add(t.inst.Name)
		if d.known != nil {
			d.known(t.inst)
		}
	}
	group := pipeline.NewGroup(s.ctx, func(event.Source) event.Sink { return open() })
	for _, t := range targets {
		source := p
		source.Client, source.Instance = t.client, t.inst
		if t.types != nil && len(s.events) == 0 {
			source.Types = t.types
		}
		group.Add(&source)
	}
	return group.Wait()
}

// keepFolders are where events go that could not be written, in the order in
// which they are tried (XDG Base Directory Specification).
func (a *app) keepFolders() []string {
	var list []string
	if state := a.getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		list = append(list, filepath.Join(state, "rtev"))
	} else if home := a.getenv("HOME"); home != "" {
		list = append(list, filepath.Join(home, ".local", "state", "rtev"))
	}
	return append(list, ".", a.temp)
}
