package crop

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
)

// Every file is written in one way: under a temporary name in its folder, then
// linked to its final name, then the temporary name is removed. A link never
// replaces a file, so that a file appears whole, and nothing is overwritten,
// whatever other processes do. A process that is killed may leave the temporary
// file, which a later run removes.

const (
	tempPrefix = ".rtev-"
	tempSuffix = ".tmp"
	// staleAfter is the age of a temporary file that nobody is writing any more:
	// a picture is written in milliseconds.
	staleAfter = time.Hour
)

// writeTemp writes a new file, or leaves none behind.
func writeTemp(folder *os.Root, name string, data []byte) error {
	f, err := folder.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		err = errors.Join(err, remove(folder, name))
	}
	return err
}

// link gives the temporary file its final name. If that belongs to another
// file, it reports taken and changes nothing.
func link(folder *os.Root, temp, name string) (taken bool, err error) {
	err = folder.Link(temp, name)
	switch {
	case err == nil:
		return false, nil
	case errors.Is(err, fs.ErrExist):
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, err
	}
	return reserve(folder, temp, name)
}

// reserve is link for file systems without links (FAT, some network shares): it
// creates an empty file, which nobody else can then create, and renames the
// temporary file over it. A kill between the two leaves the empty file.
func reserve(folder *os.Root, temp, name string) (taken bool, err error) {
	f, err := folder.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	switch {
	case errors.Is(err, fs.ErrExist):
		return true, nil
	case err != nil:
		return false, err
	}
	if err = errors.Join(f.Close(), folder.Rename(temp, name)); err != nil {
		err = errors.Join(err, remove(folder, name))
	}
	return false, err
}

// remove removes a file that may be gone already.
func remove(folder *os.Root, name string) error {
	if err := folder.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// removeStale removes the temporary files that killed runs left in name and in
// the folders below it, and reports each to done. It follows no symbolic links,
// and reads a folder in parts, because there may be a million pictures in it.
func removeStale(root *os.Root, name string, done func(name string, err error)) {
	f, err := root.Open(name)
	if err != nil {
		done(name, err)
		return
	}
	defer f.Close()
	for err == nil { // until io.EOF, or an error of a folder that is just being removed
		var entries []fs.DirEntry
		entries, err = f.ReadDir(1000)
		for _, e := range entries {
			full := path.Join(name, e.Name())
			if e.IsDir() {
				removeStale(root, full, done)
			} else if isStale(e) {
				done(full, remove(root, full))
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

func openOrCreate(name string, open func(string) (*os.Root, error), create func(string, fs.FileMode) error) (*os.Root, error) {
	folder, err := open(name)
	if errors.Is(err, fs.ErrNotExist) {
		if err := create(name, 0o777); err != nil {
			return nil, err
		}
		return open(name)
	}
	return folder, err
}
