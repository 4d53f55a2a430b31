package poll

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gofrs/flock"

	"github.com/rtev/rtev/internal/event"

	"github.com/rtev/rtev/internal/term"
)

// Spool is a directory that holds each response until all of its events are
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

	dir     string
	lock    *flock.Flock
	created atomic.Int64 // files
	first   sync.Once
}

const (
	ending = ".json"
	part   = ".part" // of responses that earlier versions did not read to their end
	stamp  = "20060102T150405.000000000Z"
)

// OpenSpool creates the directory if it is missing, and locks it. Close the
// spool after the last Run.
func OpenSpool(dir string) (*Spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, &SpoolError{dir, err}
	}
	s := &Spool{dir: dir, lock: flock.New(filepath.Join(dir, "lock"), flock.SetPermissions(0o600))}
	switch ok, err := s.lock.TryLock(); {
	case err != nil:
		return nil, &SpoolError{dir, err}
	case !ok:
		return nil, fmt.Errorf("another run uses the spool %s; wait until it ends, or use another directory", dir)
	}
	return s, nil
}

// Close unlocks the directory. What is in it stays.
func (s *Spool) Close() error { return s.lock.Unlock() }

// leftovers calls deliver for the first Poll of the run; other Polls wait for it.
func (s *Spool) leftovers(deliver func() error) (err error) {
	s.first.Do(func() { err = deliver() })
	return err
}

// stored is a response in the spool.
type stored struct {
	spool *Spool
	path  string
	id    string    // the instance's
	at    time.Time // when it arrived
	done  int       // how many of its items are delivered
	file  *os.File  // open, or nil
}

// name returns the name of the response's file.
func (a *stored) name(number int64) string {
	return fmt.Sprintf("%s-%06d-%s"+ending, a.at.UTC().Format(stamp), number, url.QueryEscape(a.id))
}

// create creates the file of a response that arrives now.
func (s *Spool) create(id string) (*stored, error) {
	a := &stored{spool: s, id: id, at: time.Now()}
	for {
		path := filepath.Join(s.dir, a.name(s.created.Add(1)))
		file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
		if !errors.Is(err, fs.ErrExist) { // it may exist if the clock was set back
			a.path, a.file = path, file
			return a, err
		}
	}
}

// store writes a response to disk, syncs it, and returns a reader of it that
// ends like body. On a *SpoolError the spool does not have all of the response,
// but the reader returns all of it, unless it is nil.
func (s *Spool) store(id string, body io.Reader) (*stored, io.Reader, error) {
	a, err := s.create(id)
	if err != nil {
		return nil, body, &SpoolError{s.dir, err}
	}
	rest, err := fill(a.file, body)
	if err == nil {
		err = a.file.Sync()
	}
	if err == nil {
		err = syncDir(s.dir)
	}
	if err != nil {
		err = &SpoolError{s.dir, err}
	}
	if _, seek := a.file.Seek(0, io.SeekStart); seek != nil {
		a.close() // left for the next run
		return nil, nil, &SpoolError{s.dir, seek}
	}
	return a, io.MultiReader(a.file, bytes.NewReader(rest), body), err
}

// fill writes body to file as it arrives. It returns the rest that was read and
// could not be written.
func fill(file io.Writer, body io.Reader) (rest []byte, err error) {
	buf := make([]byte, readSize)
	for {
		n, end := body.Read(buf)
		if written, err := file.Write(buf[:n]); err != nil {
			return buf[written:n], err
		}
		if end != nil {
			return nil, nil // reading body again returns the same error
		}
	}
}

func (a *stored) close() {
	if a.file != nil {
		_ = a.file.Close() // only read from, or synced
		a.file = nil
	}
}

// list returns the responses that earlier runs left, oldest first and not opened.
func (s *Spool) list() ([]*stored, error) {
	files, err := os.ReadDir(s.dir) // sorted by name, which starts with the time
	var all []*stored
	for _, f := range files {
		if a := parseStored(f.Name()); a != nil && !f.IsDir() {
			a.spool, a.path = s, filepath.Join(s.dir, f.Name())
			all = append(all, a)
		}
	}
	return all, err
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
	done := 0
	var err3 error
	if delivered {
		done, err3 = strconv.Atoi(number)
	}
	if err1 != nil || err2 != nil || err3 != nil {
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

// deliverLeftovers delivers the responses that earlier runs left in the spool.
func (r *run) deliverLeftovers(ctx context.Context) error {
	all, err := r.Spool.list()
	if err != nil {
		return &SpoolError{r.Spool.dir, err}
	}
	events := 0
	for _, a := range all {
		if ctx.Err() != nil || err != nil {
			break
		}
		var n int
		n, err = r.deliverLeftover(a)
		events += n
	}
	if events > 0 {
		r.warn(fmt.Sprintf("%s from the spool of an earlier run came first; as many may come twice", term.Count(events, "event")))
	}
	return err
}

func (r *run) deliverLeftover(a *stored) (events int, err error) {
	if a.file, err = os.Open(a.path); err != nil {
		return 0, &SpoolError{a.spool.dir, err}
	}
	d := r.newDelivery()
	d.spooled, d.first = true, a.done
	readErr := r.read(a.file, a.spool.instance(a.id, r.Instance), a.at, d)
	if readErr != nil {
		r.warn("in the spool of an earlier run: " + readErr.Error())
	}
	err = r.deliver(d, a, readErr)
	return d.total, err
}

// release removes a response from the spool if all of it is written or saved.
// Otherwise the next run delivers the rest.
func (r *run) release(a *stored, d *delivery, readErr error) {
	var disk *fs.PathError // an error of reading the spool itself
	if d.err == nil {
		d.ended, d.rest = true, d.next
	}
	if d.ended && d.rest == d.next && !errors.As(readErr, &disk) {
		r.remove(a)
		return
	}
	a.close()
	text := fmt.Sprintf("the last response was not printed to its end: the rest stays in the spool %s, and the next run prints it first", a.spool.dir)
	base := filepath.Base(a.path)
	base, _, _ = strings.Cut(strings.TrimSuffix(base, filepath.Ext(base)), "@")
	err := os.Rename(a.path, filepath.Join(a.spool.dir, fmt.Sprintf("%s@%d%s", base, max(d.rest, d.first), ending)))
	if err != nil {
		text += fmt.Sprintf("; up to %s may come twice (%v)", term.Count(d.total, "event"), err)
	}
	r.warn(text)
}

// remove removes a response from the spool.
func (r *run) remove(a *stored) {
	a.close()
	if err := os.Remove(a.path); err != nil {
		r.warn(fmt.Sprintf("a delivered response stays in the spool, and its events come again with the next run: %v", err))
	}
}

// syncDir syncs a directory, if the system can, so that new names in it survive
// a crash.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	err = d.Sync()
	if runtime.GOOS == "windows" || errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
		return nil // file systems that do not sync directories
	}
	return err
}
