package stats

import (
	"hash/maphash"

	"github.com/rtev/rtev/internal/event"
)

// pair counts the events of one type that has an end: which are open, where,
// and how long those lasted that ended.
type pair struct {
	open      map[uint64]*place // by hashes of event ids
	places    map[string]*place
	untracked uint64 // open events beyond the limit
	ended     uint64
	durations dist
}

// place is an area or tripwire, and how many events are open there.
type place struct {
	name string
	open uint64
}

// pairOf returns the pair of a type without -end.
func (t *tally) pairOf(typ string) *pair {
	p := t.pairs[typ]
	if p == nil {
		p = &pair{open: map[uint64]*place{}, places: map[string]*place{}}
		t.pairs[typ] = p
	}
	return p
}

// begin counts the beginning of an event. An event without an id is not counted
// as open, because its end could not be recognized.
func (p *pair) begin(c *Counter, ev *event.Event) {
	id := ev.Get("event_id").String()
	key := maphash.String(c.seed, id)
	if id == "" || p.open[key] != nil {
		return
	}
	if len(p.open) >= maxOpen || !c.remember() {
		p.untracked++
		p.placeNamed(c, other).open++
		return
	}
	at := p.placeNamed(c, ev.Get("_place").String())
	at.open++
	p.open[key] = at
}

// end counts the end of an event, which may have begun before this run.
func (p *pair) end(c *Counter, ev *event.Event) {
	p.ended++
	if ms, ok := event.Number(ev.Get("event_duration_ms")); ok {
		p.durations.add(ms)
	}
	key := maphash.String(c.seed, ev.Get("event_id").String())
	if at := p.open[key]; at != nil {
		at.open--
		delete(p.open, key)
		c.items.Add(-1)
	} else if p.untracked > 0 {
		p.untracked--
		p.placeNamed(c, other).open--
	}
}

func (p *pair) placeNamed(c *Counter, name string) *place {
	if at := p.places[cut(name)]; at != nil {
		return at
	}
	name = within(c, p.places, nameOf(name), maxPlaces)
	if p.places[name] == nil {
		p.places[name] = &place{name: name}
	}
	return p.places[name]
}

// addTo adds the events that are open and those that ended.
func (p *pair) addTo(in *Instance, typ string) {
	for _, at := range p.places {
		if at.open > 0 {
			in.OpenEvents = append(in.OpenEvents, OpenEvent{typ, at.name, at.open})
		}
	}
	in.Open += uint64(len(p.open)) + p.untracked
	if p.ended > 0 {
		in.Ended = append(in.Ended, EndedType{typ, p.ended, p.durations.snapshot(durationBounds)})
	}
}
