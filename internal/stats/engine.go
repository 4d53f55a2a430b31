package stats

import "github.com/rtev/rtev/internal/event"

// engine is what the statistics events of an instance say.
type engine struct {
	known           bool
	now             Engine // without the sums
	frames, dropped growth
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
	readNumber(ev, "current_framerate", &e.now.FPS)
	readNumber(ev, "source_framerate", &e.now.SourceFPS)
	readNumber(ev, "latency", &e.now.Latency)
	readNumber(ev, "input_queue_size", &e.now.Queue)
	var total float64
	if readNumber(ev, "frames_processed", &total) {
		e.frames.read(total)
	}
	if readNumber(ev, "dropped_frames_count", &total) {
		e.dropped.read(total)
	}
}

// readNumber sets n to the number in a field, if a count, a rate or a time can have
// it.
func readNumber(ev *event.Event, name string, n *float64) bool {
	read, ok := event.Number(ev.Get(name))
	if ok = ok && read >= 0 && read < 1<<53; ok {
		*n = round(read)
	}
	return ok
}

// snapshot returns the numbers for a Snapshot, nil if there are none.
func (e *engine) snapshot() *Engine {
	if !e.known {
		return nil
	}
	s := e.now
	s.Frames, s.Dropped = round(e.frames.sum), round(e.dropped.sum)
	s.DroppedSince = s.Dropped
	return &s
}
