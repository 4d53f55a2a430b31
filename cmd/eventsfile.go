package cmd

import (
	"fmt"
	"os"
	"sync"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
)

// eventsFile is the sink of --events-to: it appends every event to a file as
// ndjson. Flush closes the file, so that an error of closing counts before
// the drained response is released, and the next event opens it again. It is
// safe for concurrent use; after a failure every call returns the same error.
type eventsFile struct {
	path string

	mu    sync.Mutex
	file  *os.File
	lines *format.Writer // into Write
	err   error          // of closing
}

// openEventsFile checks that the file can be written, before anything is
// drained.
func openEventsFile(path string) (*eventsFile, error) {
	f := &eventsFile{path: path}
	f.lines = format.NewWriter(format.NewNDJSON(format.NDJSONOptions{}), format.NewOutput(f, nil))
	return f, f.open()
}

// open opens the file for appending. If a killed run left half a line, the next
// one begins on a line of its own.
func (f *eventsFile) open() error {
	file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err == nil && endsInsideLine(f.path) {
		_, err = file.WriteString("\n")
	}
	f.file = file
	return wrongFile(err)
}

// endsInsideLine reports whether path is a file whose last line has no end.
func endsInsideLine(path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return false
	}
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	last := make([]byte, 1)
	_, err = file.ReadAt(last, info.Size()-1)
	return err == nil && last[0] != '\n'
}

// Write appends lines to the file.
func (f *eventsFile) Write(lines []byte) (int, error) {
	if f.file == nil {
		if err := f.open(); err != nil {
			return 0, err
		}
	}
	n, err := f.file.Write(lines)
	return n, wrongFile(err)
}

// Put appends an event.
func (f *eventsFile) Put(ev *event.Event) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.err
	}
	return f.lines.Put(ev)
}

// Flush writes everything and closes the file.
func (f *eventsFile) Flush() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.err
	}
	err := f.lines.Flush()
	if err == nil && f.file != nil {
		err = wrongFile(f.file.Close())
		f.file, f.err = nil, err
	}
	return err
}

// wrongFile names the flag in an error of its file.
func wrongFile(err error) error {
	if err == nil {
		return nil
	}
	return &event.WriteError{Err: fmt.Errorf("--events-to: %w", err)}
}
