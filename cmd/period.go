package cmd

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/pipeline"
	"github.com/rtev/rtev/internal/term"
)

// period is --since and --until. The zero times are no limits.
type period struct {
	sinceText, untilText string // as typed
	since, until         time.Time
	now                  time.Time // when the command began
}

func (p *period) flags(c *cobra.Command) {
	c.Flags().StringVar(&p.sinceText, "since", "", "with -: only events since `TIME` (10m, 2h, 3d, 15:04, RFC 3339, Unix s or ms)")
	c.Flags().StringVar(&p.untilText, "until", "", "with -: only events until `TIME`")
	for _, flag := range []string{"since", "until"} {
		offer(c, flag, "10m", "1h", "24h", "3d", "15:04")
	}
}

// parse reads the flags and reports those without effect on a command: a live
// stream has no past but that of the database, and no end.
func (p *period) parse(c *cobra.Command) (err error) {
	p.now = time.Now()
	recorded := slices.Equal(c.Flags().Args(), []string{"-"})
	for _, flag := range []struct {
		name, text string
		at         *time.Time
		commands   []string // on which it has an effect beside recordings
	}{
		{"since", p.sinceText, &p.since, []string{"history", "tail"}},
		{"until", p.untilText, &p.until, []string{"history"}},
	} {
		given := c.Flags().Changed(flag.name)
		if !given && flag.text == "" {
			continue
		}
		if !recorded && !slices.Contains(flag.commands, c.Name()) {
			if !given { // a default of the config file is no mistake
				continue
			}
			return &usageError{msg: fmt.Sprintf("--%s has no effect on live events; it is for recorded ones (-)", flag.name), hint: "rtev history, for stored events"}
		}
		if *flag.at, err = parseTime(flag.text, p.now); err != nil {
			return usagef("--%s: %v", flag.name, err)
		}
	}
	switch {
	case !recorded && p.since.After(p.now):
		return usagef("--since %s is in the future", p.sinceText)
	case !p.since.IsZero() && !p.until.IsZero() && p.since.After(p.until):
		return usagef("--since %s is after --until %s", p.sinceText, p.untilText)
	}
	return nil
}

// layouts are those of points in time. Without a zone it is the local one, and
// without a date it is today.
var layouts = []string{
	time.RFC3339, time.DateTime, "2006-01-02 15:04", "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly, "15:04", time.TimeOnly,
}

// Numbers from firstUnix on are Unix seconds (from 1973), and from firstMillis on
// milliseconds.
const (
	firstUnix   = 100_000_000
	firstMillis = 100_000_000_000
	lastMillis  = 253_402_300_799_999 // the end of the year 9999
)

// parseTime reads a point in time: how long ago (10m, 2h, 3d), RFC 3339, a date,
// a time of the day, which is yesterday's if today's is still to come, or Unix
// seconds or milliseconds. Without a zone it is local.
func parseTime(text string, now time.Time) (time.Time, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		switch {
		case n >= firstMillis && n <= lastMillis:
			return time.UnixMilli(n), nil
		case n >= firstUnix && n < firstMillis:
			return time.Unix(n, 0), nil
		}
		return time.Time{}, fmt.Errorf("%q is no Unix time; with a unit (%sm) it is how long ago", text, text)
	}
	if ago, err := parseAgo(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	for _, layout := range layouts {
		t, err := time.ParseInLocation(layout, text, now.Location())
		switch {
		case err != nil:
		case t.Year() != 0:
			return t, nil
		default:
			return lastClock(t, now), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time; write 10m, 2h, 3d, 15:04, 2026-06-19, RFC 3339, or Unix seconds or milliseconds", text)
}

// lastClock returns the last time before now at which clocks showed what clock
// shows.
func lastClock(clock, now time.Time) time.Time {
	for day := now.Day(); ; day-- {
		t := time.Date(now.Year(), now.Month(), day, clock.Hour(), clock.Minute(), clock.Second(), 0, now.Location())
		if !t.After(now) {
			return t
		}
	}
}

// parseAgo reads a duration, which may begin with days: 3d, 1d12h.
func parseAgo(text string) (time.Duration, error) {
	if days, rest, ok := strings.Cut(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil {
			return 0, err
		}
		text = fmt.Sprintf("%dh%s", 24*n, rest)
	}
	return time.ParseDuration(text)
}

// within puts --since and --until in front of a sink of recorded events. Events
// without a time do not pass; report says afterwards how many there were.
func (s *session) within(open func() event.Sink) (limited func() event.Sink, report func()) {
	if s.since.IsZero() && s.until.IsZero() {
		return open, func() {}
	}
	timeless := 0
	limited = func() event.Sink {
		return pipeline.Match(func(e *event.Event) bool {
			at, ok := e.Time()
			if !ok {
				timeless++
				return false
			}
			return !at.Before(s.since) && (s.until.IsZero() || !at.After(s.until))
		}, open())
	}
	return limited, func() {
		if timeless > 0 {
			s.notices.Info("%s without a time left out by --since or --until", term.Count(timeless, "event"))
		}
	}
}
