package cmd

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/pipeline"
	"github.com/rtev/rtev/internal/target"
	"github.com/rtev/rtev/internal/term"
)

// activity is what a terminal shows about a run: what it reads, and
// why nothing is shown. The counts start again with each event that is shown.
type activity struct {
	doing, how string // "polling" and "every 2s"
	noun       string // what is shown: "event"

	events  atomic.Int64 // of crops: all that arrived, also those without a picture
	arrived atomic.Int64 // at -e
	typed   atomic.Int64 // passed -e
	fitting atomic.Int64 // passed -e and -w
	shown   atomic.Int64
	watch   sync.WaitGroup
}

// tell makes the run say on a terminal what it does: "polling Gate on
// http://nvr1:3546 every 2s".
func (s *session) tell(doing, how, noun string) {
	if s.errTTY && !s.quiet {
		s.activity = &activity{doing: doing, how: how, noun: noun}
	}
}

// announce says which instances are read, nil for standard input, and from now
// on why nothing is shown.
func (s *session) announce(targets []*target.Target) {
	a := s.activity
	if a == nil {
		return
	}
	text := a.doing + " recorded events from standard input"
	if targets != nil {
		for _, t := range targets {
			s.names.add(t.Instance.Name)
		}
		text = a.doing + " " + places(targets, enumerate)
		if width := s.width(); width > 0 && len(targets) > 1 && term.Width(text) > width-messageStart {
			text = a.doing + " " + places(targets, func(names []string) string { return term.Count(len(names), "instance") })
		}
	}
	s.notices.aside(strings.TrimSpace(text + " " + a.how))
	a.watch.Go(s.explainSilence)
}

// messageStart is how many cells a message has before its text: time and name.
const messageStart = 20

// places lists instances by server, those of one server as list returns them.
func places(targets []*target.Target, list func(names []string) string) string {
	var servers []string
	names := map[string][]string{}
	for _, t := range targets {
		server := t.Instance.Server
		if names[server] == nil {
			servers = append(servers, server)
		}
		names[server] = append(names[server], t.Instance.Name)
	}
	for i, server := range servers {
		where := server
		if server == demoServer {
			where = "the built-in simulator"
		}
		servers[i] = list(names[server]) + " on " + where
	}
	return enumerate(servers)
}

// mostNames is how many instances are named before the rest is a number.
const mostNames = 6

// enumerate joins names: "a, b and c".
func enumerate(names []string) string {
	if len(names) > mostNames {
		rest := len(names) - mostNames + 1
		names = append(names[:mostNames-1:mostNames-1], fmt.Sprintf("%d more", rest))
	}
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// silences are how long nothing was shown when it is explained, and then every
// hour. The short ones are for a run that has shown nothing yet.
var silences = []time.Duration{10 * time.Second, time.Minute, 10 * time.Minute, time.Hour}

const shortSilences = 2

// explainSilence explains from time to time why nothing is shown.
func (s *session) explainSilence() {
	a, tick := s.activity, time.NewTicker(time.Second)
	defer tick.Stop()
	var shown int64
	since, due := time.Now(), silences
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		if n := a.shown.Load(); n != shown {
			shown, since, due = n, time.Now(), silences[shortSilences:]
			for _, count := range []*atomic.Int64{&a.events, &a.arrived, &a.typed, &a.fitting} {
				count.Store(0)
			}
			continue
		}
		if silent := time.Since(since); silent >= due[0] && !s.notices.allAway(len(s.names.all())) {
			s.notices.aside(s.silence(silent, shown == 0))
			if due = due[1:]; len(due) == 0 {
				due = []time.Duration{silent.Truncate(time.Hour) + time.Hour}
			}
		}
	}
}

// silence says why nothing was shown for so long, or at all.
func (s *session) silence(silent time.Duration, first bool) string {
	a := s.activity
	none := "no " + a.noun + " yet"
	if !first {
		none = "no " + a.noun + " for " + term.Duration(silent.Truncate(time.Second))
	}
	arrived, typed := a.arrived.Load(), a.typed.Load()
	why := ""
	switch types := s.types.Query(); {
	case a.fitting.Load() > 0:
		if s.cooldown != nil {
			why = term.Count(a.fitting.Load(), a.noun) + " dropped by --cooldown"
		}
	case arrived > 0 && typed == 0:
		why = term.Count(arrived, a.noun) + " arrived, none matches -e"
	case arrived > typed:
		why = fmt.Sprintf("%s arrived, %s of them match -e, none matches -w", term.Count(arrived, a.noun), term.Number(typed))
	case arrived > 0:
		why = term.Count(arrived, a.noun) + " arrived, none matches -w"
	case a.events.Load() > 0:
		why = term.Count(a.events.Load(), "event") + " arrived without one"
	case types != nil:
		why = "-e asks for " + enumerate(types)
	}
	switch {
	case why == "":
		return none
	case first && arrived > 0:
		return why
	}
	return none + "; " + why
}

// counted puts in front of a sink what counts all events.
func (s *session) counted(to event.Sink) event.Sink {
	if s.activity == nil {
		return to
	}
	return pipeline.Match(func(*event.Event) bool { s.activity.events.Add(1); return true }, to)
}

// shown puts in front of the output what counts the events that get there, and
// rings the bell for alarms.
func (s *session) shown(to event.Sink) event.Sink {
	if s.activity == nil && s.ring == nil {
		return to
	}
	return pipeline.Match(func(ev *event.Event) bool {
		if s.activity != nil {
			s.activity.shown.Add(1)
		}
		if s.ring != nil && format.IsAlarm(ev.Type) {
			s.ring()
		}
		return true
	}, to)
}

// messagesLikeEvents gives messages on a terminal the time column of the events,
// for commands that show times, and colours.
func (s *session) messagesLikeEvents(c *cobra.Command) {
	utc := c.Flags().Lookup("utc")
	if !s.errTTY || utc == nil {
		return
	}
	o := format.TextOptions{Zone: zone(utc.Value.String() == "true")}
	if clock := c.Flags().Lookup("time"); clock != nil { // not crops, whose lines are never narrow
		o.Time, _ = format.ParseTimeFormat(clock.Value.String()) // a mistake is reported when the events' one is made
		if s.onScreen() {
			o.Sources, o.Width = s.names.all, s.width
		}
	}
	color, _ := term.UseColor(s.cfg.Color, s.getenv, true) // checked for standard output
	o.Color = color
	s.notices.styles = term.NewStyles(color)
	var mu sync.Mutex
	columns := format.NewText(o)
	s.notices.print = func(style term.Style, line string) {
		mu.Lock()
		defer mu.Unlock()
		s.out.Message(columns.AppendMessage(nil, time.Now(), style, line))
	}
}
