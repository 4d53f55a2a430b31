package cmd

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/filter"
	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/notice"
	"github.com/rtev/rtev/internal/pipeline"
	"github.com/rtev/rtev/internal/simulator"
	"github.com/rtev/rtev/internal/term"
)

// reading holds the flags of every command that reads events, as typed.
type reading struct {
	demo   bool
	events []string
	where  []string
	count  int64
	span   time.Duration
	period
}

func (r *reading) flags(c *cobra.Command) {
	f := c.Flags()
	f.SortFlags = false
	f.BoolVar(&r.demo, "demo", false, "read from a simulator inside this process")
	f.StringArrayVarP(&r.events, "events", "e", nil, "only these types: `LIST` of names, globs ('event-*') and !name")
	f.StringArrayVarP(&r.where, "where", "w", nil,
		"only events matching `EXPR`; repeat it to require all; see rtev help filters")
	f.Int64VarP(&r.count, "count", "n", 0, "stop after `N` events")
	f.DurationVar(&r.span, "for", 0, "stop after `DURATION` (55s, 10m)")
	r.period.flags(c)
	_ = c.RegisterFlagCompletionFunc("events", completeTypes)
	_ = c.RegisterFlagCompletionFunc("where", fieldCompletions(" (!&|"))
}

// session is one run of a command that asks servers: its options, compiled, and
// its outputs. Every mistake in the command line has been reported when begin
// returns, and nothing has been sent.
type session struct {
	*app
	reading
	types   *filter.Types
	exprs   []*filter.Expr
	notices *notice.Printer
	color   bool
	ctx     context.Context // done by a signal, --for or -n; its cause says which
	cancel  context.CancelCauseFunc
	limit   *pipeline.Limit   // of -n, else nil
	sim     *simulator.Server // of --demo, else nil
	names   names

	doing, how string             // of tell: "polling" and "every 2 s"
	activity   *notice.Activity   // counts events, to explain a silence; nil: nothing
	watch      sync.WaitGroup     // of what explains silences
	cooldown   *pipeline.Cooldown // of --cooldown; nil: none
	folds      bool               // cooldown is that of tracks, without the flag
	ring       func()             // rings the bell for --bell, else nil
}

// begin compiles the flags. The caller ends the session with end.
func (a *app) begin(c *cobra.Command, r reading) (*session, error) {
	if r.count < 0 || c.Flags().Changed("count") && r.count == 0 {
		return nil, usagef("-n %d: the number must be 1 or more", r.count)
	}
	if r.span < 0 || c.Flags().Changed("for") && r.span == 0 {
		return nil, usagef("--for %v: the duration must be positive", r.span)
	}
	if err := r.period.parse(c); err != nil {
		return nil, err
	}
	if a.cfg.Output == "prom" && c.Name() != "stats" {
		return nil, usagef("-o prom is for rtev stats; here it is text, ndjson or csv")
	}
	s := &session{app: a, reading: r}
	var err error
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
	if s.color, err = term.UseColor(a.cfg.Color, a.getenv, a.outTTY); err != nil {
		return nil, usagef("%v", err)
	}
	s.notices = notice.New(func(_ term.Style, line string) { a.out.Notice(line) })
	s.notices.Quiet, s.notices.Level, s.notices.Terminal = a.quiet, a.verbose, a.errTTY
	s.messagesLikeEvents(c)
	s.reportDoubts(c)
	s.start(c.Context())
	return s, nil
}

// reportDoubts reports what can be used but is perhaps not what was meant.
func (s *session) reportDoubts(c *cobra.Command) {
	if s.insecure {
		s.notices.Info("certificates are not checked (-k)")
	}
	for _, d := range s.types.Doubts() {
		doubt := "-e " + d.Item + ": no type of that name is known; it is applied all the same"
		if d.Nearest != "" {
			doubt += "; did you mean " + d.Nearest + "?"
		}
		s.notices.Info("%s", doubt)
	}
	utc := c.Flags().Lookup("utc")
	showsLocalTime := utc != nil && utc.Value.String() == "false" && (s.cfg.Output == "text" || c.Name() == "crops")
	if zone := s.getenv("TZ"); showsLocalTime && !knownZone(zone) {
		s.notices.Info("TZ=%s is not a zone name such as Europe/Berlin; times are in UTC", zone)
	}
}

// knownZone reports whether Go can use a TZ. It cannot use the POSIX form
// CET-1CEST, and then takes UTC.
func knownZone(tz string) bool {
	tz = strings.TrimPrefix(tz, ":")
	_, err := time.LoadLocation(tz)
	return err == nil || strings.HasPrefix(tz, "/")
}

// start sets what ends the run: a signal (the parent), --for, -n.
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
	err = s.locateError(runError(s.ctx, err, s.count > 0))
	s.cancel(nil)
	s.watch.Wait()
	if s.sim != nil {
		s.sim.Close()
	}
	s.notices.Close()
	s.reportDropped()
	return err
}

// match reports whether an event passes -e, -w and --cooldown.
func (s *session) match(ev *event.Event) bool {
	return s.matchType(ev.Type) && s.fits(ev) && s.cooldown.Pass(ev)
}

// matchType reports whether a type passes -e.
func (s *session) matchType(typ string) bool {
	s.activity.Count(notice.Arrived)
	return s.types.Match(typ)
}

// fits reports whether an event of a type that passes -e passes every -w.
func (s *session) fits(ev *event.Event) bool {
	s.activity.Count(notice.Typed)
	for _, x := range s.exprs {
		if !x.Match(ev) {
			return false
		}
	}
	s.activity.Count(notice.Fitting)
	return true
}

// unfiltered reports whether every event passes.
func (s *session) unfiltered() bool { return len(s.events) == 0 && len(s.exprs) == 0 }

// matched puts -e, -w and --cooldown in front of a sink.
func (s *session) matched(to event.Sink) event.Sink {
	if s.unfiltered() && s.cooldown == nil {
		return to
	}
	return pipeline.Match(s.match, to)
}

// limited puts the limit of -n in front of a sink.
func (s *session) limited(to event.Sink) event.Sink {
	if s.limit == nil {
		return to
	}
	return s.limit.Sink(to)
}

// shown puts a sink in front of the output that counts events and rings the bell for
// alarms.
func (s *session) shown(to event.Sink) event.Sink {
	if s.activity == nil && s.ring == nil {
		return to
	}
	return pipeline.Match(func(ev *event.Event) bool {
		s.activity.Count(notice.Shown)
		if s.ring != nil && format.IsAlarm(ev.Type) {
			s.ring()
		}
		return true
	}, to)
}
