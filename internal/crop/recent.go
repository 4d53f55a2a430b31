package crop

import (
	"bytes"
	"cmp"
	"container/list"
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
)

// recent remembers the latest events, or tracks, by id. The zero value is
// ready. It is not safe for concurrent use.
type recent struct {
	maxEntries, maxBytes int // 0: the constants of that name

	entries map[string]*list.Element // of *entry
	order   list.List                // the oldest first
	bytes   int
}

// entry is what is known under an id.
type entry struct {
	id       string
	typ      string
	instance *event.Instance
	payload  []byte
	seen     time.Duration
}

func (e *entry) size() int { return len(e.id) + cap(e.payload) + 200 }

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

// has reports whether an event, a track or a key is remembered under id.
func (r *recent) has(id string) bool { return r.entries[id] != nil }

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

// touch returns the entry for id as the newest one, and adds it if it is
// missing.
func (r *recent) touch(id string, now time.Duration) *entry {
	el := r.entries[id]
	if el == nil {
		e := &entry{id: strings.Clone(id)}
		el = r.order.PushBack(e)
		if r.entries == nil {
			r.entries = map[string]*list.Element{}
		}
		r.entries[e.id] = el
		r.bytes += e.size()
	}
	r.order.MoveToBack(el)
	e := el.Value.(*entry)
	e.seen = now
	return e
}

// trim removes entries that are too old or too many, but never the newest.
func (r *recent) trim(now time.Duration) {
	entries, size := cmp.Or(r.maxEntries, maxEntries), cmp.Or(r.maxBytes, maxBytes)
	for r.order.Len() > 1 {
		oldest := r.order.Front()
		e := oldest.Value.(*entry)
		if len(r.entries) <= entries && r.bytes <= size && now-e.seen <= maxAge {
			return
		}
		r.order.Remove(oldest)
		delete(r.entries, e.id)
		r.bytes -= e.size()
	}
}
