package stats

import (
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

// What is remembered at most. Beyond a limit things are still counted, under
// the name other.
const (
	maxInstances = 4096    // instances; recordings can name any number
	maxGroups    = 1000    // groups of one instance, and types
	maxPlaces    = 256     // places of one type's open events
	maxOpen      = 10_000  // open events of one type
	maxThings    = 100_000 // groups, types, places and open events of the run
	maxValue     = 128     // bytes of a value that names a group, a type, a place
)

const (
	other = "(other)" // stands for all that is beyond a limit
	none  = "(none)"  // stands for a value that an event does not have
)

// room bounds how many things a whole run remembers. Safe for concurrent use.
type room struct{ left atomic.Int64 }

func newRoom(n int64) *room {
	r := &room{}
	r.left.Store(n)
	return r
}

// take tells whether there was room for one more.
func (r *room) take() bool {
	if r.left.Add(-1) >= 0 {
		return true
	}
	r.left.Add(1)
	return false
}

// give makes room for one again.
func (r *room) give() { r.left.Add(1) }

// short is s cut to a length worth keeping, perhaps within a character.
func short(s string) string { return s[:min(len(s), maxValue)] }

// kept is a copy of s that may be kept and shown as a value anywhere: short,
// UTF-8, never empty.
func kept(s string) string {
	cut := short(s)
	for i := 1; i < utf8.UTFMax && len(cut) < len(s) && !utf8.RuneStart(s[len(cut)]); i++ {
		cut = cut[:len(cut)-1] // no character is cut in two
	}
	if cut == "" {
		return none
	}
	return strings.Clone(strings.ToValidUTF8(cut, "\uFFFD"))
}
