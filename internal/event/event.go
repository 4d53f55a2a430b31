package event

import (
	"bytes"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/jsonraw"
)

// Event is one event of one instance.
//
// A source reuses one Event. Payload, ID and all strings and results read from
// the event are valid until Put returns; a sink that keeps any of them must copy
// it. Type and Instance may be kept.
type Event struct {
	// Type is the event's type, such as "track" or "event-intrusion". It is
	// never empty: "unknown" if neither the record nor the payload names it.
	Type string
	// ID is the SSE id. It grows within one connection and has no meaning across
	// connections. It is empty if the event was polled or recorded without one.
	ID string
	// Instance is the instance that sent the event. It is shared and read-only.
	Instance *Instance
	// Payload is one JSON object without line ends: the bytes that the server
	// sent, with "$id" and "instance_id" added in front if they were missing.
	Payload []byte
	// Received is when the complete record had arrived. It is zero for recorded
	// events.
	Received time.Time
	// Ref is the event or track that a crop belongs to, or nil if unknown.
	Ref *Event
	// Stored reports whether the event comes from the server's database.
	Stored bool
	// Folded is the number of earlier events of the same group that a cooldown
	// dropped since the last one that passed. It is valid until Put returns.
	Folded int

	index jsonraw.Index // of Payload
	time  []byte        // memory for the computed field _time
}

// Instance is one analytics instance of one server.
type Instance struct {
	ID     string // UUID
	Name   string // display name, or the UUID if no name is known
	Server string // base URL without user information, "" for recorded events
	Order  int    // position among the instances of this run, for colours
}

// New returns an event with this payload. Like a source, it adds "$id" and
// "instance_id" if they are missing. It keeps payload and may change white space
// in it. The error is jsonraw.ErrNotObject.
func New(typ string, payload []byte, in *Instance) (*Event, error) {
	var m Maker
	if err := m.ev.index.Scan(payload); err != nil {
		return nil, err
	}
	m.ev.setPayload(payload)
	m.complete([]byte(typ), in)
	return &m.ev, nil
}

// Clone returns a copy of the event that owns its bytes. Ref is shared.
func (e *Event) Clone() *Event {
	c := &Event{Type: e.Type, ID: strings.Clone(e.ID), Instance: e.Instance, Payload: bytes.Clone(e.Payload), Received: e.Received, Ref: e.Ref}
	_ = c.index.Scan(c.Payload) // cannot fail: it was checked before
	return c
}

// Member returns the value of a top-level member as it was sent.
func (e *Event) Member(name string) (value []byte, ok bool) { return e.index.Get(name) }

// Has reports whether the payload has a top-level member with that name.
func (e *Event) Has(name string) bool {
	_, ok := e.index.Get(name)
	return ok
}

// EachMember calls do for each top-level member in the order of the payload,
// with the name as it was sent, without its quotes, until do returns false.
func (e *Event) EachMember(do func(name, value []byte) bool) { e.index.Members(do) }

// setPayload makes p, which the index describes, the payload. Line ends between
// its tokens become spaces: an event is one line.
func (e *Event) setPayload(p []byte) {
	if e.index.HasLineEnd() {
		for i, c := range p {
			if c == '\n' || c == '\r' {
				p[i] = ' '
			}
		}
	}
	e.Payload = p
}
