package crop

import (
	"strings"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// Bounds of a memory, so that neither a long night nor a hostile server makes
// it grow.
const (
	maxEntries    = 4096
	maxMemory     = 16 << 20 // bytes of all entries
	maxRemembered = 1 << 20  // bytes of one payload
	maxAge        = 10 * time.Minute
	maxID         = 256 // bytes
	maxAttributes = 64  // of one track
	maxAttribute  = 64 << 10
)

// memory holds the events, or the tracks, seen last, by id. Not safe for
// concurrent use.
type memory struct {
	entries        map[string]*entry
	oldest, newest *entry
	bytes          int
}

// entry is what is known under one id.
type entry struct {
	id         string
	typ        string // "" while only attributes are known
	instance   *event.Instance
	payload    []byte
	attributes []attribute
	seen       time.Duration
	older      *entry
	newer      *entry
}

// attribute is a track's property: name and value as they stand in JSON.
type attribute struct{ name, value []byte }

func (e *entry) size() int {
	n := len(e.id) + cap(e.payload) + 200
	for _, a := range e.attributes {
		n += cap(a.name) + cap(a.value)
	}
	return n
}

// event returns what is known as an event of its own, nil for nothing.
func (e *entry) event() *event.Event {
	if e == nil || e.typ == "" {
		return nil
	}
	ev, err := event.New(e.typ, append([]byte(nil), e.payload...), e.instance)
	if err != nil { // it came out of an event: it cannot be anything else
		return nil
	}
	return ev
}

// known tells whether an event or a track is remembered under id.
func (m *memory) known(id string) bool {
	e := m.entries[id]
	return e != nil && e.typ != ""
}

// keep remembers ev under id, which it copies, in place of what stood there.
// The end of an event does not take its beginning's place.
func (m *memory) keep(id string, ev *event.Event, now time.Duration) {
	if len(ev.Payload) > maxRemembered {
		return
	}
	e := m.touch(id, now)
	if e.typ != "" && e.typ != ev.Type && strings.HasSuffix(ev.Type, "-end") {
		return
	}
	before := cap(e.payload)
	e.typ, e.instance, e.payload = ev.Type, ev.Instance, append(e.payload[:0], ev.Payload...)
	m.bytes += cap(e.payload) - before
	m.bound(now)
}

// note remembers an attribute of the track id.
func (m *memory) note(id string, name, value []byte, now time.Duration) {
	if len(name)+len(value) > maxAttribute {
		return
	}
	e := m.touch(id, now)
	m.bytes -= e.size()
	at := 0
	for at < len(e.attributes) && string(e.attributes[at].name) != string(name) {
		at++
	}
	if at == len(e.attributes) && at < maxAttributes {
		e.attributes = append(e.attributes, attribute{})
	}
	if at < len(e.attributes) {
		a := &e.attributes[at]
		a.name, a.value = append(a.name[:0], name...), append(a.value[:0], value...)
	}
	m.bytes += e.size()
	m.bound(now)
}

// touch returns the entry of id as the newest one, made where there is none.
func (m *memory) touch(id string, now time.Duration) *entry {
	e := m.entries[id]
	if e == nil {
		e = &entry{id: strings.Clone(id)}
		if m.entries == nil {
			m.entries = map[string]*entry{}
		}
		m.entries[e.id] = e
		m.bytes += e.size()
	} else if e != m.newest {
		m.unlink(e)
	}
	e.seen = now
	if e != m.newest {
		if e.older = m.newest; e.older != nil {
			e.older.newer = e
		} else {
			m.oldest = e
		}
		m.newest = e
	}
	return e
}

func (m *memory) unlink(e *entry) {
	if e.older != nil {
		e.older.newer = e.newer
	} else {
		m.oldest = e.newer
	}
	if e.newer != nil {
		e.newer.older = e.older
	} else {
		m.newest = e.older
	}
	e.older, e.newer = nil, nil
}

// bound forgets what is too old or too much; the newest stays.
func (m *memory) bound(now time.Duration) {
	for e := m.oldest; e != m.newest; e = m.oldest {
		if len(m.entries) <= maxEntries && m.bytes <= maxMemory && now-e.seen <= maxAge {
			return
		}
		m.unlink(e)
		delete(m.entries, e.id)
		m.bytes -= e.size()
	}
}
