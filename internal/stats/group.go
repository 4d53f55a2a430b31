package stats

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/rtev/rtev/internal/event"
)

// Limits of what is remembered. Beyond a limit things are still counted, under
// the name other.
const (
	maxInstances = 4096    // instances; a recording can name any number
	maxGroups    = 1000    // groups of one instance, and types
	maxPlaces    = 256     // places of the open events of one type
	maxOpen      = 10_000  // open events of one type
	maxItems     = 100_000 // groups, types, places and open events of the run
	maxValue     = 128     // bytes of an id, and of the name of a group, type or place
)

const (
	other = "(other)" // everything beyond a limit
	none  = "(none)"  // a value that an event does not have
)

// remember reports whether the run may remember one more item.
func (c *Counter) remember() bool {
	if c.items.Add(1) > c.maxItems {
		c.items.Add(-1)
		return false
	}
	return true
}

// within returns name if it may become or is a key of m, else other.
func within[V any](c *Counter, m map[string]V, name string, most int) string {
	if _, known := m[name]; !known && (len(m) >= most || !c.remember()) {
		return other
	}
	return name
}

// cut returns s cut to maxValue bytes, perhaps within a character.
func cut(s string) string { return s[:min(len(s), maxValue)] }

// clean returns a copy of s that is valid UTF-8 of at most maxValue bytes.
func clean(s string) string {
	short := cut(s)
	for i := 1; i < utf8.UTFMax && len(short) < len(s) && !utf8.RuneStart(s[len(short)]); i++ {
		short = short[:len(short)-1] // the cut is within a character
	}
	return strings.Clone(strings.ToValidUTF8(short, "\uFFFD"))
}

// nameOf returns s cleaned, or none if it is empty.
func nameOf(s string) string { return cmp.Or(clean(s), none) }

// group counts the events with one value of Options.By.
type group struct {
	value string
	traffic
}

// typeInfo is what is known of a type.
type typeInfo struct {
	name         string
	group        *group // nil if events are grouped by something else
	begins, ends *pair  // of the event that begins or ends with this type
}

// typeOf returns what is known of a type. Most events have the type of the one
// before.
func (t *tally) typeOf(name string) *typeInfo {
	name = cut(name)
	if t.last != nil && t.last.name == name {
		return t.last
	}
	info := t.types[name]
	if info == nil {
		name = within(t.c, t.types, name, maxGroups)
		if info = t.types[name]; info == nil {
			info = t.newType(strings.Clone(name))
			t.types[info.name] = info
		}
	}
	t.last = info
	return info
}

func (t *tally) newType(name string) *typeInfo {
	info := &typeInfo{name: name}
	if t.c.byType {
		info.group = t.groupNamed(name)
	}
	if base, isEnd := strings.CutSuffix(name, "-end"); isEnd {
		info.ends = t.pairOf(base)
		if b := t.types[base]; b != nil { // its end was not known
			b.begins = info.ends
		}
	} else if t.hasEnd(name) {
		info.begins = t.pairOf(name)
	}
	return info
}

// hasEnd reports whether events of a type have an end that can arrive.
func (t *tally) hasEnd(typ string) bool {
	end := typ + "-end"
	known := slices.ContainsFunc(event.Types(), func(info event.TypeInfo) bool { return info.Name == end })
	return t.pairs[typ] != nil || known && (t.c.o.Wanted == nil || t.c.o.Wanted(end))
}

// groupOf returns the group of an event by its value. Numbers are named as they
// were sent.
func (t *tally) groupOf(ev *event.Event) *group {
	v := t.c.o.By.Of(ev)
	if v.Raw != "" && (v.Raw[0] == '-' || v.Raw[0]-'0' < 10) {
		return t.groupNamed(v.Raw)
	}
	return t.groupNamed(v.String())
}

// groupNamed returns the group of a value.
func (t *tally) groupNamed(value string) *group {
	if g := t.groups[cut(value)]; g != nil {
		return g
	}
	name := within(t.c, t.groups, nameOf(value), maxGroups)
	g := t.groups[name]
	if g == nil {
		g = &group{value: name}
		t.groups[name] = g
	}
	return g
}

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
