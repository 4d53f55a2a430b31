package stats

import (
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
	pairs      []*pair
	rest       *typeInfo // all types beyond the limit
	statistics engine
}

func newTally(c *Counter, key instanceKey, in *event.Instance) *tally {
	t := &tally{c: c, server: key.server, id: key.id, name: key.id, types: map[string]*typeInfo{}, groups: map[string]*group{}}
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

// watch looks at an event before the filters do: at its id and, if it is live, at
// when it arrived.
func (t *tally) watch(ev *event.Event, arrived time.Duration, live bool) {
	if live {
		t.arrivals.note(arrived, ev.Type == "statistics")
	}
	if n, ok := decimal(ev.ID); ok {
		t.ids.note(n, t.c.o.Recorded)
	}
}

// put counts an event at the moment it arrived or, if it is not live, was sent.
func (t *tally) put(ev *event.Event, at time.Duration, live bool) {
	size := uint64(len(ev.Payload))
	info := t.typeOf(ev.Type)
	g := info.group
	if g == nil {
		g = t.groupOf(ev)
	}
	t.add(size)
	g.add(size)
	sent, stamped := ev.Time()
	switch {
	case live && stamped:
		t.delay.add(millis(ev.Received.Sub(sent)))
	case stamped:
		at = sent.Sub(t.c.start)
	}
	if live {
		t.link.delivered()
	}
	if live || stamped {
		sec := second(at)
		t.at(at, sec)
		g.at(at, sec)
		t.volume.add(sec, size)
	}
	switch info.role {
	case begins:
		info.pair.begin(t.c, ev)
	case ends:
		info.pair.end(t.c, ev)
	case statistics:
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

// decimal returns the value of an unsigned whole number of up to 19 digits.
func decimal(s string) (n uint64, ok bool) {
	if len(s) == 0 || len(s) > 19 {
		return 0, false
	}
	for i := range len(s) {
		c := s[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + uint64(c)
	}
	return n, true
}
