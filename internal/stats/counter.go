package stats

import (
	"fmt"
	"hash/maphash"
	"strings"
	"sync"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// Options say what a Counter counts.
type Options struct {
	// By groups the events. The zero path groups them by type.
	By event.Path
	// Recorded events are counted by their own times (system_timestamp): their
	// delays are not known, and nothing of them falls silent.
	Recorded bool
	// Wanted tells which types come here; nil: all. An event whose end is not
	// wanted never counts as open.
	Wanted func(typ string) bool
	// Notify is told, once a server, that its clock is ahead of ours.
	Notify event.Notify
}

// Counter holds the numbers of a run. Each chain has a Sink of it; all its
// methods are safe for concurrent use. A reader and a report meet only at the
// lock of one instance, and for microseconds.
type Counter struct {
	o      Options
	by     string
	byType bool
	start  time.Time
	room   *room
	seeds  [2]maphash.Seed

	mu      sync.Mutex // before what follows; each tally has a lock of its own
	tallies map[origin]*tally
	all     []*tally        // in the order they were met
	lost    lost            // records that belong to no instance
	told    map[string]bool // servers whose clocks were told of
}

// origin is where events come from, of an instance: its server and its id there.
type origin struct{ server, id string }

// New returns a Counter whose run starts now.
func New(o Options) *Counter {
	by := o.By.String()
	if by == "" {
		by = "_type"
	}
	start := time.Now()
	if o.Recorded { // the seconds of a recording are whole ones of the clock
		start = start.Truncate(time.Second)
	}
	return &Counter{
		o: o, by: by, byType: by == "_type", start: start, room: newRoom(maxThings),
		seeds:   [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		tallies: map[origin]*tally{}, told: map[string]bool{},
	}
}

// Expect lists an instance from the start, even if it never says anything.
func (c *Counter) Expect(in *event.Instance) { c.tally(in) }

// Sink returns a sink that counts the events of one chain, behind its filters.
func (c *Counter) Sink() event.Sink { return &sink{chain: chain{c: c}} }

// Watch returns a sink that passes everything on to another, and counts the
// SSE ids that jump. It belongs in front of a chain's filters: what they leave
// out was not lost. Right in front of the counter's own Sink it is that sink,
// which then looks at both at once.
func (c *Counter) Watch(to event.Sink) event.Sink {
	if s, ok := to.(*sink); ok && s.c == c {
		s.watches = true
		return s
	}
	return &watch{chain{c: c}, to}
}

// chain remembers the tally of a chain's last event: most have one instance.
type chain struct {
	c  *Counter
	in *event.Instance
	t  *tally
}

func (h *chain) tally(in *event.Instance) *tally {
	if h.t == nil || in != h.in {
		h.in, h.t = in, h.c.tally(in)
	}
	return h.t
}

type sink struct {
	chain
	watches bool // the ids, too
}

// Put counts the event. It never fails.
func (s *sink) Put(ev *event.Event) error {
	t := s.tally(ev.Instance)
	t.mu.Lock()
	if s.watches {
		t.watch(ev)
	}
	t.put(ev)
	t.mu.Unlock()
	return nil
}

// Flush has nothing to do: what was counted stays here.
func (s *sink) Flush() error { return nil }

type watch struct {
	chain
	to event.Sink
}

// Put looks at the event's id and passes the event on.
func (w *watch) Put(ev *event.Event) error {
	_, numbered := decimal(ev.ID)
	if numbered || !w.c.o.Recorded { // a recording may hold instances of which nothing is counted
		t := w.tally(ev.Instance)
		t.mu.Lock()
		t.watch(ev)
		t.mu.Unlock()
	}
	return w.to.Put(ev)
}

// Flush flushes the next sink.
func (w *watch) Flush() error { return w.to.Flush() }

// Notice takes what sources tell: states of connections, gaps, skipped records.
func (c *Counter) Notice(n event.Notice) {
	if n.Instance == nil {
		c.mu.Lock()
		c.lost.notice(n.Kind)
		c.mu.Unlock()
		return
	}
	t := c.tally(n.Instance)
	t.mu.Lock()
	t.notice(n, time.Since(c.start))
	t.mu.Unlock()
}

// unplaced is what was lost of no instance.
func (c *Counter) unplaced() Flow {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Flow{Skipped: c.lost.skipped, Oversize: c.lost.oversize}
}

// tally finds the numbers of an instance, and begins them where there are none.
func (c *Counter) tally(in *event.Instance) *tally {
	at := origin{}
	if in != nil {
		at = origin{short(in.Server), short(in.ID)}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.tallies[at]; t != nil {
		return t
	}
	clean := origin{"", kept(at.id)}
	if at.server != "" {
		clean.server = kept(at.server)
	}
	if len(c.tallies) >= maxInstances && c.tallies[clean] == nil {
		clean, in = origin{"", other}, nil
	}
	t := c.tallies[clean]
	if t == nil {
		t = newTally(c, clean, in)
		c.tallies[clean] = t
		c.all = append(c.all, t)
	}
	if at != clean && len(c.tallies) < maxInstances { // another spelling of the same
		c.tallies[origin{strings.Clone(at.server), strings.Clone(at.id)}] = t
	}
	return t
}

// list is all tallies met so far.
func (c *Counter) list() []*tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all[:len(c.all):len(c.all)]
}

// tellClocks tells of each server, once, whose events carry times that are
// still to come here.
func (c *Counter) tellClocks(s *Snapshot) {
	ahead := map[string]float64{}
	for i := range s.Instances {
		in := &s.Instances[i]
		if in.Delay != nil && in.Delay.Min < -1 { // less is what rounding to milliseconds does
			ahead[in.Server] = min(ahead[in.Server], in.Delay.Min)
		}
	}
	for server, ms := range ahead {
		if c.toldOf(server) {
			continue
		}
		if server == "" {
			server = "the server"
		}
		c.o.Notify.Tell(event.Notice{Kind: event.Warning, Text: fmt.Sprintf(
			"clocks are apart: events of %s carry times up to %s ahead of the clock here; delays are too small by as much", server, delayText(-ms))})
	}
}

// toldOf notes that a server was told of, and whether it had been before.
func (c *Counter) toldOf(server string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	was := c.told[server]
	c.told[server] = true
	return was
}
