package crop

import (
	"bytes"
	"slices"
	"strings"

	"github.com/rtev/rtev/internal/event"
)

var (
	eventID    = event.MustPath("event_id")
	trackingID = event.MustPath("tracking_id")
	refEvent   = event.MustPath("ref_event_id")
	refTrack   = event.MustPath("ref_tracking_id")
)

// isCrop reports whether the event holds a picture. Older servers also send
// "best-crop", whose fields are not documented.
func isCrop(ev *event.Event) bool {
	_, pictured := ev.Member("image")
	return ev.Type == "crop" || strings.HasSuffix(ev.Type, "-crop") && pictured
}

// idAt returns the text at p, or "" if it is missing or too long for an id. It
// shares the bytes of ev.
func idAt(p event.Path, ev *event.Event) string {
	text := p.Of(ev).String()
	if len(text) > maxID {
		return ""
	}
	return text
}

// memory is what crops may refer to: the latest events and tracks. The zero value
// is ready. It is not safe for concurrent use.
type memory struct{ events, tracks recent }

// learn remembers an event or a track, and returns its id as one or the other.
func (m *memory) learn(ev *event.Event) (eventOf, trackOf string) {
	if id := idAt(eventID, ev); id != "" {
		m.events.put(id, ev)
		return id, ""
	}
	id := idAt(trackingID, ev)
	if id != "" {
		m.tracks.put(id, ev)
	}
	return "", id
}

// learnAttribute remembers an attribute of a track.
func (m *memory) learnAttribute(ev *event.Event) {
	name, _ := ev.Member("name")
	value, ok := ev.Member("value")
	if id := idAt(refTrack, ev); id != "" && ok && len(name) > 0 && name[0] == '"' {
		m.tracks.putAttribute(id, name, value)
	}
}

// ref returns the event, or else the track, with these ids; nil if neither is
// known.
func (m *memory) ref(eventOf, trackOf string) *event.Event {
	if ev := m.events.event(eventOf); ev != nil {
		return ev
	}
	return m.tracks.event(trackOf)
}

// Bounds of what is remembered.
const (
	maxBytes      = 1 << 20   // of all entries
	maxRemembered = 128 << 10 // bytes of one payload or attribute
	maxAttributes = 64        // of one track
	maxID         = 256       // bytes
	entryBytes    = 200       // of an entry without payload, about
)

// recent remembers the latest events, or tracks, by id.
type recent struct {
	// The entries that were used since young was begun, and those that were used
	// before. When young is half as large as allowed, it becomes old.
	young, old map[string]*entry
	bytes      int // of young
}

// entry is what is known under an id.
type entry struct {
	typ        string // "" while the event or track itself is not known
	instance   *event.Instance
	payload    []byte
	attributes []attribute
	saved      bool // its best picture was saved
}

// attribute is a property of a track: name and value as JSON.
type attribute struct{ name, value string }

func (e *entry) size() int {
	n := entryBytes + len(e.payload)
	for _, a := range e.attributes {
		n += len(a.name) + len(a.value)
	}
	return n
}

// find returns the entry for id, or an empty one.
func (r *recent) find(id string) *entry {
	if e := r.young[id]; e != nil {
		return e
	}
	if e := r.old[id]; e != nil {
		return e
	}
	return &entry{}
}

// has reports whether an event or a track is remembered under id.
func (r *recent) has(id string) bool { return r.find(id).typ != "" }

// event returns a copy of the event or track id, or nil if it is not known.
func (r *recent) event(id string) *event.Event {
	e := r.find(id)
	if e.typ == "" {
		return nil
	}
	ev, err := event.New(e.typ, bytes.Clone(e.payload), e.instance)
	if err != nil { // not possible: it was the payload of an event
		return nil
	}
	return ev
}

// use returns the entry for id, which is then young.
func (r *recent) use(id string) *entry {
	if r.young == nil || r.bytes > maxBytes/2 {
		r.young, r.old, r.bytes = map[string]*entry{}, r.young, 0
	}
	e := r.young[id]
	if e == nil {
		e = r.find(id)
		r.young[strings.Clone(id)] = e
		r.bytes += e.size()
	}
	return e
}

// put remembers a copy of ev under id, instead of what was there. The end of an
// event does not replace its beginning.
func (r *recent) put(id string, ev *event.Event) {
	if len(ev.Payload) > maxRemembered {
		return
	}
	e := r.use(id)
	if e.typ != "" && e.typ != ev.Type && strings.HasSuffix(ev.Type, "-end") {
		return
	}
	r.bytes += len(ev.Payload) - len(e.payload)
	e.typ, e.instance, e.payload = ev.Type, ev.Instance, append(e.payload[:0], ev.Payload...)
}

// putAttribute remembers an attribute of the track id.
func (r *recent) putAttribute(id string, name, value []byte) {
	if len(name)+len(value) > maxRemembered {
		return
	}
	e := r.use(id)
	r.bytes -= e.size()
	e.attributes = slices.DeleteFunc(e.attributes, func(a attribute) bool { return a.name == string(name) })
	if len(e.attributes) < maxAttributes {
		e.attributes = append(e.attributes, attribute{string(name), string(value)})
	}
	r.bytes += e.size()
}
