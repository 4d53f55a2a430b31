// Package format turns events into bytes, safe where they are shown: text for
// people, ndjson and csv for programs. Encoders make lines, a Writer gathers
// them, an Output writes them whole under the one lock that data and talk
// share.
package format

import "github.com/rtev/rtev/internal/event"

// An Encoder turns events into lines. It cannot fail and sees no writer. It
// may remember things from one event to the next, but none of an event's
// bytes. One goroutine at a time.
type Encoder interface {
	// AppendHeader appends what stands before the first event: one whole line
	// or nothing.
	AppendHeader(dst []byte) []byte
	// AppendEvent appends the event as one line with its line end.
	AppendEvent(dst []byte, ev *event.Event) []byte
}

// keepBytes is the largest scratch buffer that is kept from one event to the
// next: what one giant made grow is let go.
const keepBytes = 64 << 10

// kept is b emptied for its next use, or nothing where it has become too large.
func kept(b []byte) []byte {
	if cap(b) > keepBytes {
		return nil
	}
	return b[:0]
}
