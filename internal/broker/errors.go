package broker

import (
	"errors"
	"fmt"

	"github.com/rtev/rtev/internal/term"
)

// Errors of a connection for messages that were not acknowledged.
var (
	errTooLarge = errors.New("larger than the broker accepts")
	errRefused  = errors.New("not accepted by the broker")
	errLost     = errors.New("the connection ended")
	errTimeout  = errors.New("no acknowledgement in time")
)

// Reasons to stop waiting for acknowledgements.
var (
	errNotAcknowledged = errors.New("the run ended before the broker acknowledged everything")
	errClosed          = errors.New("the broker's connection is closed")
)

// AddressError is a mistake in the URL of a broker.
type AddressError struct{ Text string }

// Error returns what is wrong, prefixed with the flag.
func (e *AddressError) Error() string { return "--to: " + e.Text }

// UnreachableError reports that a connection to a broker could not be made.
type UnreachableError struct {
	Broker string // URL without credentials
	Err    error
}

// Error names the broker and the cause.
func (e *UnreachableError) Error() string {
	return fmt.Sprintf("%s is not reachable: %v", e.Broker, e.Err)
}

// Unwrap returns the cause.
func (e *UnreachableError) Unwrap() error { return e.Err }

// DeniedError reports that a broker accepts no events of this run: wrong
// credentials, no permission, no stream for the subject, no such topic.
type DeniedError struct {
	Broker string // URL without credentials
	Text   string // the broker's reason and what to do next; not safe to print
}

// Error names the broker and the reason.
func (e *DeniedError) Error() string { return e.Broker + ": " + e.Text }

// SavedError reports that events were saved to a file instead of published.
type SavedError struct {
	Broker string
	Events int64
	File   string
}

// Error names the file.
func (e *SavedError) Error() string {
	return fmt.Sprintf("%s not published to %s; saved in %s", term.Count(e.Events, "event"), e.Broker, e.File)
}

// connectError returns the typed error of a connection that could not be made.
func connectError(a Address, err error) error {
	var denied *DeniedError
	if errors.As(err, &denied) {
		return err
	}
	return &UnreachableError{Broker: a.String(), Err: err}
}
