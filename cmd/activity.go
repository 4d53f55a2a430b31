package cmd

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/target"
	"github.com/rtev/rtev/internal/term"
)

// activity is what a terminal shows about a run: what it reads, and why nothing is
// shown. A nil activity counts nothing.
type activity struct {
	doing, how string // "polling" and "every 2 s"
	noun       string // what is shown: "event"
	counts     [stages]atomic.Int64
	watch      sync.WaitGroup
}

// The stages of an event, as counts since a silence was last explained.
const (
	arrived = iota
	typed   // passed -e
	fitting // passed -e and -w
	shown
	stages
)

func (a *activity) count(stage int) {
	if a != nil {
		a.counts[stage].Add(1)
	}
}

// tell makes the run say on a terminal what it does: "polling Gate on
// http://nvr1:3546 every 2 s".
func (s *session) tell(doing, how, noun string) {
	if s.errTTY && !s.quiet {
		s.activity = &activity{doing: doing, how: how, noun: noun}
	}
}

// messageStart is how many cells a message has before its text: time and name.
const messageStart = 20

// announce says which instances are read, nil for standard input, and from now
// on why nothing is shown.
func (s *session) announce(targets []*target.Target) {
	a := s.activity
	if a == nil {
		return
	}
	text := a.doing + " recorded events from standard input"
	if targets != nil {
		var names []string
		servers := map[string]bool{}
		for _, t := range targets {
			s.names.add(t.Instance.Name)
			names = append(names, t.Instance.Name)
			servers[t.Instance.Server] = true
		}
		where := targets[0].Instance.Server
		switch {
		case s.sim != nil:
			where = "the built-in simulator"
		case len(servers) > 1:
			where = term.Count(len(servers), "server")
		}
		text = a.doing + " " + enumerate(names) + " on " + where
		if width := s.width(); width > 0 && term.Width(text) > width-messageStart && len(names) > 1 {
			text = a.doing + " " + term.Count(len(names), "instance") + " on " + where
		}
	}
	s.notices.aside(strings.TrimSpace(text + " " + a.how))
	a.watch.Go(s.explainSilence)
}

// enumerate joins names: "a, b and c". Of many it gives the number of the rest.
func enumerate(names []string) string {
	const most = 6
	if len(names) > most {
		names = append(names[:most-1:most-1], fmt.Sprintf("%d more", len(names)-most+1))
	}
	last := len(names) - 1
	if last < 1 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// How long nothing was shown when it is explained: at the start, and later.
const (
	firstSilence = 10 * time.Second
	laterSilence = 10 * time.Minute
)

// explainSilence explains from time to time why nothing is shown.
func (s *session) explainSilence() {
	none := "no " + s.activity.noun + " yet"
	timer := time.NewTimer(firstSilence)
	defer timer.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(laterSilence)
		if s.activity.counts[shown].Load() > 0 {
			none = "no " + s.activity.noun + " for " + term.Duration(laterSilence)
		} else if !s.notices.allAway(len(s.names.all())) {
			s.notices.aside(s.silence(none))
		}
		for i := range s.activity.counts {
			s.activity.counts[i].Store(0)
		}
	}
}

// silence says why nothing was shown; none says that nothing was.
func (s *session) silence(none string) string {
	a := s.activity
	came := term.Count(a.counts[arrived].Load(), a.noun) + " arrived, "
	switch types := s.types.Query(); {
	case a.counts[fitting].Load() > 0 && s.cooldown != nil:
		return none + "; " + term.Count(a.counts[fitting].Load(), a.noun) + " dropped by --cooldown"
	case a.counts[fitting].Load() > 0:
		return none
	case a.counts[typed].Load() < a.counts[arrived].Load() && a.counts[typed].Load() > 0:
		return came + term.Number(a.counts[typed].Load()) + " of them match -e, none matches -w"
	case a.counts[typed].Load() > 0:
		return came + "none matches -w"
	case a.counts[arrived].Load() > 0:
		return came + "none matches -e"
	case types != nil:
		return none + "; -e asks for " + enumerate(types)
	}
	return none
}

// messagesLikeEvents gives messages on a terminal the time column of the events,
// for commands that show times, and colours.
func (s *session) messagesLikeEvents(c *cobra.Command) {
	utc := c.Flags().Lookup("utc")
	if !s.errTTY || utc == nil {
		return
	}
	color, _ := term.UseColor(s.cfg.Color, s.getenv, true) // checked for standard output
	s.notices.styles = term.NewStyles(color)
	o := format.TextOptions{Zone: zone(utc.Value.String() == "true"), Color: color}
	if clock := c.Flags().Lookup("time"); clock != nil { // not crops, whose lines are never narrow
		o.Time, _ = format.ParseTimeFormat(clock.Value.String()) // encoder reports a mistake
		if s.onScreen() {
			o.Sources, o.Width = s.names.all, s.width
		}
	}
	var mu sync.Mutex
	columns := format.NewText(o)
	s.notices.print = func(style term.Style, line string) {
		mu.Lock()
		defer mu.Unlock()
		s.out.Message(columns.AppendMessage(nil, time.Now(), style, line))
	}
}
