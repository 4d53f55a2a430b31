package event

import "time"

// Notice is a report of a source about something other than an event.
type Notice struct {
	Instance *Instance // nil for a notice about the whole run
	Kind     Kind
	Text     string        // one line in lower case; may contain text from the server, not safe to print
	Span     time.Duration // set if Kind has a duration
}

// Kind says what a Notice is about.
type Kind int

// The kinds of notices.
const (
	Info        Kind = iota // something worth a line
	Detail                  // something for --verbose
	Warning                 // something may be wrong, or events may be lost
	Connected               // the first connection of a source is open
	Lost                    // a connection ended; the source will try again
	Retrying                // an attempt to connect failed; the source will try again
	Reconnected             // a connection is open again after Span
	Waiting                 // the response header of a stream has not come yet; the source keeps waiting
	Skipped                 // a record was not a JSON object
	Oversize                // a record exceeded the limit
	Ended                   // a source ended and will not try again
	Unfilled                // events that a gap missed could not be read from the database
)

// Notify receives notices. It must be safe for concurrent use and must not
// block.
type Notify func(Notice)

// Tell calls f with n. It does nothing if f is nil.
func (f Notify) Tell(n Notice) {
	if f != nil {
		f(n)
	}
}
