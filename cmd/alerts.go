package cmd

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/pipeline"
	"github.com/rtev/rtev/internal/term"
)

// cooling adds --cooldown.
func cooling(c *cobra.Command) {
	c.Flags().String("cooldown", "",
		"after an event, drop others of its group for `D[:FIELDS]` (30s, 1m:_place); 0 drops none")
	offer(c, "cooldown", "10s", "30s", "1m:_place", "0")
}

// trackPeriod is how often text on a terminal shows a track.
const trackPeriod = 5 * time.Second

// parseCooldown reads --cooldown. Without it, text on a terminal shows
// a track once per trackPeriod, unless -e names tracks. plain reports whether text would be shown.
func (s *session) parseCooldown(c *cobra.Command, plain bool) (err error) {
	if flag := c.Flags().Lookup("cooldown"); flag.Value.String() != "" || flag.Changed {
		if s.cooldown, err = pipeline.ParseCooldown(flag.Value.String()); err != nil {
			return usagef("--cooldown: %v", err)
		}
		return nil
	}
	named := slices.Contains(strings.Split(strings.Join(s.events, ","), ","), "track")
	if plain && s.onScreen() && !named {
		s.folds = true
		s.cooldown = pipeline.NewTrackCooldown(trackPeriod)
	}
	return nil
}

// reportDropped says at the end how many events --cooldown dropped.
func (s *session) reportDropped() {
	switch {
	case s.cooldown == nil || s.cooldown.Dropped() == 0:
	case s.folds:
		s.notices.Aside(term.Count(s.cooldown.Dropped(), "update") + " of tracks not shown; --cooldown 0 shows all")
	default:
		s.notices.Info("%s dropped by --cooldown", term.Count(s.cooldown.Dropped(), "event"))
	}
}

// bellEvery is the shortest time between two bells.
const bellEvery = 2 * time.Second

// bell returns a function that rings the terminal's bell, at most once per
// bellEvery; nil if there is no terminal.
func (s *session) bell() func() {
	write := s.out.Message
	switch {
	case s.errTTY:
	case s.outTTY:
		write = func(text []byte) { _, _ = s.out.Write(text) } // a failure is the next line's
	default:
		return nil
	}
	var mu sync.Mutex
	var last time.Time
	return func() {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(last) >= bellEvery {
			last = time.Now()
			write([]byte("\a"))
		}
	}
}
