package cmd

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
)

// eventsTo opens the file of --events-to before anything is drained, and returns
// what opens the sink of a chain, which appends events as ndjson. If a killed run
// left half a line, the next one begins on a line of its own.
func eventsTo(path string) (open func() event.Sink, err error) {
	mode := os.O_WRONLY
	info, err := os.Stat(path)
	if err == nil && info.Mode().IsRegular() {
		mode = os.O_RDWR // to see how it ends
	}
	file, err := os.OpenFile(path, mode|os.O_APPEND|os.O_CREATE, 0o644)
	last := []byte("\n")
	if mode == os.O_RDWR && err == nil {
		_, _ = file.ReadAt(last, info.Size()-1) // an empty file has no last byte
	}
	if last[0] != '\n' {
		_, err = file.WriteString("\n")
	}
	if err != nil {
		return nil, &event.WriteError{Err: fmt.Errorf("--events-to: %w", err)}
	}
	out := format.NewOutput(file, nil)
	return func() event.Sink {
		return eventsFile{format.NewWriter(format.NewNDJSON(format.NDJSONOptions{}), out), file}
	}, nil
}

// eventsFile is the sink of one chain into the file of --events-to.
type eventsFile struct {
	*format.Writer
	file *os.File
}

// Flush syncs the file, so that an error of the disk counts before the drained
// response is released.
func (f eventsFile) Flush() error {
	if err := f.Writer.Flush(); err != nil {
		return err
	}
	err := f.file.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) { // of a pipe or a device
		return nil
	}
	return err
}
