package crop

import (
	"io"
	"strings"

	"github.com/rtev/rtev/internal/event"
)

// isCrop reports whether the event holds a picture. Older servers also send
// "best-crop", whose fields are not documented.
func isCrop(ev *event.Event) bool {
	return ev.Type == "crop" || strings.HasSuffix(ev.Type, "-crop") && ev.Has("image")
}

var (
	eventID    = event.MustPath("event_id")
	trackingID = event.MustPath("tracking_id")
	refEvent   = event.MustPath("ref_event_id")
	refTrack   = event.MustPath("ref_tracking_id")
)

// idAt returns the text at p, or "" if it is missing or too long for an id. It
// shares the bytes of ev.
func idAt(p event.Path, ev *event.Event) string {
	text := p.Of(ev).String()
	if len(text) > maxID {
		return ""
	}
	return text
}

// memory is what crops may refer to.
type memory struct {
	clock          clock
	events, tracks recent
}

// learn remembers an event or a track, and returns its id as one or the other.
func (m *memory) learn(ev *event.Event) (eventOf, trackOf string) {
	if id := idAt(eventID, ev); id != "" {
		m.events.put(id, ev, m.clock.now)
		return id, ""
	}
	id := idAt(trackingID, ev)
	if id != "" {
		m.tracks.put(id, ev, m.clock.now)
	}
	return "", id
}

// ref returns the event, or else the track, with these ids; nil if neither is
// known.
func (m *memory) ref(eventOf, trackOf string) *event.Event {
	if ev := m.events.event(eventOf); ev != nil {
		return ev
	}
	return m.tracks.event(trackOf)
}

// Bounds of what a Joiner remembers, for a program that otherwise keeps nothing.
const (
	joinerEntries = 1024
	joinerBytes   = 1 << 20
)

// Joiner is a sink that passes every event on, through filters. A crop gets the
// event, or else the track, that it refers to as its Ref if that was put within
// the last ten minutes, whether the filters passed it or not; no crop waits. The
// filters do not see the Ref. It remembers at most 1 MiB of events and as much
// of tracks. One goroutine may use it at a time.
type Joiner struct {
	event.Sink // the filters
	memory
}

// NewJoiner returns a Joiner that puts into to what passes the sink that filters
// returns.
func NewJoiner(filters func(to event.Sink) event.Sink, to event.Sink) *Joiner {
	j := &Joiner{}
	j.events.maxEntries, j.events.maxBytes = joinerEntries, joinerBytes
	j.tracks.maxEntries, j.tracks.maxBytes = joinerEntries, joinerBytes
	j.Sink = filters(&joined{to, &j.memory})
	return j
}

// Put implements event.Sink.
func (j *Joiner) Put(ev *event.Event) error {
	j.clock.see(ev)
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
