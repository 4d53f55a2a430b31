package cmd

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/config"
	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/filter"
	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/pipeline"
	"github.com/rtev/rtev/internal/simulator"
)

// reading is what every reading command can be asked, as typed.
type reading struct {
	demo   bool
	events []string
	where  []string
	count  int64
	span   time.Duration
}

func (r *reading) flags(a *app, c *cobra.Command) {
	f := c.Flags()
	f.SortFlags = false
	f.BoolVar(&r.demo, "demo", false, "read from a simulator inside this process")
	f.StringArrayVarP(&r.events, "events", "e", nil, "only these types: `LIST` of names, globs ('event-*') and !name")
	f.StringArrayVarP(&r.where, "where", "w", nil, "only events that fit the `EXPR`ession; see rtev help filters")
	f.Int64VarP(&r.count, "count", "n", 0, "stop after `N` events")
	f.DurationVar(&r.span, "for", 0, "stop after a `DURATION` (55s, 10m)")
	completeReading(a, c)
}

// session is one run of a reading command: what was asked, compiled, with the
// outputs open. Everything that is a mistake of the user's was told when it
// stands; nothing was sent yet.
type session struct {
	*app
	reading
	cfg    *config.Config
	types  *filter.Types
	exprs  []*filter.Expr
	out    *format.Output
	voice  *voice
	color  bool
	ctx    context.Context // ends by a signal, by --for and by -n; its cause tells
	cancel context.CancelCauseFunc
	limit  *pipeline.Limit
	sim    *simulator.Server // of --demo, else nil
	names  names
}

// begin compiles what was asked. End must be called.
func (a *app) begin(c *cobra.Command, r reading) (*session, error) {
	cfg, err := a.load(c)
	if err != nil {
		return nil, err
	}
	s := &session{app: a, reading: r, cfg: cfg}
	if r.count < 0 || c.Flags().Changed("count") && r.count == 0 {
		return nil, usagef("-n %d: the number must be 1 or more", r.count)
	}
	if r.span < 0 || c.Flags().Changed("for") && r.span == 0 {
		return nil, usagef("--for %v: the duration must be positive", r.span)
	}
	if s.types, err = filter.ParseTypes(strings.Join(r.events, ",")); err != nil {
		return nil, &usageError{msg: "-e: " + err.Error(), hint: "rtev help filters"}
	}
	for _, text := range r.where {
		x, err := filter.Parse(text)
		if err != nil {
			return nil, err
		}
		s.exprs = append(s.exprs, x)
	}
	if s.color, err = format.UseColor(cfg.Color, a.getenv, a.outTTY); err != nil {
		return nil, usagef("%v", err)
	}
	s.out = format.NewOutput(a.stdout, a.stderr)
	s.voice = newVoice(s.out, a)
	if a.insecure {
		s.voice.info("certificates are not checked (-k)")
	}
	s.doubtTypes()
	s.start(c.Context())
	return s, nil
}

// doubtTypes names the nearest known type for each name in -e that none has:
// it passes, since a server may know more types than this program.
func (s *session) doubtTypes() {
	var known []string
	for _, t := range event.Types() {
		known = append(known, t.Name)
	}
	for name := range strings.SplitSeq(strings.Join(s.events, ","), ",") {
		name = strings.TrimSpace(name)
		if strings.ContainsAny(name, "*?[!") || slices.Contains(known, name) {
			continue
		}
		if near := nearest(name, known); near != "" {
			s.voice.info("-e %s: no type known here; did you mean %s?", name, near)
		}
	}
}

// start sets the ends of the run: a signal (the parent), --for, -n.
func (s *session) start(parent context.Context) {
	s.ctx, s.cancel = context.WithCancelCause(parent)
	if s.span > 0 {
		ctx, stop := context.WithTimeoutCause(s.ctx, s.span, errForOver)
		cancel := s.cancel
		s.ctx, s.cancel = ctx, func(why error) { cancel(why); stop() }
	}
	if s.count > 0 {
		s.limit = pipeline.NewLimit(s.count, func() { s.cancel(errLimit) })
	}
}

// end closes what the run opened and returns the error of the command.
func (s *session) end(err error) error {
	err = runError(s.ctx, err, s.count > 0)
	s.cancel(nil)
	if s.sim != nil {
		s.sim.Close()
	}
	s.voice.close()
	return err
}

// match tells whether an event passes -e and -w.
func (s *session) match(ev *event.Event) bool {
	return s.types.Match(ev.Type) && s.fits(ev)
}

// fits tells whether an event passes -w.
func (s *session) fits(ev *event.Event) bool {
	for _, x := range s.exprs {
		if !x.Match(ev) {
			return false
		}
	}
	return true
}

// limited puts the limit of -n in front of a sink.
func (s *session) limited(to event.Sink) event.Sink {
	if s.limit == nil {
		return to
	}
	return s.limit.Sink(to)
}
