// Package format writes events: as text for people, as ndjson and csv for
// programs.
//
// An Encoder makes a line of an event, a Writer gathers lines, and an Output
// writes them, under the one lock that data and messages share.
//
// A new output format is a new type with the two methods of Encoder, such as
// NDJSON, the smallest one here. It needs a line in TestEncoderSuite, and a case
// in (*session).encoder of package cmd to be reached by -o.
package format

import "github.com/rtev/rtev/internal/event"

// An Encoder turns events into lines. It cannot fail and knows no writer. It
// may remember things from one event to the next, but must not keep an event's
// bytes. It is used by one goroutine.
type Encoder interface {
	// AppendHeader appends what comes before the first event, if anything.
	AppendHeader(dst []byte) []byte
	// AppendEvent appends the event as one line with its line end.
	AppendEvent(dst []byte, ev *event.Event) []byte
}

// maxReused is the capacity up to which scratch buffers are used again; larger
// ones, which an oversized event needed, are released.
const maxReused = 128 << 10

// reuse returns b emptied for its next use, or nil if it has become too large.
func reuse(b []byte) []byte {
	if cap(b) > maxReused {
		return nil
	}
	return b[:0]
}
