package crop

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// Bounds of what is remembered about the target.
const (
	maxFolders = 64   // open at a time
	maxNumbers = 4096 // names whose last number is known
)

// Dir is the folder below which all pictures of a run are written. One lock
// lets one file be written at a time, whichever Saver it comes from. Other
// processes may write into the same folder.
//
// A file is written under a temporary name beside its own and linked to its
// own when it is whole, which never takes the place of another file. Files are
// not synced, which would take two to three times as long: a process killed at
// any moment leaves whole pictures only, a power cut may cost those of the last
// seconds.
type Dir struct {
	path   string
	root   *os.Root
	notify event.Notify
	mark   *mark

	mu      sync.Mutex
	folders map[string]*os.Root
	numbers map[string]int // the last number used for a name
	sum     Summary
}

// Open makes the folder where it is missing, and removes what killed runs left
// in it. An error is an *event.WriteError. Close the Dir after its Savers.
func Open(path string, notify event.Notify) (*Dir, error) {
	d := &Dir{path: path, notify: notify, folders: map[string]*os.Root{}, numbers: map[string]int{}}
	err := os.MkdirAll(path, 0o777)
	if err == nil {
		d.root, err = os.OpenRoot(path)
	}
	if err != nil {
		return nil, d.failed(err)
	}
	d.sweep()
	if d.mark, err = newMark(path, d.root); err != nil {
		return nil, errors.Join(d.failed(err), d.root.Close())
	}
	return d, nil
}

// Close lets go of the folder.
func (d *Dir) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return errors.Join(d.forget(), d.mark.remove(), d.root.Close())
}

// Summary is what was counted so far.
func (d *Dir) Summary() Summary {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sum
}

func (d *Dir) count(add func(*Summary)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	add(&d.sum)
}

func (d *Dir) failed(err error) error {
	return &event.WriteError{Err: fmt.Errorf("pictures cannot be written to %s: %w", d.path, err)}
}

// file is a picture to be written.
type file struct {
	picture
	name *Name
	facts
	meta func(path string) []byte // what stands in the .json beside it; nil: no such file
}

// save writes f and returns its path, which starts with the Dir's own.
func (d *Dir) save(f *file) (string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f.n = d.sum.Saved + 1
	folder, base := f.name.of(&f.facts)
	if f.ext == "" {
		f.ext = f.name.ext
	}
	var name string
	err := fs.ErrNotExist
	for try := 0; try < 3 && errors.Is(err, fs.ErrNotExist); try++ { // someone tidies up empty folders just now
		var root *os.Root
		if root, err = d.folder(folder); err == nil {
			name, err = d.place(root, f, folder, base)
		}
	}
	if err != nil {
		return "", d.failed(err)
	}
	d.sum.Saved++
	d.sum.Bytes += int64(len(f.data))
	return name, nil
}

// folder opens the folder below the Dir, made where it is missing. One that is
// open already is used as long as it has not been moved or removed.
func (d *Dir) folder(name string) (*os.Root, error) {
	if root := d.folders[name]; root != nil {
		there, err := d.root.Stat(name)
		held, err2 := root.Stat(".")
		if err == nil && err2 == nil && os.SameFile(there, held) {
			return root, d.mark.set(name)
		}
	}
	if len(d.folders) >= maxFolders || d.folders[name] != nil {
		if err := d.forget(); err != nil {
			return nil, err
		}
	}
	if err := d.root.MkdirAll(name, 0o777); err != nil {
		return nil, err
	}
	root, err := d.root.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	d.folders[name] = root
	return root, d.mark.set(name)
}

func (d *Dir) forget() (err error) {
	for _, root := range d.folders {
		err = errors.Join(err, root.Close())
	}
	clear(d.folders)
	return err
}

// place writes f into root under base, or under base_2, base_3, … where that
// is taken.
func (d *Dir) place(root *os.Root, f *file, folder, base string) (string, error) {
	temp := d.mark.temp()
	if err := writeFile(root, temp, f.data); err != nil {
		return "", err
	}
	if !f.at.IsZero() {
		if err := root.Chtimes(temp, f.at, f.at); err != nil {
			d.notify.Tell(event.Notice{Kind: event.Detail, Text: fmt.Sprintf("a picture's time could not be set: %v", err)})
		}
	}
	full, err := d.settle(root, f, folder, base)
	if err != nil {
		err = errors.Join(err, remove(root, temp))
	}
	return full, err
}

// settle gives the picture in the temporary file the first name that is free.
func (d *Dir) settle(root *os.Root, f *file, folder, base string) (string, error) {
	key := path.Join(folder, base)
	for n := d.numbers[key] + 1; ; n++ {
		name := base
		if n > 1 {
			name += "_" + strconv.Itoa(n)
		}
		full := filepath.Join(d.path, filepath.FromSlash(folder), name+f.ext)
		taken, err := put(root, d.mark.temp(), name, full, f)
		if taken {
			continue
		}
		if err != nil {
			return "", err
		}
		if len(d.numbers) >= maxNumbers {
			clear(d.numbers)
		}
		d.numbers[key] = n
		return full, nil
	}
}

// put gives the picture in temp its name, its meta file first so that it is
// there when the picture appears. Taken: one of the two names is another's.
func put(root *os.Root, temp, name, full string, f *file) (taken bool, err error) {
	if f.meta == nil {
		return link(root, temp, name+f.ext)
	}
	beside := temp + ".json"
	if err := writeFile(root, beside, f.meta(full)); err != nil {
		return false, err
	}
	undo := beside
	if taken, err = link(root, beside, name+".json"); !taken && err == nil {
		undo = name + ".json"
		taken, err = link(root, temp, name+f.ext)
	}
	if taken || err != nil {
		err = errors.Join(err, remove(root, undo))
	}
	return taken && err == nil, err
}

// writeFile writes a file that must not be there yet, whole or not at all.
func writeFile(root *os.Root, name string, data []byte) error {
	w, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	if err = errors.Join(err, w.Close()); err != nil {
		err = errors.Join(err, remove(root, name))
	}
	return err
}

// remove removes a file that may be gone already.
func remove(root *os.Root, name string) error {
	if err := root.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// link makes temp name, unless that is taken. Where the file system knows no
// links (FAT, some network shares), the name is reserved by an empty file that
// the picture then takes the place of: there, a kill may leave the empty file.
func link(root *os.Root, temp, name string) (taken bool, err error) {
	err = root.Link(temp, name)
	switch {
	case err == nil:
		return false, root.Remove(temp)
	case errors.Is(err, fs.ErrExist):
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, err
	}
	return reserve(root, temp, name)
}

func reserve(root *os.Root, temp, name string) (taken bool, err error) {
	w, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		taken = errors.Is(err, fs.ErrExist)
		if taken {
			err = nil
		}
		return taken, err
	}
	if err = errors.Join(w.Close(), root.Rename(temp, name)); err != nil {
		err = errors.Join(err, remove(root, name))
	}
	return false, err
}

// clockOf is the crop's time: the server's, else when it came here.
func clockOf(ev *event.Event) time.Time {
	if t, ok := ev.Time(); ok {
		return t
	}
	return ev.Received
}
