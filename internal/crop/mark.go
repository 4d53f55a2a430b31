package crop

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/gofrs/flock"

	"github.com/rtev/rtev/internal/event"
)

// mark is how a run that was killed is known, and where it left a temporary
// file: a file ".rtev-ID.run" in the Dir, locked as long as the run lives (a
// process id would say little between containers), which holds the folder that
// is being written to. Not safe for concurrent use.
type mark struct {
	id     string
	lock   *flock.Flock
	root   *os.Root
	file   *os.File // nil where the file system knows no locks
	folder string
}

const (
	prefix  = ".rtev-"
	running = ".run"
)

// markOffset is where the folder stands: byte 0 is the one that is locked, and
// on Windows nobody can read or write that one.
const markOffset = 1

func newMark(dir string, root *os.Root) (*mark, error) {
	for range 10 { // another run may just be sweeping
		m := &mark{id: fmt.Sprintf("%016x", rand.Uint64()), root: root}
		m.lock = flock.New(filepath.Join(dir, m.name()))
		locked, err := m.lock.TryLock()
		if err != nil && unwritable(err) {
			return nil, err
		}
		if err != nil { // no locks here
			return m, m.remove()
		}
		if m.file, err = root.OpenFile(m.name(), os.O_WRONLY, 0); err == nil && locked {
			return m, nil
		}
		if err := m.remove(); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("other runs are in the way")
}

func unwritable(err error) bool {
	return errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist)
}

func (m *mark) name() string { return prefix + m.id + running }

// temp is the temporary name of the picture being written.
func (m *mark) temp() string { return prefix + m.id + ".tmp" }

// set notes the folder that is written to next.
func (m *mark) set(folder string) error {
	if m.file == nil || m.folder == folder {
		return nil
	}
	if err := m.file.Truncate(markOffset); err != nil {
		return err
	}
	_, err := m.file.WriteAt([]byte(folder), markOffset)
	if err == nil {
		m.folder = folder
	}
	return err
}

func (m *mark) remove() error {
	var err error
	if m.file != nil {
		err = m.file.Close()
	}
	return errors.Join(err, m.lock.Close(), remove(m.root, m.name()))
}

// sweep removes what runs that were killed have left. What cannot be removed
// harms nobody: it is told and left.
func (d *Dir) sweep() {
	top, err := d.root.Open(".")
	if err != nil {
		d.detail(err)
		return
	}
	defer top.Close()
	for {
		some, err := top.ReadDir(1000)
		for _, e := range some {
			id, ok := strings.CutPrefix(e.Name(), prefix)
			if id, ok2 := strings.CutSuffix(id, running); ok && ok2 {
				d.sweepRun(id)
			}
		}
		if err != nil || len(some) == 0 {
			return
		}
	}
}

// sweepRun removes the temporary files of one run, if it is dead.
func (d *Dir) sweepRun(id string) {
	m := &mark{id: id, root: d.root}
	m.lock = flock.New(filepath.Join(d.path, m.name()), flock.SetFlag(os.O_RDWR))
	if locked, err := m.lock.TryLock(); err != nil || !locked {
		return
	}
	text, err := m.read()
	if err != nil {
		d.detail(err)
	}
	for _, name := range []string{m.temp(), m.temp() + ".json"} {
		err := d.root.Remove(path.Join(text, name))
		if err == nil {
			d.notify.Tell(event.Notice{Kind: event.Detail, Text: fmt.Sprintf("removed %s, left by a run that was killed", path.Join(text, name))})
		} else if !errors.Is(err, fs.ErrNotExist) {
			d.detail(err)
		}
	}
	if err := m.remove(); err != nil {
		d.detail(err)
	}
}

// read returns the folder that a dead run was writing to.
func (m *mark) read() (string, error) {
	f, err := m.root.Open(m.name())
	if err != nil {
		return "", err
	}
	defer f.Close()
	text := make([]byte, 4096)
	n, err := f.ReadAt(text, markOffset)
	if n < len(text) { // io.EOF
		err = nil
	}
	return string(text[:n]), err
}

func (d *Dir) detail(err error) {
	d.notify.Tell(event.Notice{Kind: event.Detail, Text: fmt.Sprintf("looking for what a killed run left: %v", err)})
}
