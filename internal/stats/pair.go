package stats

import (
	"hash/maphash"

	"github.com/rtev/rtev/internal/event"
)

// pair counts the events of one type that has an end: which are open, where,
// and how long those lasted that ended.
type pair struct {
	typ       string
	open      map[eventKey]*place
	places    map[string]*place
	untracked uint64 // open events beyond the limit
	ended     uint64
	durations dist
}

// eventKey is a hash of an event id, 16 bytes whatever its length.
type eventKey [2]uint64

// place is an area or tripwire, and how many events are open there.
type place struct {
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
		p = &pair{typ: typ, open: map[eventKey]*place{}, places: map[string]*place{}}
		t.pairs = append(t.pairs, p)
	}
	return p
}

// keyOf returns the key of the event's id. An event without an id is not counted
// as open, because its end could not be recognized.
func keyOf(c *Counter, ev *event.Event) (key eventKey, ok bool) {
	id := ev.Get("event_id").String()
	return eventKey{maphash.String(c.seeds[0], id), maphash.String(c.seeds[1], id)}, id != ""
}

// begin counts the beginning of an event.
func (p *pair) begin(c *Counter, ev *event.Event) {
	key, ok := keyOf(c, ev)
	if !ok || p.open[key] != nil {
		return
	}
	if len(p.open) >= maxOpen || !c.remember() {
		p.untracked++
		return
	}
	at := p.placeOf(c, ev.Get("_place").String())
	at.open++
	p.open[key] = at
}

// end counts the end of an event, which may have begun before this run.
func (p *pair) end(c *Counter, ev *event.Event) {
	p.ended++
	if ms, ok := event.Number(ev.Get("event_duration_ms")); ok {
		p.durations.add(ms)
	}
	key, _ := keyOf(c, ev)
	switch at := p.open[key]; {
	case at != nil:
		at.open--
		delete(p.open, key)
		c.forget()
	case p.untracked > 0:
		p.untracked--
	}
}

// placeOf returns the place of that name.
func (p *pair) placeOf(c *Counter, name string) *place {
	if at := p.places[cut(name)]; at != nil {
		return at
	}
	name = nameOf(name)
	if p.places[name] == nil && (len(p.places) >= maxPlaces || !c.remember()) {
		name = other
	}
	at := p.places[name]
	if at == nil {
		at = &place{name: name}
		p.places[name] = at
	}
	return at
}
