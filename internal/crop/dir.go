package crop

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/term"
)

// maxNumbers bounds how many names have their last number remembered.
const maxNumbers = 4096

// Dir is the folder that all pictures of a run are written to. It is safe for
// concurrent use by Savers, and writes one file at a time. Other processes may
// write into the same folder.
//
// A folder that is moved or removed during the run is made again where its path
// says. Files are not synced, which would take two to three times as long: a
// power cut may cost the pictures of the last seconds.
type Dir struct {
	path string
	temp string // name of the temporary file

	mu        sync.Mutex
	numbers   map[string]int // the last number used for a name
	instances instanceNames
	sum       Summary
}

// Open returns the Dir at path, which it creates if it is missing, and removes
// the temporary files that killed runs left there more than an hour ago. An
// error is an *event.WriteError.
func Open(path string) (*Dir, error) {
	d := &Dir{path: path, numbers: map[string]int{}}
	d.temp = fmt.Sprintf("%s%016x%s", tempPrefix, rand.Uint64(), tempSuffix)
	top, err := openFolder(path, ".")
	if err != nil {
		return nil, d.failed(err)
	}
	defer top.Close()
	removeStale(top, ".")
	return d, nil
}

// Know gives the instance its name in {instance}. Instances that nobody named
// get theirs with their first picture, so that with equal display names the
// order of the pictures decides.
func (d *Dir) Know(in *event.Instance) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.instances.name(in.ID, in.Name)
}

// Summary counts what became of a run's crops.
type Summary struct {
	Saved   int64 // pictures written
	Bytes   int64 // size of those
	Refused int64 // crops that held no whole picture
}

// String returns the summary as one line.
func (s Summary) String() string {
	line := fmt.Sprintf("%s saved, %s", term.Count(s.Saved, "picture"), term.Size(s.Bytes))
	if s.Refused > 0 {
		line += fmt.Sprintf("; %s without a whole picture", term.Count(s.Refused, "crop"))
	}
	return line
}

// Summary returns what was counted so far.
func (d *Dir) Summary() Summary {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sum
}

// refused counts a crop that held no whole picture.
func (d *Dir) refused() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sum.Refused++
}

func (d *Dir) failed(err error) error {
	return &event.WriteError{Err: fmt.Errorf("cannot write pictures to %s: %w", d.path, err)}
}

// file is a picture to be written.
type file struct {
	picture
	name *Name
	facts
	meta func(path string) []byte // content of the .json beside it; nil: no such file
}

// save writes f and returns its path, which starts with the Dir's own.
func (d *Dir) save(f *file) (path string, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f.n = d.sum.Saved + 1
	f.instance = d.instanceOf(f.ev)
	folder, base := f.name.of(&f.facts)
	if f.ext == "" {
		f.ext = f.name.ext
	}
	err = fs.ErrNotExist
	for try := 0; try < 3 && errors.Is(err, fs.ErrNotExist); try++ { // someone may be removing empty folders
		path, err = d.saveIn(folder, base, f)
	}
	if err != nil {
		return "", d.failed(err)
	}
	d.sum.Saved++
	d.sum.Bytes += int64(len(f.data))
	return path, nil
}

// instanceOf returns the name of the event's instance.
func (d *Dir) instanceOf(ev *event.Event) string {
	id, name := idOf(ev), instanceName.Of(ev).String()
	if id == "" {
		return cleanValue(name)
	}
	return d.instances.name(id, cmp.Or(name, id))
}

// saveIn writes f into a folder below the Dir's, as base, or base_2, base_3, …
// if that is taken.
func (d *Dir) saveIn(folder, base string, f *file) (string, error) {
	in, err := openFolder(d.path, folder)
	if err != nil {
		return "", err
	}
	defer in.Close()
	defer in.Remove(d.temp)
	if err := in.WriteFile(d.temp, f.data, 0o666); err != nil {
		return "", err
	}
	if !f.at.IsZero() {
		_ = in.Chtimes(d.temp, f.at, f.at) // not all file systems can
	}
	key := path.Join(folder, base)
	for n := d.numbers[key] + 1; ; n++ {
		name := base
		if n > 1 {
			name += "_" + strconv.Itoa(n)
		}
		full := filepath.Join(d.path, filepath.FromSlash(folder), name+f.ext)
		if err := d.linkBoth(in, name, full, f); errors.Is(err, fs.ErrExist) {
			continue
		} else if err != nil {
			return "", err
		}
		if len(d.numbers) >= maxNumbers {
			clear(d.numbers)
		}
		d.numbers[key] = n
		return full, nil
	}
}

// linkBoth links the picture and its .json, that one first, so that it is there
// when the picture appears. If one of the names is taken, neither is used.
func (d *Dir) linkBoth(in *os.Root, name, full string, f *file) error {
	if f.meta == nil {
		return link(in, d.temp, name+f.ext)
	}
	temp := strings.TrimSuffix(d.temp, tempSuffix) + ".json" + tempSuffix
	defer in.Remove(temp)
	if err := in.WriteFile(temp, f.meta(full), 0o666); err != nil {
		return err
	}
	if err := link(in, temp, name+".json"); err != nil {
		return err
	}
	err := link(in, d.temp, name+f.ext)
	if err != nil {
		_ = in.Remove(name + ".json")
	}
	return err
}

// timeOf returns the time of the crop on the server, or else when it arrived
// here; zero if neither is known.
func timeOf(ev *event.Event) time.Time {
	if t, ok := ev.Time(); ok {
		return t
	}
	return ev.Received
}

// A file is written under a temporary name in its folder, then linked to its
// final name. A link never replaces a file, so that files appear whole, and
// nothing is overwritten. A later run removes what a killed one leaves.

const (
	tempPrefix = ".rtev-"
	tempSuffix = ".tmp"
	// staleAfter is the age of a temporary file that nobody is writing any more:
	// a picture is written in milliseconds.
	staleAfter = time.Hour
)

// link gives the temporary file its final name. The error is fs.ErrExist if that
// belongs to another file.
func link(folder *os.Root, temp, name string) error {
	err := folder.Link(temp, name)
	if err == nil || errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return reserve(folder, temp, name)
}

// reserve is link for file systems without links (FAT, some network shares): it
// creates an empty file, which nobody else can then create, and renames the
// temporary file over it. A kill between the two leaves the empty file.
func reserve(folder *os.Root, temp, name string) error {
	f, err := folder.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	if err = cmp.Or(f.Close(), folder.Rename(temp, name)); err != nil {
		_ = folder.Remove(name)
	}
	return err
}

// removeStale removes the temporary files that killed runs left in name and in
// the folders below it, where it can. It follows no symbolic links, and reads a
// folder in parts, because there may be a million pictures in it.
func removeStale(root *os.Root, name string) {
	f, err := root.Open(name)
	if err != nil {
		return
	}
	defer f.Close()
	for err == nil { // until io.EOF, or an error of a folder that is just being removed
		var entries []fs.DirEntry
		entries, err = f.ReadDir(1000)
		for _, e := range entries {
			full := path.Join(name, e.Name())
			if e.IsDir() {
				removeStale(root, full)
			} else if isStale(e) {
				_ = root.Remove(full)
			}
		}
	}
}

func isStale(e fs.DirEntry) bool {
	if !e.Type().IsRegular() || !strings.HasPrefix(e.Name(), tempPrefix) || !strings.HasSuffix(e.Name(), tempSuffix) {
		return false
	}
	info, err := e.Info()
	return err == nil && time.Since(info.ModTime()) > staleAfter
}

// openFolder opens the folder name in the folder at top, and creates both if
// they are missing. Nothing outside of top can be reached through it.
func openFolder(top, name string) (*os.Root, error) {
	root, err := openOrCreate(top, os.OpenRoot, os.MkdirAll)
	if err != nil || name == "." {
		return root, err
	}
	defer root.Close()
	return openOrCreate(name, root.OpenRoot, root.MkdirAll)
}

func openOrCreate(
	name string, open func(string) (*os.Root, error), create func(string, fs.FileMode) error,
) (*os.Root, error) {
	folder, err := open(name)
	if errors.Is(err, fs.ErrNotExist) {
		if err = create(name, 0o777); err == nil {
			folder, err = open(name)
		}
	}
	return folder, err
}
