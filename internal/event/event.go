// Package event defines the basic types of rtev: an Event, the Source that reads
// events, the Sink that accepts them, and the Notice by which a source reports
// anything else. A Maker turns records into events, and a Path finds a field.
//
// A payload is checked once, when the event is made, and its top-level members
// are indexed in the same pass, so that look-ups are cheap and safe.
package event

import (
	"bytes"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/jsonraw"
)

// Event is one event of one instance.
//
// A source reuses one Event. Payload, ID and everything read from them are valid
// until Put returns; a sink that keeps any of it must copy it. Type and Instance
// may be kept.
type Event struct {
	Type     string    // such as "track"; "unknown" if neither the record nor the payload names it
	ID       string    // SSE id, which has no meaning across connections; "" without one
	Instance *Instance // that sent the event; shared and read-only
	// Payload is one JSON object without line ends: the bytes that the server
	// sent, with "$id" and "instance_id" added in front if they were missing.
	Payload  []byte
	Received time.Time // when the complete record had arrived; zero for recorded events
	Ref      *Event    // the event or track that a crop belongs to; nil if unknown
	Stored   bool      // from the server's database
	Folded   int       // events of the same group that a cooldown dropped since the last that passed

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
	return new(Maker).New(typ, payload, in)
}

// Clone returns a copy of the event that owns its bytes. Ref is shared.
func (e *Event) Clone() *Event {
	c := *e
	c.ID, c.Payload, c.time = strings.Clone(e.ID), bytes.Clone(e.Payload), nil
	_ = c.index.Scan(c.Payload) // cannot fail: it was checked before
	return &c
}

// Member returns the value of a top-level member as it was sent.
func (e *Event) Member(name string) (value []byte, ok bool) { return e.index.Get(name) }

// EachMember calls do for each top-level member in the order of the payload,
// with the name as it was sent, without its quotes, until do returns false.
func (e *Event) EachMember(do func(name, value []byte) bool) { e.index.Members(do) }
