package pipeline

import (
	"errors"
	"hash/maphash"
	"sync"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// maxGroups is the size of each of the two maps of groups of a Cooldown.
const maxGroups = 10_000

// maxPositions bounds the events that a chain of a Cooldown counts exactly if
// the output fails: more than a polling response holds between two flushes.
const maxPositions = 1 << 16

// Cooldown passes one event of a group and drops later ones of that group within a
// period. The period starts when the event was put without an error. It is measured
// by the clock for live events and by their own times for recorded ones. A Cooldown
// is safe for concurrent use.
type Cooldown struct {
	period time.Duration
	key    func(dst []byte, ev *event.Event) []byte
	seed   maphash.Seed

	mu sync.Mutex
	// When recent is full it becomes old, and the groups in old are forgotten. The
	// next event of a forgotten group passes.
	recent, old map[uint64]*group
	dropped     int64
}

// group is the state of one group.
type group struct {
	passed time.Time // when the last event was put; zero before the first
	folded int       // events dropped since
}

// NewCooldown returns a cooldown. key appends the key of an event's group to dst.
// An event with an empty key passes.
func NewCooldown(period time.Duration, key func(dst []byte, ev *event.Event) []byte) *Cooldown {
	return &Cooldown{period: period, key: key, seed: maphash.MakeSeed(), recent: map[uint64]*group{}}
}

// Dropped returns how many events were dropped so far.
func (c *Cooldown) Dropped() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dropped
}

// Sink returns a sink that passes events on to to. While an event is put, its
// Folded is the number of events of its group that were dropped before it.
func (c *Cooldown) Sink(to event.Sink) event.Sink { return &cooled{link: link{to}, cooldown: c} }

// cooled is one chain's sink of a Cooldown.
type cooled struct {
	link
	cooldown *Cooldown
	key      []byte
	put      int   // events put since the last Flush that returned nil
	passed   []int // the positions among them of the first that passed
	err      error // the first *event.WriteError, as counted here
}

// Put implements event.Sink.
func (s *cooled) Put(ev *event.Event) error {
	at := s.put
	s.put++
	c := s.cooldown
	if s.key = c.key(s.key[:0], ev); len(s.key) == 0 || c.period <= 0 {
		return s.pass(ev, at)
	}
	id := maphash.Bytes(c.seed, s.key)
	folded, pass := c.admit(id, now(ev))
	if !pass {
		return nil
	}
	ev.Folded = folded
	err := s.pass(ev, at)
	ev.Folded = 0
	if err == nil {
		c.passed(id, now(ev), folded)
	}
	return err
}

func (s *cooled) pass(ev *event.Event, at int) error {
	if len(s.passed) < maxPositions {
		s.passed = append(s.passed, at)
	}
	return s.recount(s.Sink.Put(ev))
}

// Flush implements event.Sink.
func (s *cooled) Flush() error {
	err := s.recount(s.Sink.Flush())
	if err == nil {
		s.put, s.passed = 0, s.passed[:0]
	}
	return err
}

// recount adds dropped events to the number of events that a failed output has
// written, because they need no further handling.
func (s *cooled) recount(err error) error {
	if s.err != nil {
		return s.err
	}
	failure, ok := errors.AsType[*event.WriteError](err)
	if !ok {
		return err
	}
	whole := s.put
	if n := len(s.passed); failure.Written < n || n == maxPositions {
		whole = s.passed[max(0, min(failure.Written, n-1))]
	}
	s.err = &event.WriteError{Err: failure.Err, Written: whole}
	return s.err
}

// now returns the time by which an event is measured.
func now(ev *event.Event) time.Time {
	if ev.Received.IsZero() {
		at, _ := ev.Time()
		return at
	}
	return time.Now()
}

// admit reports whether an event passes, and how many of its group were
// dropped before it. An event that does not pass is counted.
func (c *Cooldown) admit(id uint64, at time.Time) (folded int, pass bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.find(id)
	switch {
	case g == nil:
		return 0, true
	case at.Before(g.passed) || at.Sub(g.passed) >= c.period:
		return g.folded, true
	}
	g.folded++
	c.dropped++
	return 0, false
}

// passed starts the period of a group. folded events were reported.
func (c *Cooldown) passed(id uint64, at time.Time, folded int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.find(id)
	if g == nil {
		if len(c.recent) >= maxGroups {
			c.old, c.recent = c.recent, map[uint64]*group{}
		}
		g = &group{}
		c.recent[id] = g
	}
	g.passed = at
	g.folded -= folded
}

// find returns a group, nil if it is not known. The lock is held.
func (c *Cooldown) find(id uint64) *group {
	if g := c.recent[id]; g != nil {
		return g
	}
	g := c.old[id]
	if g != nil && len(c.recent) < maxGroups {
		c.recent[id] = g
	}
	return g
}
