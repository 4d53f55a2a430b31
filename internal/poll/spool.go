package poll

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/rtev/rtev/internal/event"
)

// Spool is a folder that holds each response until all of its events are
// written. The Polls of one run share it. The next run first delivers what this
// run leaves, also for instances that it does not poll. A Spool is safe for
// concurrent use.
//
// File names are TIME-NUMBER-ID.json. ID@N means that the first N items are
// delivered.
type Spool struct {
	// Locate returns the instance of a leftover by its id. If Locate is nil or
	// returns nil, the id serves as the name. Set it before the first Run.
	Locate func(id string) *event.Instance

	dir   string
	lock  *flock.Flock
	first sync.Once // delivers the leftovers
}

const (
	ending = ".json"
	part   = ".part" // of responses that earlier versions did not read to their end
	stamp  = "20060102T150405.000000000Z"
)

// OpenSpool creates the folder if it is missing, and locks it. Close the
// spool after the last Run. The error is an *UndeliveredError.
func OpenSpool(dir string) (*Spool, error) {
	s := &Spool{dir: dir, lock: flock.New(filepath.Join(dir, "lock"), flock.SetPermissions(0o600))}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, s.unusable(err)
	}
	switch ok, err := s.lock.TryLock(); {
	case err != nil:
		return nil, s.unusable(err)
	case !ok:
		return nil, undelivered("another run uses the spool %s; wait until it ends, or use another folder", dir)
	}
	return s, nil
}

// Close unlocks the folder. What is in it stays.
func (s *Spool) Close() error { return s.lock.Unlock() }

func (s *Spool) unusable(err error) error {
	return undelivered("cannot use the spool %s: %w; make it writable and free some space", s.dir, err)
}

// stored is a response in the spool.
type stored struct {
	path string
	id   string    // the instance's
	at   time.Time // when it arrived
	done int       // how many of its items are delivered
	end  error     // why it was cut off, or nil
	// rest is all of the response, which may still arrive, if the spool did not
	// take it; else nil.
	rest io.ReadCloser
}

// store writes a response to disk and syncs it. If the spool does not take all of
// it, the error says why.
func (s *Spool) store(id string, in io.Reader, body io.Closer) (*stored, error) {
	type readCloser struct {
		io.Reader
		io.Closer
	}
	a := &stored{id: id, at: time.Now(), rest: readCloser{in, body}}
	file, err := os.CreateTemp(s.dir, a.at.UTC().Format(stamp)+"-*-"+url.QueryEscape(id)+ending)
	if err != nil {
		return a, s.unusable(err)
	}
	a.path = file.Name()
	written, unwritten, end, err := fill(file, in)
	if err = cmp.Or(err, file.Sync(), syncDir(s.dir)); err != nil {
		stored := io.NewSectionReader(file, 0, written)
		a.rest = readCloser{io.MultiReader(stored, bytes.NewReader(unwritten), in), body}
		return a, s.unusable(err)
	}
	a.rest = nil
	if end != io.EOF {
		a.end = end
	}
	body.Close()
	_ = file.Close() // it is synced
	return a, nil
}

// fill writes in to file as it arrives. If the file cannot be written, it returns
// the bytes that were read and are missing in it, and why.
func fill(file io.Writer, in io.Reader) (written int64, unwritten []byte, end, err error) {
	buf := make([]byte, readSize)
	for {
		n, end := in.Read(buf)
		w, err := file.Write(buf[:n])
		written += int64(w)
		if err != nil || end != nil {
			return written, buf[w:n], end, err
		}
	}
}

// parseStored parses the name of a response's file. It returns nil for other
// files.
func parseStored(name string) *stored {
	base := strings.TrimSuffix(strings.TrimSuffix(name, ending), part)
	parts := strings.SplitN(base, "-", 3)
	if base == name || len(parts) < 3 {
		return nil
	}
	escaped, number, delivered := strings.Cut(parts[2], "@")
	at, err1 := time.Parse(stamp, parts[0])
	id, err2 := url.QueryUnescape(escaped)
	done, err3 := strconv.Atoi(number)
	if err1 != nil || err2 != nil || delivered && err3 != nil {
		return nil
	}
	return &stored{id: id, at: at, done: done}
}

// instance returns the instance with that id.
func (s *Spool) instance(id string, own *event.Instance) *event.Instance {
	if own.ID == id {
		return own
	}
	if s.Locate != nil {
		if in := s.Locate(id); in != nil {
			return in
		}
	}
	return &event.Instance{ID: id, Name: id}
}

// syncDir syncs a folder, if the system can, so that new names in it survive
// a crash.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	err = d.Sync()
	if runtime.GOOS == "windows" || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
		return nil // file systems that do not sync folders
	}
	return err
}
