package crop

import "github.com/rtev/rtev/internal/event"

// Bounds of what a Joiner remembers, for a program that otherwise keeps nothing.
const (
	joinerEntries = 1024
	joinerBytes   = 1 << 20
)

// Joiner is a sink that passes every event on. A crop gets the event, or else
// the track, that it refers to as its Ref if that was put within the last ten
// minutes; no crop waits. It remembers at most 1 MiB of events and as much of
// tracks. One goroutine may use it at a time.
type Joiner struct {
	to     event.Sink
	clock  clock
	events recent
	tracks recent
}

// NewJoiner returns a Joiner that puts into to.
func NewJoiner(to event.Sink) *Joiner {
	bounds := recent{maxEntries: joinerEntries, maxBytes: joinerBytes}
	return &Joiner{to: to, events: bounds, tracks: bounds}
}

// Put passes the event on. The event's Ref is as before when Put returns.
func (j *Joiner) Put(ev *event.Event) error {
	j.clock.see(ev)
	if isCrop(ev) {
		if ev.Ref == nil {
			ev.Ref = j.events.event(idAt(refEvent, ev))
			if ev.Ref == nil {
				ev.Ref = j.tracks.event(idAt(refTrack, ev))
			}
			defer func() { ev.Ref = nil }()
		}
		return j.to.Put(ev)
	}
	if id := idAt(eventID, ev); id != "" {
		j.events.put(id, ev, j.clock.now)
	} else if id := idAt(trackingID, ev); id != "" {
		j.tracks.put(id, ev, j.clock.now)
	}
	return j.to.Put(ev)
}

// Flush flushes the next sink.
func (j *Joiner) Flush() error { return j.to.Flush() }
