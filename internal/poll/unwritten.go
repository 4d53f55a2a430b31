package poll

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// unwritten collects what was drained in one run and not printed, an item a
// line, in a file that is created with the first item. If a directory cannot
// take an item, the next one is tried.
type unwritten struct {
	dirs []string // not yet tried
	id   string   // the instance's

	events, raw int      // items so far: events, and items that are not
	paths       []string // files that hold items
	lost        int      // items that no directory took
	failures    []error  // of directories

	buf     []byte // items to be written
	ends    []int  // where each ends in buf
	file    *os.File
	size    int64 // of the complete items in file
	pieces  int64 // of the incomplete item after them
	broken  bool  // a piece of that item could not be written
	pending int   // items in file that are not synced
}

// writeSize is how many bytes are collected before they are written.
const writeSize = 64 << 10

func newUnwritten(dirs []string, id string) *unwritten {
	return &unwritten{dirs: slices.Clone(dirs), id: id}
}

// addEvent saves the payload of an event.
func (u *unwritten) addEvent(payload []byte) {
	u.events++
	u.add(payload)
}

// addRaw saves an item that is not an event, as the server sent it.
func (u *unwritten) addRaw(item []byte) {
	u.raw++
	u.add(item)
}

func (u *unwritten) add(item []byte) {
	u.buf = append(append(u.buf, item...), '\n')
	u.ends = append(u.ends, len(u.buf))
	if len(u.buf) >= writeSize {
		u.write()
	}
}

// piece saves a part of a raw item that is too long to be held in memory.
// endPieces must follow the last one.
func (u *unwritten) piece(p []byte) {
	u.write()
	if u.broken || !u.open() {
		u.broken = true
		return
	}
	n, err := u.file.Write(p)
	u.pieces += int64(n)
	if err != nil {
		u.broken = true
		u.leave(err)
	}
}

// pieces is an io.Writer of pieces.
type pieces struct{ to *unwritten }

// Write implements io.Writer; it returns no errors.
func (p pieces) Write(text []byte) (int, error) {
	p.to.piece(text)
	return len(text), nil
}

// endPieces ends the item that was passed to piece.
func (u *unwritten) endPieces() {
	u.piece([]byte("\n"))
	u.raw++
	if u.broken {
		u.lost++
	} else {
		u.size += u.pieces
		u.pending++
	}
	u.pieces, u.broken = 0, false
}

// write writes the collected items, an item completely or not at all.
func (u *unwritten) write() {
	for len(u.ends) > 0 && u.open() {
		n, err := u.file.Write(u.buf)
		items := 0
		for items < len(u.ends) && u.ends[items] <= n {
			items++
		}
		if items > 0 {
			written := u.ends[items-1]
			u.buf = append(u.buf[:0], u.buf[written:]...)
			u.ends = append(u.ends[:0], u.ends[items:]...)
			for i := range u.ends {
				u.ends[i] -= written
			}
			u.size += int64(written)
			u.pending += items
		}
		if err != nil {
			u.leave(err)
		}
	}
	u.lost += len(u.ends)
	u.buf, u.ends = u.buf[:0], u.ends[:0]
	if cap(u.buf) > maxSpare {
		u.buf = nil
	}
}

// open makes sure that there is a file, and reports whether there is one.
func (u *unwritten) open() bool {
	for u.file == nil && len(u.dirs) > 0 {
		file, err := create(u.dirs[0], u.id)
		u.dirs = u.dirs[1:]
		if err != nil {
			u.failures = append(u.failures, err)
			continue
		}
		u.file, u.size = file, 0
		u.paths = append(u.paths, file.Name())
	}
	return u.file != nil
}

// leave closes a file that cannot take more, after its last complete item.
func (u *unwritten) leave(err error) {
	u.failures = append(u.failures, err)
	if err := u.file.Truncate(u.size); err != nil {
		u.failures = append(u.failures, err)
	}
	u.syncFile()
	u.closeFile()
}

func (u *unwritten) closeFile() {
	if u.file == nil {
		return
	}
	if err := u.file.Close(); err != nil {
		u.failures = append(u.failures, err)
	}
	if u.size == 0 {
		_ = os.Remove(u.file.Name())
		u.paths = u.paths[:len(u.paths)-1]
	}
	u.file = nil
}

// sync writes everything through to the disk. Items that cannot be synced
// count as lost, although their file stays.
func (u *unwritten) sync() error {
	u.write()
	u.syncFile()
	if u.lost == 0 {
		return nil
	}
	if len(u.failures) == 0 {
		u.failures = append(u.failures, errors.New("no directory to save them in"))
	}
	return &LostError{Items: u.lost, Err: joined(u.failures)}
}

func (u *unwritten) syncFile() {
	if u.file == nil || u.pending == 0 {
		return
	}
	err := u.file.Sync()
	if err == nil {
		err = syncDir(filepath.Dir(u.file.Name()))
	}
	if err != nil {
		u.failures = append(u.failures, err)
		u.lost += u.pending
	}
	u.pending = 0
}

// joined joins errors in one line.
func joined(errs []error) error {
	err := errs[0]
	for _, next := range errs[1:] {
		err = fmt.Errorf("%w; %w", err, next)
	}
	return err
}

// contents says what was saved.
func (u *unwritten) contents() string {
	events := count(u.events, "drained event") + " not printed"
	switch {
	case u.raw == 0:
		return events
	case u.events == 0:
		return notObjects(u.raw)
	}
	return events + " and " + notObjects(u.raw)
}

// create makes a new file in dir that only its owner may read.
func create(dir, id string) (*os.File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	base := filepath.Join(dir, "unwritten-"+time.Now().UTC().Format("20060102T150405.000Z")+"-"+safeID(id))
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

// safeID returns an instance's id as part of a file name.
func safeID(id string) string {
	id = strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' {
			return c
		}
		return '_'
	}, id)
	return id[:min(len(id), 64)]
}
