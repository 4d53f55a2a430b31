package stats

import (
	"hash/maphash"

	"github.com/rtev/rtev/internal/event"
)

// pair counts the events of one type that have an end: which are open, where,
// and how long those lasted that ended.
type pair struct {
	typ     string
	open    map[mark]*spot // by event id
	spots   map[string]*spot
	lost    uint64 // begun, and there was no room to remember which
	ended   uint64
	lasting dist
}

// mark stands for an event id: 16 bytes whatever its length.
type mark [2]uint64

// spot is a place, and how many events are open there.
type spot struct {
	name string
	open uint64
}

func (t *tally) findPair(typ string) *pair {
	for _, p := range t.pairs {
		if p.typ == typ {
			return p
		}
	}
	return nil
}

func (t *tally) pairOf(typ string) *pair {
	p := t.findPair(typ)
	if p == nil {
		p = &pair{typ: typ, open: map[mark]*spot{}, spots: map[string]*spot{}}
		t.pairs = append(t.pairs, p)
	}
	return p
}

// markOf is the mark of the event's id; an event without one can end unseen,
// and does not count as open.
func markOf(c *Counter, ev *event.Event) (m mark, ok bool) {
	id := ev.Get("event_id").String()
	return mark{maphash.String(c.seeds[0], id), maphash.String(c.seeds[1], id)}, id != ""
}

func (p *pair) begin(c *Counter, ev *event.Event) {
	m, ok := markOf(c, ev)
	if !ok || p.open[m] != nil {
		return
	}
	if len(p.open) >= maxOpen || !c.room.take() {
		p.lost++
		return
	}
	s := p.spot(c, ev.Get("_place").String())
	s.open++
	p.open[m] = s
}

func (p *pair) end(c *Counter, ev *event.Event) {
	p.ended++
	if ms, ok := event.Number(ev.Get("event_duration_ms")); ok {
		p.lasting.add(ms)
	}
	m, _ := markOf(c, ev)
	switch s := p.open[m]; {
	case s != nil:
		s.open--
		delete(p.open, m)
		c.room.give()
	case p.lost > 0:
		p.lost--
	}
}

// spot finds a place by its name.
func (p *pair) spot(c *Counter, name string) *spot {
	if s := p.spots[short(name)]; s != nil {
		return s
	}
	name = kept(name)
	if p.spots[name] == nil && (len(p.spots) >= maxPlaces || !c.room.take()) {
		name = other
	}
	s := p.spots[name]
	if s == nil {
		s = &spot{name: name}
		p.spots[name] = s
	}
	return s
}
