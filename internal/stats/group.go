package stats

import (
	"strings"

	"github.com/rtev/rtev/internal/event"
)

// group counts the events with one value of Options.By.
type group struct {
	value string
	traffic
}

// role is what a type means to a Counter.
type role uint8

const (
	ordinary   role = iota
	begins          // an event that has an end
	ends            // the end of an event
	statistics      // the server's own numbers
)

// typeInfo is what is known of a type.
type typeInfo struct {
	name  string
	role  role
	group *group // nil if events are grouped by something else
	pair  *pair  // nil unless role is begins or ends
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
		if len(t.types) >= maxGroups || !t.c.remember() {
			return t.otherTypes()
		}
		info = t.newType(strings.Clone(name))
		t.types[info.name] = info
	}
	t.last = info
	return info
}

// otherTypes counts all types beyond the limit.
func (t *tally) otherTypes() *typeInfo {
	if t.rest == nil {
		t.rest = &typeInfo{}
		if t.c.byType {
			t.rest.group = t.otherGroup()
		}
	}
	return t.rest
}

func (t *tally) newType(name string) *typeInfo {
	info := &typeInfo{name: name}
	if t.c.byType {
		info.group = t.groupNamed(name)
	}
	begun, isEnd := strings.CutSuffix(name, "-end")
	switch {
	case name == "statistics":
		info.role = statistics
	case isEnd:
		info.role, info.pair = ends, t.pairOf(begun)
		if b := t.types[begun]; b != nil && b.role == ordinary { // a type that was not known to have an end
			b.role, b.pair = begins, info.pair
		}
	case hasEnd(name) && t.wanted(name+"-end") || t.findPair(name) != nil:
		info.role, info.pair = begins, t.pairOf(name)
	}
	return info
}

func (t *tally) wanted(typ string) bool { return t.c.o.Wanted == nil || t.c.o.Wanted(typ) }

// hasEnd reports whether events of a type are known to have an end.
func hasEnd(typ string) bool {
	for _, known := range event.Types() {
		if known.Name == typ+"-end" {
			return true
		}
	}
	return false
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
	value = cut(value)
	if value == "" {
		value = none
	}
	if g := t.groups[value]; g != nil {
		return g
	}
	name := clean(value)
	g := t.groups[name]
	switch {
	case g != nil:
		return g
	case len(t.groups) >= maxGroups || !t.c.remember():
		return t.otherGroup()
	}
	g = &group{value: name}
	t.groups[name] = g
	return g
}

// otherGroup returns the group of all events beyond the limit.
func (t *tally) otherGroup() *group {
	g := t.groups[other]
	if g == nil {
		g = &group{value: other}
		t.groups[other] = g
	}
	return g
}
