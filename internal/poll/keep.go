package poll

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// LostError says that drained events were neither written nor kept.
type LostError struct {
	Events int
	Err    error
}

// Error is one line.
func (e *LostError) Error() string {
	return fmt.Sprintf("%s drained, and neither written nor kept: lost: %v", count(e.Events, "event"), e.Err)
}

// Unwrap returns the causes.
func (e *LostError) Unwrap() error { return e.Err }

// keeper writes lines, an event each, to a file that is made when the first
// one comes. Where it cannot go on it goes on in the next place.
type keeper struct {
	places []func() (*os.File, error) // that are not yet tried
	lines  []byte                     // to be written
	file   *os.File
	size   int64 // of whole lines in file
	events int   // in file
	kept   []kept
	lost   int     // lines that no place took
	errs   []error // of the places that failed
}

// kept is a file and how many events are in it.
type kept struct {
	path   string
	events int
}

// spill writes the lines once they are many.
func (k *keeper) spill() {
	if len(k.lines) >= 64<<10 {
		k.write()
	}
}

func (k *keeper) write() {
	for len(k.lines) > 0 {
		if k.file == nil && !k.open() {
			k.lost += bytes.Count(k.lines, []byte("\n"))
			break
		}
		n, err := k.file.Write(k.lines)
		if err != nil {
			n = bytes.LastIndexByte(k.lines[:n], '\n') + 1
		}
		k.size += int64(n)
		k.events += bytes.Count(k.lines[:n], []byte("\n"))
		k.lines = k.lines[n:]
		if err != nil {
			k.fail(err)
			k.end()
		}
	}
	k.lines = k.lines[:0]
	if cap(k.lines) > most {
		k.lines = nil
	}
}

func (k *keeper) fail(err error) { k.errs = append(k.errs, err) }

// open makes a file in the next place that has one.
func (k *keeper) open() bool {
	for len(k.places) > 0 {
		file, err := k.places[0]()
		k.places = k.places[1:]
		if err == nil {
			k.file, k.size, k.events = file, 0, 0
			return true
		}
		k.fail(err)
	}
	if len(k.errs) == 0 {
		k.fail(errors.New("no folder to keep them in"))
	}
	return false
}

// end closes the file behind its last whole line. What cannot be synced counts
// as lost, though the file stays.
func (k *keeper) end() {
	if k.file == nil {
		return
	}
	path := k.file.Name()
	var err error
	for _, e := range []error{k.file.Truncate(k.size), k.file.Sync(), k.file.Close(), syncDir(filepath.Dir(path))} {
		if err == nil {
			err = e
		}
	}
	k.file = nil
	if k.events == 0 {
		_ = os.Remove(path) // it is empty
		return
	}
	if err != nil {
		k.fail(err)
		k.lost += k.events
	}
	k.kept = append(k.kept, kept{path, k.events})
}

// close writes what waits. An error says that something is lost.
func (k *keeper) close() *LostError {
	k.write()
	k.end()
	if k.lost == 0 {
		return nil
	}
	err := k.errs[0]
	for _, next := range k.errs[1:] {
		err = fmt.Errorf("%w; %w", err, next)
	}
	return &LostError{Events: k.lost, Err: err}
}

// unwritten is the place in a folder: a new file that only its owner reads.
func unwritten(dir, id string) func() (*os.File, error) {
	return func() (*os.File, error) {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
		base := filepath.Join(dir, "unwritten-"+time.Now().UTC().Format("20060102T150405.000Z")+"-"+safe(id))
		for n := 1; ; n++ {
			path := base + ".ndjson"
			if n > 1 {
				path = fmt.Sprintf("%s_%d.ndjson", base, n)
			}
			file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			if !errors.Is(err, fs.ErrExist) || n == 1000 {
				return file, err
			}
		}
	}
}

// safe cuts an instance's id down to what any file system takes.
func safe(id string) string {
	id = strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			return c
		}
		return '_'
	}, id)
	return id[:min(len(id), 64)]
}

// settle ends a delivery: written, or kept and named. s is the answer in the
// spool, nil without one; damaged says that not all of it could be used.
func (r *run) settle(d *delivery, s *stored, damaged bool) error {
	_ = d.Flush()
	if d.err == nil {
		r.release(s, damaged)
		return nil
	}
	lost := d.keep.close()
	if d.spooled {
		r.respool(d, s, lost, damaged)
		return d.err
	}
	for _, k := range d.keep.kept {
		r.warn(fmt.Sprintf("%s drained and not written: kept in %s; rtev tail - < FILE prints such a file", count(k.events, "event"), k.path))
	}
	if lost == nil {
		for _, err := range d.keep.errs {
			r.tell(event.Notice{Kind: event.Detail, Text: "a folder could not keep what was not written: " + err.Error()})
		}
		r.release(s, false)
		return d.err
	}
	r.warn(lost.Error())
	if s != nil {
		s.close()
	}
	if errors.Is(d.err, event.ErrStop) {
		return lost
	}
	return fmt.Errorf("%w; %w", d.err, lost)
}
