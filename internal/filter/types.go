package filter

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/term"
)

// Types selects events by type. It is safe for concurrent use.
type Types struct{ include, exclude []typePattern }

// typePattern is a type's name, or a glob over names.
type typePattern struct {
	given string // as the user wrote it
	text  string
	glob  bool
}

func (p typePattern) matches(typ string) bool {
	if p.glob {
		return glob(p.text, typ)
	}
	return p.text == typ
}

// eventPrefix begins the names of most types. Text output leaves it out.
const eventPrefix = "event-"

// ParseTypes parses a list of types, separated by commas: names, globs (* is any
// text, ? one character, \ takes the next character literally), and either of them
// after "!" to exclude types. Exclusions apply whatever the order. A list of only
// exclusions selects all other types, and an empty list selects all types.
// "intrusion" means "event-intrusion", as no type is called "intrusion".
func ParseTypes(list string) (*Types, error) {
	t := &Types{}
	if strings.TrimSpace(list) == "" {
		return t, nil
	}
	for item := range strings.SplitSeq(list, ",") {
		name, excluded := strings.CutPrefix(strings.TrimSpace(item), "!")
		switch {
		case name == "" && excluded:
			return nil, fmt.Errorf("event types: a ! without a name in %q", list)
		case name == "":
			return nil, fmt.Errorf("event types: an empty item in %q", list)
		case strings.ContainsFunc(name, unicode.IsSpace):
			return nil, fmt.Errorf("event types: %q contains a space; put commas between types", name)
		}
		p := typePattern{name, name, strings.ContainsAny(name, `*?\`)}
		if known := knownTypes(); !p.glob && !slices.Contains(known, name) && slices.Contains(known, eventPrefix+name) {
			p.text = eventPrefix + name
		}
		if excluded {
			t.exclude = append(t.exclude, p)
		} else {
			t.include = append(t.include, p)
		}
	}
	return t, nil
}

// Match reports whether a type is selected.
func (t *Types) Match(typ string) bool {
	matches := func(p typePattern) bool { return p.matches(typ) }
	if slices.ContainsFunc(t.exclude, matches) {
		return false
	}
	return len(t.include) == 0 || slices.ContainsFunc(t.include, matches)
}

// Query returns the types to request from the server, each once and in the order of
// the list. It returns nil for all types, also if the list has a glob or an
// exclusion, so that types unknown here are not lost.
func (t *Types) Query() []string {
	if len(t.exclude) > 0 {
		return nil
	}
	var names []string
	for _, p := range t.include {
		if p.glob {
			return nil
		}
		if !slices.Contains(names, p.text) {
			names = append(names, p.text)
		}
	}
	return names
}

// Doubt is an item of a list that matches no known type.
type Doubt struct {
	Item    string // as the user wrote it, without its "!"
	Nearest string // a known type or a glob with a similar name, "" if there is none
}

// Doubts returns the items that match no known type, in the order of the list,
// inclusions first. They may be mistakes, but still apply, because a server may have
// types that are unknown here.
func (t *Types) Doubts() []Doubt {
	known := knownTypes()
	var doubts []Doubt
	for _, p := range slices.Concat(t.include, t.exclude) {
		if !slices.ContainsFunc(known, p.matches) {
			doubts = append(doubts, Doubt{p.given, nearestType(p, known)})
		}
	}
	return doubts
}

// nearestType returns the most similar known type; for a glob, it may be a common
// glob.
func nearestType(p typePattern, known []string) string {
	candidates := slices.Clone(known)
	for _, name := range known {
		if short, ok := strings.CutPrefix(name, eventPrefix); ok {
			candidates = append(candidates, short)
		}
	}
	if p.glob {
		candidates = append(candidates, eventPrefix+"*", "*-end")
	}
	near := term.Nearest(p.given, candidates)
	if near != "" && slices.Contains(known, eventPrefix+near) {
		return eventPrefix + near
	}
	return near
}

func knownTypes() []string {
	var names []string
	for _, t := range event.Types() {
		names = append(names, t.Name)
	}
	return names
}
