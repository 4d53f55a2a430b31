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
	c                *Counter
	id, name, server string
	order            int

	mu       sync.Mutex // guards the fields below
	link     link
	arrivals arrivals
	traffic
	volume     window[uint64]
	delay      dist
	ids        ids
	losses     losses
	types      map[string]*typeInfo
	last       *typeInfo // of the last event
	groups     map[string]*group
	pairs      map[string]*pair // by their types without -end
	statistics engine
}

func newTally(c *Counter, key instanceKey, in *event.Instance) *tally {
	t := &tally{
		c: c, server: key.server, id: key.id, name: key.id,
		types: map[string]*typeInfo{}, groups: map[string]*group{}, pairs: map[string]*pair{},
	}
	if in != nil {
		t.order = in.Order
		if in.Name != "" {
			t.name = clean(in.Name)
		}
	}
	t.link.state = Connecting
	if c.o.Recorded {
		t.link.state = Recorded
	}
	return t
}

// isEmpty reports whether the tally is of a recorded instance of which nothing
// passed the filters, and nothing was lost as far as ids can tell.
func (t *tally) isEmpty() bool {
	return t.c.o.Recorded && t.events == 0 && !t.ids.known && t.losses == losses{}
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
		t.ids.note(n, t.c.o.Recorded)
	}
}

// put counts an event at the moment it arrived or, if it is not live, was sent.
func (t *tally) put(ev *event.Event) {
	size := uint64(len(ev.Payload))
	info := t.typeOf(ev.Type)
	g := info.group
	if g == nil {
		g = t.groupOf(ev)
	}
	t.add(size)
	g.add(size)
	at, live := t.arrived(ev)
	sent, stamped := ev.Time()
	switch {
	case live && stamped:
		t.delay.add(millis(ev.Received.Sub(sent)))
	case stamped:
		at = sent.Sub(t.c.start)
	}
	if live && t.link.state == Connecting { // not every source reports when it has connected
		t.link.state = Connected
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
		t.statistics.read(ev)
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

// ids counts the SSE ids of one connection that do not follow one another.
type ids struct {
	known          bool
	last           uint64
	jumps, missing uint64
}

// note looks at the id of an event. Events of one record have the same id. In a
// recording a smaller id is the start of another connection.
func (i *ids) note(n uint64, recorded bool) {
	if i.known && n != i.last && n != i.last+1 && (n > i.last || !recorded) {
		i.jumps++
		if n > i.last {
			i.missing += n - i.last - 1
		}
	}
	i.known, i.last = true, n
}
