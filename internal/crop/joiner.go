package crop

import (
	"bytes"
	"cmp"
	"container/list"
	"io"
	"slices"
	"strings"
	"time"

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

// Bounds of what is remembered, so that it cannot grow over days or by a
// hostile server.
const (
	maxEntries    = 4096
	maxBytes      = 16 << 20 // of all entries
	maxRemembered = 1 << 20  // bytes of one payload
	maxAge        = 10 * time.Minute
	maxID         = 256 // bytes
	maxAttributes = 64  // of one track
	maxAttribute  = 64 << 10
)

// recent remembers the latest events, or tracks, by id. The zero value is
// ready. It is not safe for concurrent use.
type recent struct {
	maxEntries, maxBytes int // 0: the constants of that name

	entries map[string]*list.Element // in order
	order   list.List                // of *entry, the oldest first
	bytes   int
}

// entry is what is known under an id.
type entry struct {
	id         string
	typ        string // "" while only attributes are known
	instance   *event.Instance
	payload    []byte
	attributes []attribute
	seen       time.Duration
}

// attribute is a property of a track: name and value as JSON.
type attribute struct{ name, value string }

func (e *entry) size() int {
	n := len(e.id) + cap(e.payload) + 200
	for _, a := range e.attributes {
		n += len(a.name) + len(a.value)
	}
	return n
}

// event returns a copy of the event or track id, or nil if it is not known.
func (r *recent) event(id string) *event.Event {
	if !r.has(id) {
		return nil
	}
	e := r.entries[id].Value.(*entry)
	ev, err := event.New(e.typ, bytes.Clone(e.payload), e.instance)
	if err != nil { // not possible: it was the payload of an event
		return nil
	}
	return ev
}

// has reports whether an event or a track is remembered under id.
func (r *recent) has(id string) bool {
	e := r.entries[id]
	return e != nil && e.Value.(*entry).typ != ""
}

// put remembers a copy of ev under id, instead of what was there. The end of an
// event does not replace its beginning.
func (r *recent) put(id string, ev *event.Event, now time.Duration) {
	if len(ev.Payload) > maxRemembered {
		return
	}
	e := r.touch(id, now)
	if e.typ == "" || e.typ == ev.Type || !strings.HasSuffix(ev.Type, "-end") {
		r.bytes -= e.size()
		e.typ, e.instance, e.payload = ev.Type, ev.Instance, append(e.payload[:0], ev.Payload...)
		r.bytes += e.size()
	}
	r.trim(now)
}

// putAttribute remembers an attribute of the track id.
func (r *recent) putAttribute(id string, name, value []byte, now time.Duration) {
	if len(name)+len(value) > maxAttribute {
		return
	}
	e := r.touch(id, now)
	r.bytes -= e.size()
	e.attributes = slices.DeleteFunc(e.attributes, func(a attribute) bool { return a.name == string(name) })
	if len(e.attributes) < maxAttributes {
		e.attributes = append(e.attributes, attribute{string(name), string(value)})
	}
	r.bytes += e.size()
	r.trim(now)
}

// attributesOf returns the attributes of the track id.
func (r *recent) attributesOf(id string) []attribute {
	if e := r.entries[id]; e != nil {
		return e.Value.(*entry).attributes
	}
	return nil
}

// touch makes the entry for id the newest one, and adds it if it is missing.
func (r *recent) touch(id string, now time.Duration) *entry {
	if r.entries == nil {
		r.entries = map[string]*list.Element{}
	}
	at := r.entries[id]
	if at == nil {
		e := &entry{id: strings.Clone(id)}
		at = r.order.PushBack(e)
		r.entries[e.id] = at
		r.bytes += e.size()
	}
	r.order.MoveToBack(at)
	e := at.Value.(*entry)
	e.seen = now
	return e
}

// trim removes entries that are too old or too many, but never the newest.
func (r *recent) trim(now time.Duration) {
	entries, size := cmp.Or(r.maxEntries, maxEntries), cmp.Or(r.maxBytes, maxBytes)
	for len(r.entries) > 1 {
		e := r.order.Front().Value.(*entry)
		if len(r.entries) <= entries && r.bytes <= size && now-e.seen <= maxAge {
			return
		}
		r.order.Remove(r.order.Front())
		delete(r.entries, e.id)
		r.bytes -= e.size()
	}
}
