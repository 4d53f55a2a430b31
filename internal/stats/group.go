package stats

import (
	"strings"

	"github.com/rtev/rtev/internal/event"
)

// group counts the events that have one value in common.
type group struct {
	value         string
	events, bytes uint64
	span          span
	rate          window[uint32]
}

// role is what a type means here.
type role uint8

const (
	plain      role = iota
	begins          // an event that will end
	ends            // its end
	statistics      // the server's own numbers
)

// kind is what is known of a type.
type kind struct {
	typ   string
	role  role
	group *group // nil: events are grouped by something else
	pair  *pair  // of what begins or ends
}

// kindOf finds what is known of a type. Most events have the type of the last.
func (t *tally) kindOf(typ string) *kind {
	typ = short(typ)
	if t.last != nil && t.last.typ == typ {
		return t.last
	}
	k := t.kinds[typ]
	if k == nil {
		if len(t.kinds) >= maxGroups || !t.c.room.take() {
			return t.restKind()
		}
		k = t.newKind(strings.Clone(typ))
		t.kinds[typ] = k
	}
	t.last = k
	return k
}

// restKind stands for the types that came too late for one of their own.
func (t *tally) restKind() *kind {
	if t.rest == nil {
		t.rest = &kind{}
		if t.c.byType {
			t.rest.group = t.otherGroup()
		}
	}
	return t.rest
}

func (t *tally) newKind(typ string) *kind {
	k := &kind{typ: typ}
	if t.c.byType {
		k.group = t.groupNamed(typ)
	}
	begun, isEnd := strings.CutSuffix(typ, "-end")
	switch {
	case typ == "statistics":
		k.role = statistics
	case isEnd:
		k.role, k.pair = ends, t.pairOf(begun)
		if b := t.kinds[begun]; b != nil && b.role == plain { // nobody knew that it ends
			b.role, b.pair = begins, k.pair
		}
	case hasEnd(typ) && t.wanted(typ+"-end") || t.findPair(typ) != nil:
		k.role, k.pair = begins, t.pairOf(typ)
	}
	return k
}

func (t *tally) wanted(typ string) bool { return t.c.o.Wanted == nil || t.c.o.Wanted(typ) }

// hasEnd tells whether events of a type are known to have an end.
func hasEnd(typ string) bool {
	for _, known := range event.Types() {
		if begun, ok := strings.CutSuffix(known.Name, "-end"); ok && begun == typ {
			return true
		}
	}
	return false
}

// groupOf finds the group of an event by its value.
func (t *tally) groupOf(ev *event.Event) *group {
	v := t.c.o.By.Of(ev)
	if v.Raw != "" && v.Raw[0] < 'A' && v.Raw[0] != '"' { // a number, as it was sent
		return t.groupNamed(v.Raw)
	}
	return t.groupNamed(v.String())
}

// groupNamed finds the group of a value.
func (t *tally) groupNamed(value string) *group {
	value = short(value)
	if value == "" {
		value = none
	}
	if g := t.groups[value]; g != nil {
		return g
	}
	if len(t.groups) >= maxGroups || !t.c.room.take() {
		return t.otherGroup()
	}
	name := kept(value)
	g := t.groups[name]
	if g == nil {
		g = &group{value: name}
		t.groups[name] = g
	}
	if name != value { // another spelling of the same
		t.groups[strings.Clone(value)] = g
	}
	return g
}

// otherGroup is the group of all that came too late for one of its own.
func (t *tally) otherGroup() *group {
	g := t.groups[other]
	if g == nil {
		g = &group{value: other}
		t.groups[other] = g
	}
	return g
}
