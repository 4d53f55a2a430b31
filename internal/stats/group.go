package stats

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"
	"unicode/utf8"
	"unique"

	"github.com/rtev/rtev/internal/event"
)

// Limits of what is remembered. Events beyond a limit are still counted, under
// the name other, but not as open.
const (
	maxInstances = 4096    // instances; a recording can name any number
	maxGroups    = 1000    // groups of one instance, and types
	maxOpen      = 10_000  // open events of one type
	maxItems     = 100_000 // groups, types and open events of the run
	maxValue     = 128     // bytes of an id, and of the name of a group, type or place
)

const (
	other = "(other)" // everything beyond a limit
	none  = "(none)"  // a value that an event does not have
)

// remember reports whether the run may remember one more item.
func (c *Counter) remember() bool {
	if c.items.Add(1) > maxItems {
		c.items.Add(-1)
		return false
	}
	return true
}

// cut returns s cut to maxValue bytes, perhaps within a character.
func cut(s string) string { return s[:min(len(s), maxValue)] }

// clean returns s as valid UTF-8 of at most maxValue bytes.
func clean(s string) string {
	short := cut(s)
	for i := 1; i < utf8.UTFMax && len(short) < len(s) && !utf8.RuneStart(s[len(short)]); i++ {
		short = short[:len(short)-1] // the cut is within a character
	}
	return strings.ToValidUTF8(short, "\uFFFD")
}

// nameOf returns s cleaned, or none if it is empty.
func nameOf(s string) string { return cmp.Or(clean(s), none) }

// entry returns the value of m with this name. If there is none, it adds what
// create returns: under the name other beyond the limits.
func entry[V any](c *Counter, m map[string]*V, name string, create func(name string) *V) *V {
	if v := m[cut(name)]; v != nil {
		return v
	}
	name = nameOf(name)
	if m[name] == nil && (len(m) >= maxGroups || !c.remember()) {
		name = other
	}
	if m[name] == nil {
		name = strings.Clone(name)
		m[name] = create(name)
	}
	return m[name]
}

// group counts the events with one value of Options.By.
type group struct {
	value         string
	events, bytes uint64
	span          span // of the events whose time is known
	rate          window
}

// groupNamed returns the group of a value.
func (t *tally) groupNamed(value string) *group {
	return entry(t.c, t.groups, value, func(name string) *group { return &group{value: name, span: never} })
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

// typeInfo is what is known of a type.
type typeInfo struct {
	name  string
	group *group // nil if events are grouped by something else
	pair  *pair  // shared by a type and the one with -end
	ends  bool   // it is the one with -end
}

// typeOf returns what is known of a type. Most events have the type of the one
// before.
func (t *tally) typeOf(name string) *typeInfo {
	if t.last == nil || t.last.name != name {
		t.last = entry(t.c, t.types, name, t.newType)
	}
	return t.last
}

func (t *tally) newType(name string) *typeInfo {
	base, ends := strings.CutSuffix(name, "-end")
	p := t.pairs[base]
	if p == nil {
		p = &pair{open: map[uint64]unique.Handle[string]{}, complete: t.hasEnd(base)}
		t.pairs[base] = p
	}
	info := &typeInfo{name: name, pair: p, ends: ends}
	if ends {
		p.complete = true
	}
	if t.c.byType {
		info.group = t.groupNamed(name)
	}
	return info
}

// hasEnd reports whether events of a type have an end that can arrive.
func (t *tally) hasEnd(typ string) bool {
	end := typ + "-end"
	known := slices.ContainsFunc(event.Types(), func(info event.TypeInfo) bool { return info.Name == end })
	return known && (t.c.o.Wanted == nil || t.c.o.Wanted(end))
}

// pair counts the events of one type and its end: which are open, where, and how
// long those lasted that ended.
type pair struct {
	complete  bool                             // the type has an end that can arrive
	open      map[uint64]unique.Handle[string] // places, by hashes of event ids
	ended     uint64
	durations dist
}

// idSeed makes the hashes of event ids unpredictable.
var idSeed = maphash.MakeSeed()

// begin counts the beginning of an event. An event without an id is not counted
// as open, because its end could not be recognized.
func (p *pair) begin(c *Counter, ev *event.Event) {
	id := ev.Get("event_id").String()
	key := maphash.String(idSeed, id)
	if _, known := p.open[key]; id == "" || known || len(p.open) >= maxOpen || !c.remember() {
		return
	}
	p.open[key] = unique.Make(nameOf(ev.Get("_place").String()))
}

// end counts the end of an event, which may have begun before this run.
func (p *pair) end(c *Counter, ev *event.Event) {
	p.ended++
	if ms, ok := event.Number(ev.Get("event_duration_ms")); ok {
		p.durations.add(ms)
	}
	key := maphash.String(idSeed, ev.Get("event_id").String())
	if _, open := p.open[key]; open {
		delete(p.open, key)
		c.items.Add(-1)
	}
}

// addTo adds the events that are open and those that ended.
func (p *pair) addTo(in *Instance, typ string) {
	places := map[string]uint64{}
	for _, place := range p.open {
		places[place.Value()]++
	}
	for place, n := range places {
		in.OpenEvents = append(in.OpenEvents, OpenEvent{typ, place, n})
	}
	in.Open += uint64(len(p.open))
	if p.ended > 0 {
		in.Ended = append(in.Ended, EndedType{typ, p.ended, p.durations.snapshot(durationBounds)})
	}
}
