package crop

import (
	"io"

	"github.com/rtev/rtev/internal/event"
)

// Joiner is a sink that passes every event on, through filters. A crop gets the
// event, or else the track, that it refers to as its Ref if that was put before,
// whether the filters passed it or not; no crop waits. The filters do not see the
// Ref. One goroutine may use it at a time.
type Joiner struct {
	event.Sink // the filters
	memory
}

// NewJoiner returns a Joiner that puts into to what passes the sink that filters
// returns.
func NewJoiner(filters func(to event.Sink) event.Sink, to event.Sink) *Joiner {
	j := &Joiner{}
	j.Sink = filters(&joined{to, &j.memory})
	return j
}

// Put implements event.Sink.
func (j *Joiner) Put(ev *event.Event) error {
	if !isCrop(ev) {
		j.learn(ev)
	}
	return j.Sink.Put(ev)
}

// Close implements io.Closer.
func (j *Joiner) Close() error { return closeSink(j.Sink) }

// joined is the sink after the filters of a Joiner.
type joined struct {
	event.Sink
	memory *memory
}

// Put implements event.Sink. The event's Ref is as before when Put returns.
func (s *joined) Put(ev *event.Event) error {
	if isCrop(ev) && ev.Ref == nil {
		ev.Ref = s.memory.ref(idAt(refEvent, ev), idAt(refTrack, ev))
		defer func() { ev.Ref = nil }()
	}
	return s.Sink.Put(ev)
}

// Close implements io.Closer.
func (s *joined) Close() error { return closeSink(s.Sink) }

func closeSink(s event.Sink) error {
	if c, ok := s.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
