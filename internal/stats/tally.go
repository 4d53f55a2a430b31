package stats

import (
	"strconv"
	"sync"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// tally holds the numbers of one instance. All moments are durations since the
// start of the counter; those of recorded events are negative.
type tally struct {
	c *Counter

	mu       sync.Mutex // guards the fields below
	in       Instance   // what is counted in place; snapshot adds the rest
	arrivals arrivals
	since    time.Duration // when the state began
	gap      time.Duration // sum of the gaps that have ended
	longest  time.Duration // the longest of them
	traffic
	volume  window[uint64]
	delay   dist
	id      uint64 // of the last event, when hasID
	hasID   bool
	types   map[string]*typeInfo
	last    *typeInfo // of the last event
	groups  map[string]*group
	pairs   map[string]*pair // by their types without -end
	frames  growth
	dropped growth
}

func newTally(c *Counter, key instanceKey, in *event.Instance) *tally {
	t := &tally{
		c: c, in: Instance{ID: key.id, Name: key.id, Server: key.server, State: Connecting},
		types: map[string]*typeInfo{}, groups: map[string]*group{}, pairs: map[string]*pair{},
	}
	if in != nil {
		t.in.order = in.Order
		if in.Name != "" {
			t.in.Name = clean(in.Name)
		}
	}
	if c.o.Recorded {
		t.in.State = Recorded
	}
	return t
}

// isEmpty reports whether the tally is of a recorded instance of which nothing
// passed the filters, and nothing was lost as far as ids can tell.
func (t *tally) isEmpty() bool {
	return t.c.o.Recorded && t.traffic.events == 0 && !t.hasID && t.in.Skipped+t.in.Oversize == 0
}

// arrived returns when a live event arrived.
func (t *tally) arrived(ev *event.Event) (at time.Duration, live bool) {
	if t.c.o.Recorded || ev.Received.IsZero() {
		return 0, false
	}
	return ev.Received.Sub(t.c.start), true
}

// watch looks at an event before the filters do: at its id and, if it is live, at
// when it arrived.
func (t *tally) watch(ev *event.Event) {
	if at, live := t.arrived(ev); live {
		t.arrivals.note(at, ev.Type == "statistics")
	}
	if ev.ID == "" || ev.ID[0]-'0' > 9 || len(ev.ID) > 19 {
		return
	}
	if n, err := strconv.ParseUint(ev.ID, 10, 64); err == nil {
		t.noteID(n)
	}
}

// noteID counts SSE ids of one connection that do not follow one another. Events
// of one record have the same id. In a recording a smaller id is the start of
// another connection.
func (t *tally) noteID(n uint64) {
	if t.hasID && n != t.id && n != t.id+1 && (n > t.id || !t.c.o.Recorded) {
		t.in.IDJumps++
		if n > t.id {
			t.in.IDsMissing += n - t.id - 1
		}
	}
	t.hasID, t.id = true, n
}

// put counts an event at the moment it arrived or, if it is not live, was sent.
func (t *tally) put(ev *event.Event) {
	size := uint64(len(ev.Payload))
	info := t.typeOf(ev.Type)
	g := info.group
	if g == nil {
		g = t.groupOf(ev)
	}
	t.traffic.add(size)
	g.traffic.add(size)
	at, live := t.arrived(ev)
	sent, stamped := ev.Time()
	switch {
	case live && stamped:
		t.delay.add(millis(ev.Received.Sub(sent)))
	case stamped:
		at = sent.Sub(t.c.start)
	}
	if live && t.in.State == Connecting { // not every source reports when it has connected
		t.in.State = Connected
	}
	if live || stamped {
		sec := second(at)
		t.at(at, sec)
		g.at(at, sec)
		t.volume.add(sec, size)
	}
	if info.begins != nil {
		info.begins.begin(t.c, ev)
	}
	if info.ends != nil {
		info.ends.end(t.c, ev)
	}
	if info.name == "statistics" {
		t.readStatistics(ev)
	}
}

// traffic counts events, in all and per second.
type traffic struct {
	events, bytes uint64
	span          span
	rate          window[uint32]
}

// add counts an event of so many bytes.
func (n *traffic) add(size uint64) {
	n.events++
	n.bytes += size
}

// at records the moment of an event, and the second it is in.
func (n *traffic) at(at time.Duration, sec int64) {
	n.span.add(at)
	n.rate.add(sec, 1)
}

// span is the first and the last moment of something. The zero value is ready.
type span struct {
	known       bool
	first, last time.Duration
}

func (s *span) add(at time.Duration) {
	if !s.known {
		*s = span{true, at, at}
		return
	}
	s.first, s.last = min(s.first, at), max(s.last, at)
}
