package stats

import "github.com/rtev/rtev/internal/event"

// readStatistics takes an event of type statistics.
func (t *tally) readStatistics(ev *event.Event) {
	if t.in.Engine == nil {
		t.in.Engine = &Engine{}
	}
	e := t.in.Engine
	readNumber(ev, "current_framerate", &e.FPS)
	readNumber(ev, "source_framerate", &e.SourceFPS)
	readNumber(ev, "latency", &e.Latency)
	readNumber(ev, "input_queue_size", &e.Queue)
	t.frames.read(ev, "frames_processed", &e.Frames)
	t.dropped.read(ev, "dropped_frames_count", &e.Dropped)
}

// growth is what is needed to know how much a running total grew.
type growth struct {
	known bool
	last  float64
}

// read adds to sum what the total in a field grew by since it was last read. A
// total that became smaller counts from 0: the server was restarted.
func (g *growth) read(ev *event.Event, name string, sum *float64) {
	total := 0.0
	if !readNumber(ev, name, &total) {
		return
	}
	switch {
	case !g.known:
	case total < g.last:
		*sum = round(*sum + total)
	default:
		*sum = round(*sum + total - g.last)
	}
	g.known, g.last = true, total
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
