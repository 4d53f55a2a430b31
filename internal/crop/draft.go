package crop

import (
	"errors"
	"io/fs"
	"os"
	"time"
)

// draft is a whole file that has not got its name yet. There are two kinds:
// one without any name where the system has such files (a kill leaves nothing
// of it), and one with a temporary name, which works everywhere.
type draft interface {
	// stamp sets the file's time.
	stamp(at time.Time) error
	// link gives the file its name, which may be another's: taken.
	link(name string) (taken bool, err error)
	// drop ends the draft. A file that got no name is gone.
	drop() error
}

// drafter writes a draft, whole or not at all; temp is the temporary name.
type drafter func(in *folder, temp string, data []byte) (draft, error)

// named is a draft beside its place.
type named struct {
	root *os.Root
	temp string
}

func newNamed(in *folder, temp string, data []byte) (draft, error) {
	if err := writeFile(in.root, temp, data); err != nil {
		return nil, err
	}
	return named{in.root, temp}, nil
}

func (w named) stamp(at time.Time) error { return w.root.Chtimes(w.temp, at, at) }

// link uses a second name where the file system knows links. Where it does not
// (FAT, some network shares), the name is reserved by an empty file that the
// picture then takes the place of: there, a kill may leave the empty file.
func (w named) link(name string) (taken bool, err error) {
	err = w.root.Link(w.temp, name)
	switch {
	case err == nil:
		return false, nil
	case errors.Is(err, fs.ErrExist):
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, err
	}
	return reserve(w.root, w.temp, name)
}

func (w named) drop() error { return remove(w.root, w.temp) }

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
