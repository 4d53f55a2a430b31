package pipeline

import (
	"fmt"
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// maxGroups is how many groups a Cooldown remembers. Then it forgets them all, and
// the next event of each passes.
const maxGroups = 10_000

// Cooldown passes one event of a group and drops later ones of that group within a
// period. Pass decides, and a Sink starts the period when it has put an event. The
// period is measured by the clock for live events and by their own times for recorded
// ones. A Cooldown is safe for concurrent use. Nil drops nothing.
type Cooldown struct {
	period time.Duration
	paths  []event.Path // FIELDS, whose values make the group of an event; nil: not given
	tracks bool         // only the updates of tracks have groups

	mu      sync.Mutex
	groups  map[uint64]group
	dropped atomic.Int64
}

// group is the state of one group.
type group struct {
	put    time.Time // when the last event was put
	folded int       // events dropped since
}

var (
	seed        = maphash.MakeSeed()
	trackFields = []event.Path{event.MustPath("_track")}
	eventFields = []event.Path{event.MustPath("_type"), event.MustPath("_place"), event.MustPath("_class")}
)

// ParseCooldown parses the value of --cooldown, D[:FIELDS]. FIELDS are paths or
// computed fields, separated by commas. Events with equal FIELDS are one group;
// events that have none of them pass. Without FIELDS, the updates of a track are
// one group, and so are other events with the same instance, type, place and class.
func ParseCooldown(text string) (*Cooldown, error) {
	duration, list, given := strings.Cut(text, ":")
	period, err := time.ParseDuration(duration)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%q is not a duration such as 30s, or a duration and fields such as 30s:_place", duration)
	case period < 0:
		return nil, fmt.Errorf("%s: the duration must not be negative", duration)
	case !given:
		return &Cooldown{period: period}, nil
	}
	c := &Cooldown{period: period}
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name == "" {
			return nil, fmt.Errorf("%q: a field is empty", text)
		}
		path, err := event.ParsePath(name)
		if err != nil {
			return nil, err
		}
		c.paths = append(c.paths, path)
	}
	return c, nil
}

// NewTrackCooldown returns a cooldown for the updates of each track. All other
// events pass.
func NewTrackCooldown(period time.Duration) *Cooldown {
	return &Cooldown{period: period, tracks: true}
}

// Dropped returns how many events were dropped so far.
func (c *Cooldown) Dropped() int64 { return c.dropped.Load() }

// Pass reports whether an event passes. It sets Folded to the number of events of
// its group that were dropped before it.
func (c *Cooldown) Pass(ev *event.Event) bool {
	if c == nil {
		return true
	}
	id, ok := c.groupOf(ev)
	if !ok {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	g, known := c.groups[id]
	at := now(ev)
	if !known || at.Before(g.put) || at.Sub(g.put) >= c.period {
		ev.Folded = g.folded
		return true
	}
	g.folded++
	c.groups[id] = g
	c.dropped.Add(1)
	return false
}

// Sink returns a sink that passes on events for which Pass has returned true.
func (c *Cooldown) Sink(to event.Sink) event.Sink {
	if c == nil {
		return to
	}
	return step{to, func(ev *event.Event) error {
		if err := to.Put(ev); err != nil {
			return err
		}
		if id, ok := c.groupOf(ev); ok {
			c.mu.Lock()
			defer c.mu.Unlock()
			folded := c.groups[id].folded - ev.Folded
			if c.groups == nil || len(c.groups) >= maxGroups {
				c.groups = map[uint64]group{}
			}
			c.groups[id] = group{now(ev), folded}
		}
		return nil
	}}
}

// groupOf returns the group of an event; ok is false if it has none.
func (c *Cooldown) groupOf(ev *event.Event) (id uint64, ok bool) {
	paths := c.paths
	switch {
	case c.period <= 0:
		return 0, false
	case paths != nil:
	case ev.Type == "track":
		paths = trackFields
	case !c.tracks:
		paths = eventFields
	}
	var hash maphash.Hash
	hash.SetSeed(seed)
	for i := range paths {
		value := paths[i].Of(ev).String()
		ok = ok || value != ""
		hash.WriteString(value)
		hash.WriteByte(0)
	}
	if c.paths == nil && ev.Instance != nil { // instances may have the same name
		hash.WriteString(ev.Instance.Server)
		hash.WriteString(ev.Instance.ID)
	}
	return hash.Sum64(), ok
}

// now returns the time by which an event is measured.
func now(ev *event.Event) time.Time {
	if ev.Received.IsZero() {
		at, _ := ev.Time()
		return at
	}
	return time.Now()
}
