package poll

import (
	"fmt"
	"time"
)

// A queue of 2024 servers holds this many events and drops the oldest.
const queueCap = 500

// Answers of fewer events say nothing, however they grow.
const growing = 100

// load tells when an instance's queue fills faster than it is drained.
type load struct {
	last  int // events in the answer before
	grown int // how many answers in a row were larger than the one before
	told  time.Time
}

// answer notes the size of an answer, and returns what to say about it, once a
// minute at most; else "".
func (l *load) answer(events int) string {
	if events > l.last && l.last > 0 {
		l.grown++
	} else {
		l.grown = 0
	}
	l.last = events
	full, more := events >= queueCap, l.grown >= 2 && events >= growing
	if !full && !more || !l.told.IsZero() && time.Since(l.told) < time.Minute {
		return ""
	}
	l.told = time.Now()
	if full {
		return fmt.Sprintf("%d events in one answer, and a server's queue may end at %d", events, queueCap)
	}
	return fmt.Sprintf("answers keep growing, the last had %d events", events)
}
