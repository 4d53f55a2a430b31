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

// maxNumbers is of how many names the last number is remembered.
const maxNumbers = 4096

// Dir is the folder below which all pictures of a run are written. One lock
// lets one file be written at a time, whichever Saver it comes from. Other
// processes may write into the same folder.
//
// A file gets its name when it is whole (see draft), and never takes the place
// of another file. Files are not synced, which would take two to three times as
// long: a process killed at any moment leaves whole pictures only, a power cut
// may cost those of the last seconds.
type Dir struct {
	path   string
	root   *os.Root
	notify event.Notify
	mark   *mark

	mu      sync.Mutex
	folders map[string]*folder
	numbers map[string]int // the last number used for a name
	sum     Summary
}

// Open makes the folder where it is missing, and removes what killed runs left
// in it. An error is an *event.WriteError. Close the Dir after its Savers.
func Open(path string, notify event.Notify) (*Dir, error) {
	d := &Dir{path: path, notify: notify, folders: map[string]*folder{}, numbers: map[string]int{}}
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
	dir, base := f.name.of(&f.facts)
	if f.ext == "" {
		f.ext = f.name.ext
	}
	var name string
	err := fs.ErrNotExist
	for try := 0; try < 3 && errors.Is(err, fs.ErrNotExist); try++ { // someone tidies up empty folders just now
		var in *folder
		if in, err = d.folder(dir); err == nil {
			name, err = d.place(in, f, base)
		}
	}
	if err != nil {
		return "", d.failed(err)
	}
	d.sum.Saved++
	d.sum.Bytes += int64(len(f.data))
	return name, nil
}

// place writes f into a folder under base, or under base_2, base_3, … where
// that is taken.
func (d *Dir) place(in *folder, f *file, base string) (string, error) {
	if !in.plain {
		if full, err := d.write(newUnnamed, in, f, base); full != "" {
			return full, err
		}
		in.plain = true // whatever it was, the other way works or says why not
	}
	return d.write(newNamed, in, f, base)
}

// write is place for one kind of draft. The path is "" if there is no such file.
func (d *Dir) write(draft drafter, in *folder, f *file, base string) (string, error) {
	w, err := draft(in, d.mark.temp(), f.data)
	if err != nil {
		return "", err
	}
	if !f.at.IsZero() {
		if err := w.stamp(f.at); err != nil {
			d.notify.Tell(event.Notice{Kind: event.Detail, Text: fmt.Sprintf("a picture's time could not be set: %v", err)})
		}
	}
	full, err := d.settle(w, draft, in, f, base)
	return full, errors.Join(err, w.drop())
}

// settle gives the picture the first name that is free.
func (d *Dir) settle(w draft, draft drafter, in *folder, f *file, base string) (string, error) {
	key := path.Join(in.name, base)
	for n := d.numbers[key] + 1; ; n++ {
		name := base
		if n > 1 {
			name += "_" + strconv.Itoa(n)
		}
		full := filepath.Join(in.path, name+f.ext)
		taken, err := d.put(w, draft, in, name, full, f)
		if err != nil {
			return "", err
		}
		if taken {
			continue
		}
		if len(d.numbers) >= maxNumbers {
			clear(d.numbers)
		}
		d.numbers[key] = n
		return full, nil
	}
}

// put gives the picture its name, its meta file first so that it is there when
// the picture appears. Taken: one of the two names is another's.
func (d *Dir) put(w draft, draft drafter, in *folder, name, full string, f *file) (taken bool, err error) {
	if f.meta == nil {
		return w.link(name + f.ext)
	}
	beside, err := draft(in, d.mark.temp()+".json", f.meta(full))
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, beside.drop()) }()
	if taken, err = beside.link(name + ".json"); taken || err != nil {
		return taken, err
	}
	if taken, err = w.link(name + f.ext); taken || err != nil {
		err = errors.Join(err, remove(in.root, name+".json"))
	}
	return taken, err
}

// clockOf is the crop's time: the server's, else when it came here.
func clockOf(ev *event.Event) time.Time {
	if t, ok := ev.Time(); ok {
		return t
	}
	return ev.Received
}
