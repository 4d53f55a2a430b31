package stats

import (
	"sync"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// tally holds the numbers of one instance. All moments are durations since the
// counter's start; of recorded events they lie before it.
type tally struct {
	c                *Counter
	id, name, server string
	order            int

	mu       sync.Mutex // before what follows
	link     link
	events   uint64
	bytes    uint64
	span     span
	rate     window[uint32]
	volume   window[uint64]
	arrivals arrivals
	delay    dist
	ids      ids
	lost     lost
	kinds    map[string]*kind // by type
	last     *kind            // of the last event
	groups   map[string]*group
	pairs    []*pair
	rest     *kind // all types beyond the limit
	engine   engine
}

func newTally(c *Counter, at origin, in *event.Instance) *tally {
	t := &tally{c: c, server: at.server, id: at.id, name: at.id, kinds: map[string]*kind{}, groups: map[string]*group{}}
	if in != nil {
		t.order = in.Order
		if in.Name != "" {
			t.name = kept(in.Name)
		}
	}
	t.link.state = Connecting
	if c.o.Recorded {
		t.link.state = Recorded
	}
	return t
}

// put counts an event.
func (t *tally) put(ev *event.Event) {
	size := uint64(len(ev.Payload))
	t.events++
	t.bytes += size
	k := t.kindOf(ev.Type)
	g := k.group
	if g == nil {
		g = t.groupOf(ev)
	}
	g.events++
	g.bytes += size
	sent, stamped := sentAt(ev)
	switch {
	case !t.c.o.Recorded && !ev.Received.IsZero():
		if stamped {
			t.delay.add(millis(ev.Received.Sub(sent)))
		}
		t.at(ev.Received.Sub(t.c.start), g, size)
		t.link.delivered()
	case stamped:
		t.at(sent.Sub(t.c.start), g, size)
	}
	if k.role != plain {
		t.special(k, ev)
	}
}

// sentAt is ev.Time, which costs half where the stamp is a plain number.
func sentAt(ev *event.Event) (time.Time, bool) {
	raw, _ := ev.Member("system_timestamp")
	if ms, ok := decimal(raw); ok && ms < 1e14 {
		return time.UnixMilli(int64(ms)), true
	}
	return ev.Time()
}

// at notes when an event came, or when a recorded one was sent.
func (t *tally) at(at time.Duration, g *group, size uint64) {
	sec := second(at)
	t.span.add(at)
	g.span.add(at)
	t.rate.add(sec, 1)
	g.rate.add(sec, 1)
	t.volume.add(sec, size)
}

// special counts what is special about some types.
func (t *tally) special(k *kind, ev *event.Event) {
	switch k.role {
	case begins:
		k.pair.begin(t.c, ev)
	case ends:
		k.pair.end(t.c, ev)
	case statistics:
		t.engine.read(ev)
	}
}

// span is the first and the last moment of something. Zero is ready.
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

// watch looks at an event before the filters do: at its id, and at when it
// arrived.
func (t *tally) watch(ev *event.Event) {
	if !ev.Received.IsZero() {
		t.arrivals.note(ev.Received.Sub(t.c.start), ev.Type == "statistics")
	}
	if n, ok := decimal(ev.ID); ok {
		t.ids.see(n, t.c.o.Recorded)
	}
}

// see notes the id of an event. Events of one record have the same id. In a
// recording a smaller one is another connection.
func (i *ids) see(n uint64, recorded bool) {
	if i.known && n != i.last && n != i.last+1 && (n > i.last || !recorded) {
		i.jumps++
		if n > i.last {
			i.missing += n - i.last - 1
		}
	}
	i.known, i.last = true, n
}

// decimal is a number without sign that fits.
func decimal[T string | []byte](s T) (n uint64, ok bool) {
	if len(s) == 0 || len(s) > 19 {
		return 0, false
	}
	for i := 0; i < len(s); i++ {
		c := s[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + uint64(c)
	}
	return n, true
}
