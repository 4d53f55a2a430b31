package stats

import "github.com/rtev/rtev/internal/event"

// engine is what the instance's own statistics say.
type engine struct {
	told                             bool
	fps, sourceFPS, latencyMS, queue float64
	frames, dropped                  total
}

// total sums up what a running total grew by since the first look at it. When
// it has become smaller the server was started anew, and counted from 0.
type total struct {
	known     bool
	last, sum float64
}

func (t *total) see(now float64) {
	switch {
	case !t.known:
	case now < t.last:
		t.sum += now
	default:
		t.sum += now - t.last
	}
	t.known, t.last = true, now
}

// read takes an event of type statistics.
func (s *engine) read(ev *event.Event) {
	s.told = true
	for _, f := range [...]struct {
		name string
		to   *float64
	}{
		{"current_framerate", &s.fps}, {"source_framerate", &s.sourceFPS},
		{"latency", &s.latencyMS}, {"input_queue_size", &s.queue},
	} {
		if n, ok := plausible(ev, f.name); ok {
			*f.to = n
		}
	}
	if n, ok := plausible(ev, "frames_processed"); ok {
		s.frames.see(n)
	}
	if n, ok := plausible(ev, "dropped_frames_count"); ok {
		s.dropped.see(n)
	}
}

// plausible is a field's number, when it is one that a count, a rate or a time
// can have.
func plausible(ev *event.Event, name string) (float64, bool) {
	n, ok := event.Number(ev.Get(name))
	return n, ok && n >= 0 && n < 1<<53
}
