package stats

import "time"

// ring is how many seconds a window remembers: a minute and the second at hand.
const ring = 64

// window counts things by the second, for the last minute. Zero is ready.
type window[T uint32 | uint64] struct {
	n     [ring]T
	head  int64 // the latest second
	begun bool
}

// add counts n in a second; one that is long past is not counted.
func (w *window[T]) add(sec int64, n T) {
	if (sec != w.head || !w.begun) && !w.move(sec) {
		return
	}
	w.n[sec&(ring-1)] += n
}

// move makes place for a second, and tells whether there is one for it.
func (w *window[T]) move(sec int64) bool {
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

// sum is what was counted from second from on, up to before second to.
func (w *window[T]) sum(from, to int64) (total T) {
	for s := max(from, w.head-ring+1); s < min(to, w.head+1); s++ {
		total += w.n[s&(ring-1)]
	}
	return total
}

// second is the whole second that d lies in.
func second(d time.Duration) int64 {
	s := int64(d / time.Second)
	if d < 0 && d%time.Second != 0 {
		s--
	}
	return s
}

// stretch is the time that rates are taken over: the run so far, or the span
// of a recording. Both ends are counted from the counter's start.
type stretch struct{ from, to time.Duration }

func (s stretch) seconds() float64 { return max(0, (s.to - s.from).Seconds()) }

// per is total a second over the whole stretch.
func (s stretch) per(total uint64) float64 {
	if s.to <= s.from {
		return 0
	}
	return round(float64(total) / s.seconds())
}

// rate is what was counted a second in the last whole seconds of a stretch, at
// most so many, or over all of it while there is no whole one.
func rate[T uint32 | uint64](w *window[T], s stretch, seconds int64, total uint64) float64 {
	end := second(s.to)
	n := min(seconds, end-second(s.from+time.Second-1))
	if n <= 0 {
		return s.per(total)
	}
	return round(float64(w.sum(end-n, end)) / float64(n))
}

// minute is what was counted in each of the last sixty whole seconds.
func minute(w *window[uint32], s stretch) (each [60]uint32) {
	end := second(s.to)
	for i := range each {
		sec := end - int64(len(each)-i)
		each[i] = w.sum(sec, sec+1)
	}
	return each
}
