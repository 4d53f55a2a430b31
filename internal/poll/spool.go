package poll

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/rtev/rtev/internal/event"
)

// Spool is a folder in which each drained answer stands until all of its
// events were written out, shared by the Polls of a run. What a run leaves
// behind, the next run prints first: also that of instances it does not poll.
// Safe for concurrent use.
//
// A file's name is the time it was made, a number and the instance's id. It
// ends in .part while the answer comes in, in .json once all of it is on disk.
// Damaged-… is what could not be used whole; no run touches it.
type Spool struct {
	// Locate names the instances of what an earlier run left; nil, or nil
	// returned: they are named by their id. Set before the first Run.
	Locate func(id string) *event.Instance

	dir   string
	lock  *flock.Flock
	made  atomic.Int64 // files
	first sync.Once
}

const (
	partial = ".part"
	whole   = ".json"
	stamp   = "20060102T150405.000000000Z"
)

// LockedError says that another run uses the spool.
type LockedError struct{ Dir string }

// Error is one line with what to do next.
func (e *LockedError) Error() string {
	return fmt.Sprintf("the spool %s is in use by another run; wait for its end, or give this one a folder of its own", e.Dir)
}

// SpoolError says that the spool cannot be used. Drained events are not lost
// by it.
type SpoolError struct {
	Dir string
	Err error
}

// Error is one line.
func (e *SpoolError) Error() string {
	return fmt.Sprintf("the spool %s cannot be used; make it writable with space left, then start again: %v", e.Dir, e.Err)
}

// Unwrap returns the cause.
func (e *SpoolError) Unwrap() error { return e.Err }

// OpenSpool makes the folder where it is missing and locks it. Errors:
// *LockedError, *SpoolError. Close it after the last Run.
func OpenSpool(dir string) (*Spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, &SpoolError{dir, err}
	}
	s := &Spool{dir: dir, lock: flock.New(filepath.Join(dir, "lock"), flock.SetPermissions(0o600))}
	switch ok, err := s.lock.TryLock(); {
	case err != nil:
		return nil, &SpoolError{dir, err}
	case !ok:
		return nil, &LockedError{dir}
	}
	return s, nil
}

// Close unlocks the folder. What is in it stays.
func (s *Spool) Close() error { return s.lock.Unlock() }

// leftOver calls do for the first of the Polls; the others wait for its end.
func (s *Spool) leftOver(do func() error) (err error) {
	s.first.Do(func() { err = do() })
	return err
}

// stored is an answer in the spool.
type stored struct {
	spool *Spool
	path  string
	id    string    // the instance's
	at    time.Time // when it came
	file  *os.File  // open, or nil
}

// create makes the file of an answer.
func (s *Spool) create(id string, at time.Time) (*stored, error) {
	for {
		base := fmt.Sprintf("%s-%06d-%s", at.UTC().Format(stamp), s.made.Add(1), url.QueryEscape(id))
		base = filepath.Join(s.dir, base)
		if _, err := os.Lstat(base + whole); err == nil {
			continue // by an earlier run, with the clock set back
		}
		file, err := os.OpenFile(base+partial, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		return &stored{s, base + partial, id, at, file}, err
	}
}

// receive puts an answer on disk, synced, and returns a reader of all of it
// that ends as the body does. On an error, a *SpoolError, the disk did not
// take all: the reader, if it is not nil, has the whole answer all the same.
func (s *Spool) receive(id string, body io.Reader) (*stored, io.Reader, error) {
	a, err := s.create(id, time.Now())
	if err != nil {
		return nil, body, &SpoolError{s.dir, err}
	}
	rest, err := fill(a.file, body)
	if err == nil {
		err = a.commit()
	}
	if err != nil {
		err = &SpoolError{s.dir, err}
	}
	if a.file == nil { // whole on disk and not to be read: the next run may
		return nil, nil, err
	}
	if _, back := a.file.Seek(0, io.SeekStart); back != nil {
		a.close()
		return nil, nil, &SpoolError{s.dir, back}
	}
	return a, io.MultiReader(a.file, bytes.NewReader(rest), body), err
}

// fill writes what comes to file, as soon as it comes. rest is what the disk
// did not take of what was read.
func fill(file io.Writer, body io.Reader) (rest []byte, err error) {
	buf := make([]byte, chunk)
	for {
		n, end := body.Read(buf)
		if done, err := file.Write(buf[:n]); err != nil {
			return buf[done:n], err
		}
		if end != nil {
			return nil, nil // the body tells it again
		}
	}
}

// commit makes the file safe and gives it its final name.
func (a *stored) commit() error {
	if err := a.file.Sync(); err != nil {
		return err
	}
	a.close() // the data is synced, and Windows renames no open file
	renamed := a.rename()
	var err error
	if a.file, err = os.Open(a.path); err != nil {
		a.file = nil
		return err
	}
	return renamed
}

func (a *stored) rename() error {
	final := strings.TrimSuffix(a.path, partial) + whole
	if err := os.Rename(a.path, final); err != nil {
		return err
	}
	a.path = final
	return syncDir(a.spool.dir)
}

func (a *stored) close() {
	if a.file != nil {
		_ = a.file.Close()
		a.file = nil
	}
}

// remove forgets the answer: its events are written.
func (a *stored) remove() error {
	a.close()
	return os.Remove(a.path)
}

// aside gives the file a name that no run looks at.
func (a *stored) aside() (path string, err error) {
	a.close()
	path = filepath.Join(a.spool.dir, "damaged-"+filepath.Base(a.path))
	return path, os.Rename(a.path, path)
}

// list returns what an earlier run left, oldest first, not opened.
func (s *Spool) list() ([]*stored, error) {
	files, err := os.ReadDir(s.dir) // sorted by name, which begins with the time
	var all []*stored
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), whole)
		if !ok {
			name, ok = strings.CutSuffix(f.Name(), partial)
		}
		part := strings.SplitN(name, "-", 3)
		if !ok || len(part) < 3 || f.IsDir() {
			continue
		}
		at, bad1 := time.Parse(stamp, part[0])
		id, bad2 := url.QueryUnescape(part[2])
		if bad1 == nil && bad2 == nil {
			all = append(all, &stored{spool: s, path: filepath.Join(s.dir, f.Name()), id: id, at: at})
		}
	}
	return all, err
}

// instance is the one with that id.
func (s *Spool) instance(id string, own *event.Instance) *event.Instance {
	if own.ID == id {
		return own
	}
	if s.Locate != nil {
		if i := s.Locate(id); i != nil {
			return i
		}
	}
	return &event.Instance{ID: id, Name: id}
}

// syncDir makes new names in a folder safe, where the system can.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	err = d.Sync()
	if runtime.GOOS == "windows" || cannot(err) {
		return nil
	}
	return err
}

// cannot tells that a file system does not sync folders.
func cannot(err error) bool {
	return errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL)
}
