package stats

import (
	"math"
	"time"
)

// ring is how many seconds a window remembers: a minute and the current second,
// rounded up to a power of two.
const ring = 64

// window counts things per second for the last minute. The zero value is ready.
type window struct {
	n    [ring]uint64
	head int64 // the latest second
}

// add counts n in a second, unless that second is no longer remembered.
func (w *window) add(second int64, n uint64) {
	switch {
	case second >= w.head+ring:
		clear(w.n[:])
		w.head = second
	case second <= w.head-ring:
		return
	}
	for w.head < second {
		w.head++
		w.n[w.head&(ring-1)] = 0
	}
	w.n[second&(ring-1)] += n
}

// sum returns what was counted from second from up to, not including, second to.
func (w *window) sum(from, to int64) (total uint64) {
	for s := max(from, w.head-ring+1); s < min(to, w.head+1); s++ {
		total += w.n[s&(ring-1)]
	}
	return total
}

// span is the time from the first to the last of some moments, which are
// durations since the start of the counter.
type span struct{ first, last time.Duration }

// never is the span of no moments.
var never = span{math.MaxInt64, math.MinInt64}

// add extends the span to those of another one.
func (s *span) add(o span) { s.first, s.last = min(s.first, o.first), max(s.last, o.last) }

func (s span) known() bool { return s.first <= s.last }

func (s span) seconds() float64 { return (s.last - s.first).Seconds() }

// perSecond returns total divided by the seconds of the span.
func (s span) perSecond(total uint64) float64 {
	if s.last <= s.first {
		return 0
	}
	return round(float64(total) / s.seconds())
}

// rate returns the count per second over the last whole seconds of the span: at
// most so many, or the whole span if it has no whole second. sum returns what was
// counted from one second up to, not including, another; total is all of it.
func (s span) rate(seconds int64, total uint64, sum func(from, to int64) uint64) float64 {
	end := int64(s.last / time.Second)
	n := min(seconds, end-int64((s.first+time.Second-1)/time.Second))
	if n <= 0 {
		return s.perSecond(total)
	}
	return round(float64(sum(end-n, end)) / float64(n))
}
