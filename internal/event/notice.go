package event

import "time"

// Kind says what a Notice is about.
type Kind int

// The kinds of notices.
const (
	Info        Kind = iota // something worth a line
	Detail                  // something for --verbose
	Warning                 // something may be wrong or lost
	Connected               // a source's first connection stands
	Lost                    // a connection ended; it will be tried again
	Retrying                // an attempt to connect failed; it will be tried again
	Reconnected             // a connection stands again; Span is the gap
	Waiting                 // the response header of a stream has not come yet; the source keeps waiting
	Skipped                 // a record was not a JSON object
	Oversize                // a record was longer than the limit; Bytes is its size so far
	Ended                   // a source ended for good
)

// Notice is what a source tells beside its events.
type Notice struct {
	Instance *Instance // nil: the run as a whole
	Kind     Kind
	Text     string        // one line, lower case, perhaps with the server's own text: not safe to print as it is
	Span     time.Duration // how long, where Kind has a duration
	Bytes    int64         // how much, where Kind has a size
}

// Notify takes notices. It must be safe for concurrent use, and must not block.
type Notify func(Notice)

// Tell passes n on, and does nothing where there is nobody to tell.
func (f Notify) Tell(n Notice) {
	if f != nil {
		f(n)
	}
}
