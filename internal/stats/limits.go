package stats

import (
	"cmp"
	"strings"
	"unicode/utf8"
)

// Limits of what is remembered. Beyond a limit things are still counted, under
// the name other.
const (
	maxInstances = 4096    // instances; a recording can name any number
	maxGroups    = 1000    // groups of one instance, and types
	maxPlaces    = 256     // places of the open events of one type
	maxOpen      = 10_000  // open events of one type
	maxItems     = 100_000 // groups, types, places and open events of the run
	maxValue     = 128     // bytes of the name of a group, type or place
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

// forget gives an item up.
func (c *Counter) forget() { c.items.Add(-1) }

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
