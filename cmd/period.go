package cmd

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/pipeline"
)

// period is --since and --until. The zero times are no limits.
type period struct {
	sinceText, untilText string // as typed
	since, until         time.Time
}

func (p *period) flags(c *cobra.Command) {
	c.Flags().StringVar(&p.sinceText, "since", "", "with -: only events since `TIME` (10m, 3d, 15:04, RFC 3339)")
	c.Flags().StringVar(&p.untilText, "until", "", "with -: only events until `TIME`")
	offer(c, "since", "10m", "1h", "24h", "3d", "15:04")
}

// parse reads the flags and reports those without effect on a command: a live
// stream has no past but that of the database, and no end.
func (p *period) parse(c *cobra.Command) (err error) {
	now := time.Now()
	recorded := slices.Equal(c.Flags().Args(), []string{"-"})
	switch {
	case recorded || c.Name() == "history":
	case c.Name() == "tail":
		err = withoutEffect(c, "on live events; rtev history reads stored ones", "until")
	default:
		err = withoutEffect(c, "on live events; rtev history reads stored ones", "since", "until")
	}
	if err != nil {
		return err
	}
	if p.since, err = parseTime(p.sinceText, now); err != nil {
		return usagef("--since: %v", err)
	}
	if p.until, err = parseTime(p.untilText, now); err != nil {
		return usagef("--until: %v", err)
	}
	if c.Name() == "history" {
		p.since = cmp.Or(p.since, cmp.Or(p.until, now).Add(-24*time.Hour))
		p.until = cmp.Or(p.until, now.Add(time.Minute)) // the server's clock may be ahead
	}
	if !p.until.IsZero() && p.since.After(p.until) {
		return usagef("--since %s is after --until %s", p.sinceText, cmp.Or(p.untilText, "now"))
	}
	return nil
}

// parseTime reads a point in time: how long ago (10m, 2h, 3d), a time of the day,
// which is yesterday's if today's is still to come, a date, RFC 3339, or Unix seconds
// or milliseconds. An empty string is the zero time.
func parseTime(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	switch n, err := strconv.ParseInt(text, 10, 64); {
	case err == nil && n >= 1e11: // seconds of the year 5138, milliseconds of 1973
		return time.UnixMilli(n), nil
	case err == nil && n >= 1e8: // smaller numbers may lack a unit
		return time.Unix(n, 0), nil
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil {
			return now.Add(-time.Duration(n) * 24 * time.Hour), nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago), nil
	}
	if at, err := time.ParseInLocation("15:04", text, now.Location()); err == nil {
		at = time.Date(now.Year(), now.Month(), now.Day(), at.Hour(), at.Minute(), 0, 0, now.Location())
		if at.After(now) {
			at = at.AddDate(0, 0, -1)
		}
		return at, nil
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, now.Location()); err == nil {
		return day, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		err = fmt.Errorf("%q is not a time; write 10m, 2h, 3d, 15:04, 2026-06-19, RFC 3339, or Unix seconds or ms", text)
	}
	return at, err
}

// within selects the recorded events of --since and --until, and those without a time.
func (s *session) within(to event.Sink) event.Sink {
	if s.since.IsZero() && s.until.IsZero() {
		return to
	}
	return pipeline.Match(func(e *event.Event) bool {
		at, ok := e.Time()
		return !ok || !at.Before(s.since) && (s.until.IsZero() || !at.After(s.until))
	}, to)
}
