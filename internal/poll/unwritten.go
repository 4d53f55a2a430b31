package poll

import (
	"cmp"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/rtev/rtev/internal/term"
)

// Unwritten saves items that were drained and could not be delivered, one per
// line. It creates the unwritten file with the first item. If it cannot write an
// item in a folder, it tries the next one. Save and Close are safe for
// concurrent use.
type Unwritten struct {
	mu   sync.Mutex
	dirs []string // not yet tried
	id   string

	items, raw int      // so far; those of them that are not events
	paths      []string // files that hold items
	lost       int      // items that could not be saved in any folder
	failure    error    // the first

	file    *os.File
	size    int64 // of the complete items in file
	partial int64 // of the incomplete item after them
	broken  bool  // a piece of that item could not be written
	pending int   // items in file that are not synced
}

// NewUnwritten returns an Unwritten that tries the folders in order and
// creates them when missing. id becomes part of the file's name.
func NewUnwritten(dirs []string, id string) *Unwritten { return &Unwritten{dirs: dirs, id: id} }

// Save appends the payload of an event, syncs the file and returns its name. The
// error is an *UndeliveredError.
func (u *Unwritten) Save(payload []byte) (file string, err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.add(payload)
	if err := u.sync(); err != nil {
		return "", err
	}
	return u.file.Name(), nil
}

// add saves the payload of an event.
func (u *Unwritten) add(item []byte) {
	u.items++
	for u.open() {
		if u.write(item) && u.write([]byte("\n")) {
			u.complete()
			return
		}
	}
	u.lost++
}

// addRaw saves an item that is not an event, as the server sent it.
func (u *Unwritten) addRaw(item []byte) {
	u.raw++
	u.add(item)
}

// piece saves a part of a raw item that is too long to be held in memory.
// endPieces must follow the last one.
func (u *Unwritten) piece(p []byte) { u.broken = u.broken || !u.open() || !u.write(p) }

// endPieces ends the item that was passed to piece.
func (u *Unwritten) endPieces() {
	u.piece([]byte("\n"))
	u.items++
	u.raw++
	if u.broken {
		u.lost++
	} else {
		u.complete()
	}
	u.broken = false
}

// open creates a file if none is open, and reports whether one is open. Only its
// owner may read it.
func (u *Unwritten) open() bool {
	for u.file == nil && len(u.dirs) > 0 {
		err := os.MkdirAll(u.dirs[0], 0o700)
		if err == nil {
			name := "unwritten-" + time.Now().UTC().Format("20060102T150405.000Z") + "-" + url.QueryEscape(u.id)
			u.file, err = os.CreateTemp(u.dirs[0], name[:min(len(name), 100)]+"-*.ndjson")
		}
		u.dirs = u.dirs[1:]
		if err != nil {
			u.fail(err)
			continue
		}
		u.size, u.partial = 0, 0
		u.paths = append(u.paths, u.file.Name())
	}
	return u.file != nil
}

// write writes a part of an item. If that fails, it closes the file, truncated
// after its last complete item.
func (u *Unwritten) write(p []byte) bool {
	n, err := u.file.Write(p)
	u.partial += int64(n)
	if err != nil {
		u.fail(err)
		u.fail(u.file.Truncate(u.size))
		u.syncFile()
		u.closeFile()
	}
	return err == nil
}

// complete ends an item in the file.
func (u *Unwritten) complete() {
	u.size += u.partial
	u.partial = 0
	u.pending++
}

// sync syncs the file to disk. Items that cannot be synced count as lost,
// although their file stays.
func (u *Unwritten) sync() error {
	u.syncFile()
	if u.lost == 0 {
		return nil
	}
	failure := cmp.Or(u.failure, errors.New("no folder to save them in"))
	return undelivered("lost: %s %w: %w", drained(u.lost), errLost, failure)
}

func (u *Unwritten) syncFile() {
	if u.file == nil || u.pending == 0 {
		return
	}
	if err := cmp.Or(u.file.Sync(), syncDir(filepath.Dir(u.file.Name()))); err != nil {
		u.fail(err)
		u.lost += u.pending
	}
	u.pending = 0
}

// Close closes the file.
func (u *Unwritten) Close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closeFile()
}

func (u *Unwritten) closeFile() {
	if u.file == nil {
		return
	}
	u.fail(u.file.Close())
	if u.size == 0 {
		u.fail(os.Remove(u.file.Name()))
		u.paths = u.paths[:len(u.paths)-1]
	}
	u.file = nil
}

func (u *Unwritten) fail(err error) { u.failure = cmp.Or(u.failure, err) }

// drained says how many items were drained.
func drained(n int) string { return term.Count(n, "drained item") }
