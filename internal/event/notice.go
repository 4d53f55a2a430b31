package event

import "time"

// Notice is what a source reports beside its events.
type Notice struct {
	Instance *Instance // nil for the run as a whole
	Kind     Kind
	// Text is one line in lower case. It may hold text of the server: it is not
	// safe to print as it is.
	Text  string
	Span  time.Duration // set if Kind has a duration
	Bytes int64         // set if Kind has a size
	Count int           // set if Kind has a number
}

// Kind says what a Notice is about.
type Kind int

// The kinds of notices.
const (
	Info        Kind = iota // something worth a line
	Detail                  // something for --verbose
	Warning                 // something may be wrong or lost
	Connected               // the first connection of a source is open
	Lost                    // a connection ended; the source will try again
	Retrying                // an attempt to connect failed; the source will try again
	Reconnected             // a connection is open again after Span
	Waiting                 // the response header of a stream has not come yet; the source keeps waiting
	Skipped                 // a record was not a JSON object
	Oversize                // a record was longer than the limit: Bytes have come so far
	Ended                   // a source ended for good
	Filled                  // Count events, missed between two connections, came from the database
)

// Notify receives notices. It must be safe for concurrent use and must not
// block.
type Notify func(Notice)

// Tell passes n on. It does nothing if f is nil.
func (f Notify) Tell(n Notice) {
	if f != nil {
		f(n)
	}
}
