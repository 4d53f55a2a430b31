package crop

import (
	"bytes"
	"cmp"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/event"
)

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

	entries        map[string]*entry
	oldest, newest *entry
	bytes          int
}

// entry is what is known under an id.
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

// attribute is a property of a track: name and value as JSON.
type attribute struct{ name, value []byte }

func (e *entry) size() int {
	n := len(e.id) + cap(e.payload) + 200
	for _, a := range e.attributes {
		n += cap(a.name) + cap(a.value)
	}
	return n
}

// event returns a copy of the event or track id, or nil if it is not known.
func (r *recent) event(id string) *event.Event {
	if !r.has(id) {
		return nil
	}
	e := r.entries[id]
	ev, err := event.New(e.typ, bytes.Clone(e.payload), e.instance)
	if err != nil { // not possible: it was the payload of an event
		return nil
	}
	return ev
}

// has reports whether an event or a track is remembered under id.
func (r *recent) has(id string) bool {
	e := r.entries[id]
	return e != nil && e.typ != ""
}

// put remembers a copy of ev under id, instead of what was there. The end of an
// event does not replace its beginning.
func (r *recent) put(id string, ev *event.Event, now time.Duration) {
	if len(ev.Payload) > maxRemembered {
		return
	}
	e := r.touch(id, now)
	if e.typ != "" && e.typ != ev.Type && strings.HasSuffix(ev.Type, "-end") {
		return
	}
	before := cap(e.payload)
	e.typ, e.instance, e.payload = ev.Type, ev.Instance, append(e.payload[:0], ev.Payload...)
	r.bytes += cap(e.payload) - before
	r.trim(now)
}

// putAttribute remembers an attribute of the track id.
func (r *recent) putAttribute(id string, name, value []byte, now time.Duration) {
	if len(name)+len(value) > maxAttribute {
		return
	}
	e := r.touch(id, now)
	r.bytes -= e.size()
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
	r.bytes += e.size()
	r.trim(now)
}

// touch returns the entry for id as the newest one, and adds it if it is
// missing.
func (r *recent) touch(id string, now time.Duration) *entry {
	e := r.entries[id]
	if e == nil {
		e = &entry{id: strings.Clone(id)}
		if r.entries == nil {
			r.entries = map[string]*entry{}
		}
		r.entries[e.id] = e
		r.bytes += e.size()
	} else if e != r.newest {
		r.unlink(e)
	}
	e.seen = now
	if e != r.newest {
		if e.older = r.newest; e.older != nil {
			e.older.newer = e
		} else {
			r.oldest = e
		}
		r.newest = e
	}
	return e
}

func (r *recent) unlink(e *entry) {
	if e.older != nil {
		e.older.newer = e.newer
	} else {
		r.oldest = e.newer
	}
	if e.newer != nil {
		e.newer.older = e.older
	} else {
		r.newest = e.older
	}
	e.older, e.newer = nil, nil
}

// trim removes entries that are too old or too many, but never the newest.
func (r *recent) trim(now time.Duration) {
	entries, size := cmp.Or(r.maxEntries, maxEntries), cmp.Or(r.maxBytes, maxBytes)
	for e := r.oldest; e != r.newest; e = r.oldest {
		if len(r.entries) <= entries && r.bytes <= size && now-e.seen <= maxAge {
			return
		}
		r.unlink(e)
		delete(r.entries, e.id)
		r.bytes -= e.size()
	}
}
