package filter

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Types is a list of event types, made ready. Safe for concurrent use.
type Types struct{ only, but []kindOf }

// kindOf is one item of a list: a name, or a glob over names.
type kindOf struct {
	text string
	glob bool
}

func (k kindOf) fits(typ string) bool {
	if k.glob {
		return glob(k.text, typ)
	}
	return k.text == typ
}

// ParseTypes reads a list of types, comma separated: names, globs ("event-*":
// * is any text, ? one character, \ takes the next character as it is) and
// either of them behind "!", which leaves out. What is left out stays out,
// whatever the order; a list of nothing but "!" items is everything else; an
// empty list is everything. Names are compared exactly.
func ParseTypes(list string) (*Types, error) {
	t := &Types{}
	if strings.TrimSpace(list) == "" {
		return t, nil
	}
	for item := range strings.SplitSeq(list, ",") {
		name, out := strings.CutPrefix(strings.TrimSpace(item), "!")
		switch {
		case name == "" && out:
			return nil, fmt.Errorf("event types: a ! without a name in %q", list)
		case name == "":
			return nil, fmt.Errorf("event types: an empty item in %q", list)
		case strings.ContainsFunc(name, unicode.IsSpace):
			return nil, fmt.Errorf("event types: %q holds white space: put commas between types", name)
		}
		k := kindOf{name, strings.ContainsAny(name, `*?\`)}
		if out {
			t.but = append(t.but, k)
		} else {
			t.only = append(t.only, k)
		}
	}
	return t, nil
}

// Match tells whether a type is wanted.
func (t *Types) Match(typ string) bool {
	fits := func(k kindOf) bool { return k.fits(typ) }
	if slices.ContainsFunc(t.but, fits) {
		return false
	}
	return len(t.only) == 0 || slices.ContainsFunc(t.only, fits)
}

// Query is what the server is asked for: each name once, in the order of the
// list. Nil is everything: as soon as there is a glob or a "!", the server
// cannot know which types are meant.
func (t *Types) Query() []string {
	if len(t.but) > 0 {
		return nil
	}
	var names []string
	for _, k := range t.only {
		if k.glob {
			return nil
		}
		if !slices.Contains(names, k.text) {
			names = append(names, k.text)
		}
	}
	return names
}
