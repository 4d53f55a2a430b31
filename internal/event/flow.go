package event

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/jsonraw"
)

// Event is one event of one instance.
//
// A source uses one Event again and again. Payload, ID and every string or
// result taken from the event are valid until Put returns; a sink that keeps
// any of it copies it. Type and Instance may be kept.
type Event struct {
	// Type is the event's type: "track", "event-intrusion", … Never empty;
	// "unknown" when neither the record nor the payload tells.
	Type string
	// ID is the SSE id. It rises within one connection and means nothing
	// across connections. Empty when polled, or recorded without one.
	ID string
	// Instance is where the event comes from; shared and read-only.
	Instance *Instance
	// Payload is one JSON object: the server's own bytes, without a line end,
	// with "$id" and "instance_id" put in front where they were missing.
	Payload []byte
	// Received is when the record was complete here; zero for recorded events.
	Received time.Time
	// Ref is the event or track that a crop belongs to, nil where there is
	// none or where nobody has joined them.
	Ref *Event
	// Folded is how many earlier events of the same group a cooldown dropped,
	// for the line of this one. It is valid until Put returns.
	Folded int

	index jsonraw.Index
	time  []byte // backing of the computed field _time
}

// Instance is one analytics instance of one server.
type Instance struct {
	ID     string // UUID
	Name   string // display name; the UUID where no name is known
	Server string // base URL without user information; "" for recorded events
	Order  int    // position among the instances of this run, for colours
}

// ErrStop is what a Sink returns when it wants no more: an end, not a failure.
// The event that was put was not taken.
var ErrStop = errors.New("no more events wanted")

// A Sink takes events. It is used by one goroutine at a time.
type Sink interface {
	// Put takes one event and keeps none of its bytes. ErrStop says that this
	// one was not taken and no more is wanted; any other error is a failure of
	// the output, a *WriteError where the sink knows how far it came.
	Put(*Event) error
	// Flush returns nil when everything put so far has left this process.
	Flush() error
}

// WriteError says that the output failed, and how far it came.
type WriteError struct {
	Err error
	// Whole is how many of the events put since the last Flush that returned
	// nil have left this process whole, counted from the first of them.
	Whole int
}

// Error is the cause's text.
func (e *WriteError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *WriteError) Unwrap() error { return e.Err }

// New makes an event of a payload, which it keeps; what the payload lacks is
// put in front as a source does. jsonraw.ErrNotObject: it is not one JSON object.
func New(typ string, payload []byte, in *Instance) (*Event, error) {
	var m Maker
	return m.New(typ, payload, in)
}

// Clone returns a copy that owns its bytes, for a sink that keeps an event.
// Ref is shared.
func (e *Event) Clone() *Event {
	c := &Event{Type: e.Type, ID: strings.Clone(e.ID), Instance: e.Instance, Received: e.Received, Ref: e.Ref}
	c.set(bytes.Clone(e.Payload))
	return c
}

// A Source gives the events of one instance until its end, until ctx is done,
// or until the sink fails. It flushes the sink before it waits, and returns an
// error of the sink unchanged: it never takes it for a lost connection.
type Source interface {
	Run(ctx context.Context, to Sink) error
}
