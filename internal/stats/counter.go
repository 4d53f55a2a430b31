package stats

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/term"
)

// Options says what a Counter counts.
type Options struct {
	// By groups the events; the zero Path groups them by type.
	By event.Path
	// Recorded events are counted at their own times (system_timestamp). They
	// have no delay, and their instances are never silent.
	Recorded bool
	// Wanted reports which types reach the counter; nil means all. Events whose
	// end is not wanted are not counted as open.
	Wanted func(typ string) bool
	// Notify receives one warning per server whose clock is ahead of ours.
	Notify event.Notify
}

// Counter holds the numbers of a run. Each chain of sinks ends in a Sink of its
// own. All methods are safe for concurrent use; a report holds up the events of
// one instance at a time, for microseconds.
type Counter struct {
	o        Options
	by       string
	byType   bool
	start    time.Time
	items    atomic.Int64 // remembered
	maxItems int64
	seeds    [2]maphash.Seed

	mu      sync.Mutex // guards the fields below; each tally has its own lock
	tallies map[instanceKey]*tally
	order   []*tally        // as the instances were first seen
	losses  losses          // of records that belong to no instance
	warned  map[string]bool // servers whose clocks were reported
}

// instanceKey identifies an instance: its server and its id there.
type instanceKey struct{ server, id string }

// New returns a Counter whose run starts now.
func New(o Options) *Counter {
	by := cmp.Or(o.By.String(), "_type")
	start := time.Now()
	if o.Recorded { // rates of a recording are taken over whole seconds of the clock
		start = start.Truncate(time.Second)
	}
	return &Counter{
		o: o, by: by, byType: by == "_type", start: start, maxItems: maxItems,
		seeds:   [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		tallies: map[instanceKey]*tally{}, warned: map[string]bool{},
	}
}

// Expect lists an instance from the start of the run, even if it never sends
// anything.
func (c *Counter) Expect(in *event.Instance) { c.tally(in) }

// Sink returns a sink that counts the events of one chain. It belongs behind the
// filters of the chain.
func (c *Counter) Sink() event.Sink { return &sink{c: c, counts: true} }

// Watch returns a sink that passes events on to another one, records when they
// arrived, and counts SSE ids that jump. It belongs in front of the filters of
// a chain: events that they leave out were not lost. Directly in front of the
// counter's own Sink the two become one.
func (c *Counter) Watch(to event.Sink) event.Sink {
	if s, ok := to.(*sink); ok && s.c == c {
		s.watches = true
		return s
	}
	return &sink{c: c, watches: true, to: to}
}

// sink watches events, counts them, or both.
type sink struct {
	c               *Counter
	watches, counts bool
	to              event.Sink // may be nil

	in *event.Instance // of the last event: most chains have one
	t  *tally          // of that instance
}

// Put counts the event. It fails only as the next sink does.
func (s *sink) Put(ev *event.Event) error {
	if s.counts || !s.c.o.Recorded {
		s.take(ev)
	} else if _, ok := decimal(ev.ID); ok { // without an id there is nothing to watch in a recording
		s.take(ev)
	}
	if s.to == nil {
		return nil
	}
	return s.to.Put(ev)
}

// take counts an event. Of a live event it needs the moment of its arrival.
func (s *sink) take(ev *event.Event) {
	if s.t == nil || ev.Instance != s.in {
		s.in, s.t = ev.Instance, s.c.tally(ev.Instance)
	}
	live := !s.c.o.Recorded && !ev.Received.IsZero()
	var arrived time.Duration
	if live {
		arrived = ev.Received.Sub(s.c.start)
	}
	s.t.mu.Lock()
	if s.watches {
		s.t.watch(ev, arrived, live)
	}
	if s.counts {
		s.t.put(ev, arrived, live)
	}
	s.t.mu.Unlock()
}

// Flush flushes the next sink, if there is one.
func (s *sink) Flush() error {
	if s.to == nil {
		return nil
	}
	return s.to.Flush()
}

// Notice takes what sources report: connections, gaps, skipped records.
func (c *Counter) Notice(n event.Notice) {
	if n.Instance == nil {
		c.mu.Lock()
		c.losses.add(n.Kind)
		c.mu.Unlock()
		return
	}
	t := c.tally(n.Instance)
	t.mu.Lock()
	t.notice(n, time.Since(c.start))
	t.mu.Unlock()
}

// unassigned returns what was lost of no instance.
func (c *Counter) unassigned() Flow {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Flow{Skipped: c.losses.skipped, Oversize: c.losses.oversize}
}

// tally returns the numbers of an instance, new ones the first time.
func (c *Counter) tally(in *event.Instance) *tally {
	key := instanceKey{}
	if in != nil {
		key = instanceKey{cut(in.Server), cut(in.ID)}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.tallies[key]; t != nil {
		return t
	}
	key = instanceKey{clean(key.server), nameOf(key.id)}
	if len(c.tallies) >= maxInstances && c.tallies[key] == nil {
		key, in = instanceKey{"", other}, nil
	}
	t := c.tallies[key]
	if t == nil {
		t = newTally(c, key, in)
		c.tallies[key] = t
		c.order = append(c.order, t)
	}
	return t
}

// list returns all tallies so far.
func (c *Counter) list() []*tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.order[:len(c.order):len(c.order)]
}

// warnOfClocks warns once of each server whose events carry times in the future
// of the clock here.
func (c *Counter) warnOfClocks(s *Snapshot) {
	ahead := map[string]float64{}
	for i := range s.Instances {
		in := &s.Instances[i]
		if in.Delay != nil && in.Delay.Min < -1 { // rounding to milliseconds explains less
			ahead[in.Server] = min(ahead[in.Server], in.Delay.Min)
		}
	}
	for server, ms := range ahead {
		if c.firstWarning(server) {
			c.o.Notify.Tell(event.Notice{Kind: event.Warning, Text: fmt.Sprintf(
				"events of %s carry times up to %s ahead of the clock here; delays are too small by as much",
				cmp.Or(server, "the server"), term.Millis(-ms))})
		}
	}
}

// firstWarning reports whether there was no warning of the server so far.
func (c *Counter) firstWarning(server string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := !c.warned[server]
	c.warned[server] = true
	return first
}
