package poll

import (
	"fmt"

	"github.com/rtev/rtev/internal/term"
)

// CutError reports that a response ended early. Its complete events were
// delivered, and the bytes of an unfinished one are in the unwritten file.
type CutError struct {
	Unfinished int64 // bytes of the unfinished event at the end
	Err        error // why the response ended
}

// Error returns one line.
func (e *CutError) Error() string {
	if e.Unfinished == 0 {
		return fmt.Sprintf("the response was cut off (%v): the events that did not arrive are lost", e.Err)
	}
	return fmt.Sprintf("the response was cut off (%v) after %s of an unfinished event: what did not arrive is lost", e.Err, term.Count(e.Unfinished, "byte"))
}

// Unwrap returns the cause.
func (e *CutError) Unwrap() error { return e.Err }

// Undelivered marks errors about drained events that were not delivered.
func (e *CutError) Undelivered() {}

// UnwrittenError reports that responses held items that are not events. They are
// in the unwritten files that a warning named, as the server sent them.
type UnwrittenError struct {
	Items int
	Files []string
}

// Error returns one line.
func (e *UnwrittenError) Error() string {
	return notObjects(e.Items) + " could not be printed"
}

// Undelivered marks errors about drained events that were not delivered.
func (e *UnwrittenError) Undelivered() {}

// LostError reports that drained events could be neither written nor saved.
type LostError struct {
	Items int   // events, and items that are not events
	Err   error // why
}

// Error returns one line.
func (e *LostError) Error() string {
	return fmt.Sprintf("lost %s that were drained and could be neither printed nor saved: %v", term.Count(e.Items, "item"), e.Err)
}

// Unwrap returns the causes.
func (e *LostError) Unwrap() error { return e.Err }

// Undelivered marks errors about drained events that were not delivered.
func (e *LostError) Undelivered() {}

// SpoolError reports that the spool cannot be used. No drained event is lost.
type SpoolError struct {
	Dir string
	Err error
}

// Error returns one line that says what to do next.
func (e *SpoolError) Error() string {
	return fmt.Sprintf("cannot use the spool %s: %v; make it writable and free some space", e.Dir, e.Err)
}

// Unwrap returns the cause.
func (e *SpoolError) Unwrap() error { return e.Err }

// Undelivered marks errors about drained events that were not delivered.
func (e *SpoolError) Undelivered() {}

// notObjects describes items that are not JSON objects.
func notObjects(items int) string {
	if items == 1 {
		return "1 drained item that is not a JSON object"
	}
	return term.Count(items, "drained item") + " that are not JSON objects"
}
