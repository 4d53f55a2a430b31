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

	"github.com/rtev/rtev/internal/term"
)

// unwritten saves items that were drained in one run and not printed, one per
// line. It creates the file with the first item. If it cannot write an item in a
// directory, it tries the next one.
type unwritten struct {
	dirs []string // not yet tried
	id   string   // the instance's

	events, raw int      // items so far: events, and items that are not
	paths       []string // files that hold items
	lost        int      // items that could not be saved in any directory
	failures    []error  // of directories

	line    []byte
	file    *os.File
	size    int64 // of the complete items in file
	partial int64 // of the incomplete item after them
	broken  bool  // a piece of that item could not be written
	pending int   // items in file that are not synced
}

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
	if cap(u.line) > maxSpare {
		u.line = nil
	}
	u.line = append(append(u.line[:0], item...), '\n')
	for u.open() {
		if u.write(u.line) {
			u.complete()
			return
		}
	}
	u.lost++
}

// piece saves a part of a raw item that is too long to be held in memory.
// endPieces must follow the last one.
func (u *unwritten) piece(p []byte) {
	u.broken = u.broken || !u.open() || !u.write(p)
}

// endPieces ends the item that was passed to piece.
func (u *unwritten) endPieces() {
	u.piece([]byte("\n"))
	u.raw++
	if u.broken {
		u.lost++
	} else {
		u.complete()
	}
	u.broken = false
}

// write writes a part of an item. If that fails, it abandons the file.
func (u *unwritten) write(p []byte) bool {
	n, err := u.file.Write(p)
	u.partial += int64(n)
	if err != nil {
		u.abandon(err)
	}
	return err == nil
}

// complete ends an item in the file.
func (u *unwritten) complete() {
	u.size += u.partial
	u.partial = 0
	u.pending++
}

// open creates a file if none is open, and reports whether one is open.
func (u *unwritten) open() bool {
	for u.file == nil && len(u.dirs) > 0 {
		file, err := create(u.dirs[0], u.id)
		u.dirs = u.dirs[1:]
		if err != nil {
			u.failures = append(u.failures, err)
			continue
		}
		u.file, u.size, u.partial = file, 0, 0
		u.paths = append(u.paths, file.Name())
	}
	return u.file != nil
}

// abandon closes a file that cannot be written to any more, and truncates it
// after its last complete item.
func (u *unwritten) abandon(err error) {
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

// sync syncs the file to disk. Items that cannot be synced count as lost,
// although their file stays.
func (u *unwritten) sync() error {
	u.syncFile()
	if u.lost == 0 {
		return nil
	}
	if len(u.failures) == 0 {
		u.failures = append(u.failures, errors.New("no directory to save them in"))
	}
	err := u.failures[0]
	for _, next := range u.failures[1:] {
		err = fmt.Errorf("%w; %w", err, next)
	}
	return &LostError{Items: u.lost, Err: err}
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

// contents describes what was saved, for messages.
func (u *unwritten) contents() string {
	events := term.Count(u.events, "drained event") + " not printed"
	switch {
	case u.raw == 0:
		return events
	case u.events == 0:
		return notObjects(u.raw)
	}
	return events + " and " + notObjects(u.raw)
}

// create creates a file in dir that only its owner may read.
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
