package event

import (
	"context"
	"errors"
)

// A Source reads the events of one instance and puts them into a sink.
type Source interface {
	// Run reads until the end of the input, until ctx is done, or until the sink
	// fails. It flushes the sink before it waits for input. It returns an error of
	// the sink unchanged and never treats it as a lost connection.
	Run(ctx context.Context, to Sink) error
}

// A Sink accepts events. It is used by one goroutine at a time.
type Sink interface {
	// Put accepts one event and does not retain its bytes. ErrStop means that
	// this event was not accepted and no more are wanted. Any other error is a
	// failure of the output: a *WriteError if the sink knows what was written.
	Put(*Event) error
	// Flush returns nil if everything put so far has left this process.
	Flush() error
}

// ErrStop is returned by Put of a Sink that wants no more events and did not
// accept this one. It ends the run successfully.
var ErrStop = errors.New("no more events wanted")

// WriteError is a failure of the output.
type WriteError struct {
	Err error
	// Written is the number of events that have left this process completely,
	// counted since the last Flush that returned nil.
	Written int
}

// Error returns the text of the cause.
func (e *WriteError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *WriteError) Unwrap() error { return e.Err }
