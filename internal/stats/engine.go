package stats

import "github.com/rtev/rtev/internal/event"

// engine is what the statistics events of an instance say.
type engine struct {
	known                            bool
	fps, sourceFPS, latencyMS, queue float64
	frames, dropped                  growth
}

// growth sums what a running total grew by since it was first read. A total
// that became smaller counts from 0: the server was restarted.
type growth struct {
	known     bool
	last, sum float64
}

func (g *growth) read(total float64) {
	switch {
	case !g.known:
	case total < g.last:
		g.sum += total
	default:
		g.sum += total - g.last
	}
	g.known, g.last = true, total
}

// read takes an event of type statistics.
func (e *engine) read(ev *event.Event) {
	e.known = true
	for _, f := range [...]struct {
		name string
		to   *float64
	}{
		{"current_framerate", &e.fps}, {"source_framerate", &e.sourceFPS},
		{"latency", &e.latencyMS}, {"input_queue_size", &e.queue},
	} {
		if n, ok := plausible(ev, f.name); ok {
			*f.to = n
		}
	}
	if n, ok := plausible(ev, "frames_processed"); ok {
		e.frames.read(n)
	}
	if n, ok := plausible(ev, "dropped_frames_count"); ok {
		e.dropped.read(n)
	}
}

// plausible returns the number in a field if a count, a rate or a time can have
// it.
func plausible(ev *event.Event, name string) (float64, bool) {
	n, ok := event.Number(ev.Get(name))
	return n, ok && n >= 0 && n < 1<<53
}
