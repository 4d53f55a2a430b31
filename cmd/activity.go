package cmd

import (
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/notice"
	"github.com/rtev/rtev/internal/target"
	"github.com/rtev/rtev/internal/term"
)

// tell makes the run say on a terminal what it does: "polling Gate on
// http://nvr1:3546 every 2 s".
func (s *session) tell(doing, how, noun string) {
	s.doing, s.how = doing, how
	if s.errTTY && !s.quiet {
		s.activity = &notice.Activity{Noun: noun, Types: s.types.Query(), Cooldown: s.cooldown != nil}
	}
}

// messageStart is the width of what precedes a message: time and name.
const messageStart = 20

// announce says which instances are read, nil for standard input, and from now
// on why nothing is shown.
func (s *session) announce(targets []*target.Target) {
	if s.activity == nil {
		return
	}
	text := s.doing + " recorded events from standard input"
	if targets != nil {
		var names []string
		servers := map[string]bool{}
		for _, t := range targets {
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
		text = s.doing + " " + notice.Enumerate(names) + " on " + where
		if width := s.width(); width > 0 && term.Width(text) > width-messageStart && len(names) > 1 {
			text = s.doing + " " + term.Count(len(names), "instance") + " on " + where
		}
	}
	s.notices.Aside(strings.TrimSpace(text + " " + s.how))
	s.watch.Go(func() { s.activity.Explain(s.ctx, s.notices, func() int { return len(s.names.all()) }) })
}

// messagesLikeEvents gives messages on a terminal the time column of the events,
// for commands that show times, and colours.
func (s *session) messagesLikeEvents(c *cobra.Command) {
	utc := c.Flags().Lookup("utc")
	if !s.errTTY || utc == nil {
		return
	}
	color, _ := term.UseColor(s.cfg.Color, s.getenv, true) // checked for standard output
	s.notices.Styles = term.NewStyles(color)
	o := format.TextOptions{Zone: zone(utc.Value.String() == "true"), Color: color}
	if clock := c.Flags().Lookup("time"); clock != nil { // not crops, whose lines are never narrow
		o.Time, _ = format.ParseTimeFormat(clock.Value.String()) // encoder reports a mistake
		if s.onScreen() {
			o.Sources, o.Width = s.names.all, s.width
		}
	}
	var mu sync.Mutex
	columns := format.NewText(o)
	s.notices.Print = func(style term.Style, line string) {
		mu.Lock()
		defer mu.Unlock()
		s.out.Message(columns.AppendMessage(nil, time.Now(), style, line))
	}
}
