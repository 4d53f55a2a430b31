package cmd

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
)

// eventsFile is the sink of --events-to: it appends every event to a file as
// ndjson. Flush closes the file, so that an error of closing counts before
// the drained response is released, and the next Put opens it again. It is safe
// for concurrent use; after a failure every call returns the same error.
type eventsFile struct {
	path    string
	encoder format.Encoder

	mu   sync.Mutex
	file *os.File
	buf  *bufio.Writer
	line []byte
	err  error
}

// openEventsFile checks that the file can be written, before anything is
// drained.
func openEventsFile(path string) (*eventsFile, error) {
	f := &eventsFile{path: path, encoder: format.NewNDJSON(format.NDJSONOptions{}), buf: bufio.NewWriterSize(nil, 64<<10)}
	if err := f.open(); err != nil {
		return nil, f.fail(err)
	}
	return f, nil
}

// open opens the file for appending. If a killed run left half a line, the next
// one begins on a line of its own.
func (f *eventsFile) open() error {
	file, err := os.OpenFile(f.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	f.file = file
	f.buf.Reset(file)
	if endsInsideLine(f.path) {
		return f.buf.WriteByte('\n')
	}
	return nil
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

// Put appends an event.
func (f *eventsFile) Put(ev *event.Event) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return f.err
	}
	if f.file == nil {
		if err := f.open(); err != nil {
			return f.fail(err)
		}
	}
	f.line = f.encoder.AppendEvent(f.line[:0], ev)
	if _, err := f.buf.Write(f.line); err != nil {
		return f.fail(err)
	}
	return nil
}

// Flush writes everything and closes the file.
func (f *eventsFile) Flush() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil || f.file == nil {
		return f.err
	}
	err := errors.Join(f.buf.Flush(), f.file.Close())
	f.file = nil
	if err != nil {
		return f.fail(err)
	}
	return nil
}

func (f *eventsFile) fail(err error) error {
	f.err = &event.WriteError{Err: fmt.Errorf("--events-to: %w", err)}
	return f.err
}
