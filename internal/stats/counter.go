// Package stats turns events into numbers: how many, how fast, how late, and
// what was lost. A Counter takes the events and notices of all sources. A
// Snapshot is what it knows at one moment, and a Printer prints snapshots: as a
// live view, text, records, rows or metrics. Fields is a second sink, which
// lists the fields that arrive.
//
// Whatever a server can make grow is limited.
package stats

import (
	"cmp"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rtev/rtev/internal/event"
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

// Counter holds the numbers of a run. Each chain of sinks has a Sink of its own.
// All methods are safe for concurrent use; a report delays the events of one
// instance at a time, by microseconds.
type Counter struct {
	o      Options
	byType bool
	start  time.Time    // all moments are durations since then
	items  atomic.Int64 // remembered

	mu      sync.Mutex // guards the fields below; each tally has its own lock
	tallies map[instanceKey]*tally
	order   []*tally // as the instances were first seen
	// unassigned counts the skipped records that belong to no instance.
	unassigned Flow
	warned     map[string]bool // servers whose clocks were reported
}

// instanceKey identifies an instance: its server and its id there.
type instanceKey struct{ server, id string }

// New returns a Counter whose run starts now.
func New(o Options) *Counter {
	if o.By.String() == "" {
		o.By = event.MustPath("_type")
	}
	start := time.Now()
	if o.Recorded { // rates of a recording are taken over whole seconds of the clock
		start = time.Unix(0, 0)
	}
	return &Counter{
		o: o, byType: o.By.String() == "_type", start: start,
		tallies: map[instanceKey]*tally{}, warned: map[string]bool{},
	}
}

// Expect lists an instance from the start of the run, even if it never sends
// anything.
func (c *Counter) Expect(in *event.Instance) { c.tally(in) }

// Sink returns a sink for one chain. Of every event it records when it arrived,
// and counts SSE ids that jump: events that filters leave out were not lost. It
// puts events into the sink that filters returns, and counts those that arrive
// in the sink that filters is called with. The filters are called under the lock
// of the instance, and must not call the Counter.
func (c *Counter) Sink(filters func(to event.Sink) event.Sink) event.Sink {
	s := &sink{c: c}
	s.filters = filters((*counting)(s))
	return s
}

// sink looks at events before they are filtered.
type sink struct {
	c       *Counter
	filters event.Sink
	in      *event.Instance // of the last event: most chains have one
	t       *tally          // of that instance
}

// Put fails only as the filters do.
func (s *sink) Put(ev *event.Event) error {
	if s.t == nil || ev.Instance != s.in {
		s.in, s.t = ev.Instance, s.c.tally(ev.Instance)
	}
	s.t.mu.Lock()
	defer s.t.mu.Unlock()
	s.t.watch(ev)
	return s.filters.Put(ev)
}

// Flush flushes the filters.
func (s *sink) Flush() error { return s.filters.Flush() }

// counting is the end of a chain: it counts the event that its sink has locked
// the tally for.
type counting sink

// Put never fails.
func (s *counting) Put(ev *event.Event) error {
	s.t.put(ev)
	return nil
}

// Flush does nothing.
func (s *counting) Flush() error { return nil }

// Notice takes what sources report: connections, gaps, skipped records.
func (c *Counter) Notice(n event.Notice) {
	if n.Instance == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.unassigned.lose(n.Kind)
		return
	}
	t := c.tally(n.Instance)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.notice(n, time.Since(c.start))
}

// tally returns the numbers of an instance, new ones the first time.
func (c *Counter) tally(in *event.Instance) *tally {
	in = cmp.Or(in, &event.Instance{})
	key := instanceKey{clean(in.Server), nameOf(in.ID)}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tallies[key] == nil && len(c.order) >= maxInstances {
		key, in = instanceKey{"", other}, &event.Instance{}
	}
	t := c.tallies[key]
	if t == nil {
		key = instanceKey{strings.Clone(key.server), strings.Clone(key.id)}
		t = newTally(c, key, in)
		c.tallies[key] = t
		c.order = append(c.order, t)
	}
	return t
}
