package crop

import (
	"io"

	"github.com/rtev/rtev/internal/event"
)

// Bounds of what a Joiner remembers, for a program that otherwise keeps nothing.
const (
	joinerEntries = 1024
	joinerBytes   = 1 << 20
)

// Joiner is a sink that passes every event on, through filters. A crop gets the
// event, or else the track, that it refers to as its Ref if that was put within
// the last ten minutes, whether the filters passed it or not; no crop waits. The
// filters do not see the Ref, so that they pass the same events without a
// Joiner. It remembers at most 1 MiB of events and as much of tracks. One
// goroutine may use it at a time.
type Joiner struct {
	event.Sink // the filters
	clock      clock
	events     recent
	tracks     recent
}

// NewJoiner returns a Joiner that puts into to what passes the sink that filters
// returns.
func NewJoiner(filters func(to event.Sink) event.Sink, to event.Sink) *Joiner {
	bounds := recent{maxEntries: joinerEntries, maxBytes: joinerBytes}
	j := &Joiner{events: bounds, tracks: bounds}
	j.Sink = filters(&joined{to, j})
	return j
}

// Put implements event.Sink.
func (j *Joiner) Put(ev *event.Event) error {
	j.clock.see(ev)
	if !isCrop(ev) {
		if id := idAt(eventID, ev); id != "" {
			j.events.put(id, ev, j.clock.now)
		} else if id := idAt(trackingID, ev); id != "" {
			j.tracks.put(id, ev, j.clock.now)
		}
	}
	return j.Sink.Put(ev)
}

// Close implements io.Closer.
func (j *Joiner) Close() error { return closeSink(j.Sink) }

// joined is the sink after the filters of a Joiner.
type joined struct {
	event.Sink
	joiner *Joiner
}

// Put implements event.Sink. The event's Ref is as before when Put returns.
func (s *joined) Put(ev *event.Event) error {
	if !isCrop(ev) || ev.Ref != nil {
		return s.Sink.Put(ev)
	}
	j := s.joiner
	if ev.Ref = j.events.event(idAt(refEvent, ev)); ev.Ref == nil {
		ev.Ref = j.tracks.event(idAt(refTrack, ev))
	}
	defer func() { ev.Ref = nil }()
	return s.Sink.Put(ev)
}

// Close implements io.Closer.
func (s *joined) Close() error { return closeSink(s.Sink) }

// closeSink closes a sink that is an io.Closer.
func closeSink(s event.Sink) error {
	if c, ok := s.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
