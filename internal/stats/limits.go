package stats

import (
	"cmp"
	"strings"
	"sync/atomic"
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
	other = "(other)" // stands for everything beyond a limit
	none  = "(none)"  // stands for a value that an event does not have
)

// quota limits how many items a run remembers. Safe for concurrent use.
type quota struct{ left atomic.Int64 }

func newQuota(n int64) *quota {
	q := &quota{}
	q.left.Store(n)
	return q
}

// take reports whether one more item may be remembered.
func (q *quota) take() bool {
	if q.left.Add(-1) >= 0 {
		return true
	}
	q.left.Add(1)
	return false
}

// release returns one item to the quota.
func (q *quota) release() { q.left.Add(1) }

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
