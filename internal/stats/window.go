package stats

import "time"

// ring is how many seconds a window remembers: a minute and the current second,
// rounded up to a power of two.
const ring = 64

// window counts things per second for the last minute. The zero value is ready.
type window[T uint32 | uint64] struct {
	n     [ring]T
	head  int64 // the latest second
	begun bool
}

// add counts n in a second, unless that second is no longer remembered.
func (w *window[T]) add(sec int64, n T) {
	if (sec != w.head || !w.begun) && !w.advance(sec) {
		return
	}
	w.n[sec&(ring-1)] += n
}

// advance makes the window include a second, and reports whether it can.
func (w *window[T]) advance(sec int64) bool {
	switch {
	case !w.begun || sec-w.head >= ring:
		clear(w.n[:])
	case sec < w.head:
		return w.head-sec < ring
	default:
		for s := w.head + 1; s <= sec; s++ {
			w.n[s&(ring-1)] = 0
		}
	}
	w.head, w.begun = sec, true
	return true
}

// sum returns what was counted from second from up to, not including, second to.
func (w *window[T]) sum(from, to int64) (total T) {
	for s := max(from, w.head-ring+1); s < min(to, w.head+1); s++ {
		total += w.n[s&(ring-1)]
	}
	return total
}

// second returns the whole second that d is in.
func second(d time.Duration) int64 {
	s := int64(d / time.Second)
	if d < 0 && d%time.Second != 0 {
		s--
	}
	return s
}

// period is the time that rates are taken over: the run so far, or the span of a
// recording. Both ends are durations since the start of the counter.
type period struct{ from, to time.Duration }

func (p period) seconds() float64 { return max(0, (p.to - p.from).Seconds()) }

// perSecond returns total divided by the seconds of the period.
func (p period) perSecond(total uint64) float64 {
	if p.to <= p.from {
		return 0
	}
	return round(float64(total) / p.seconds())
}

// rate returns the count per second over the last whole seconds of a period: at
// most so many, or the whole period if it has no whole second.
func rate[T uint32 | uint64](w *window[T], p period, seconds int64, total uint64) float64 {
	end := second(p.to)
	n := min(seconds, end-second(p.from+time.Second-1))
	if n <= 0 {
		return p.perSecond(total)
	}
	return round(float64(w.sum(end-n, end)) / float64(n))
}
