package crop

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// maxFolders is how many folders are open at a time.
const maxFolders = 64

// folder is a folder below a Dir that is kept open.
type folder struct {
	name  string // from the Dir, with "/" between its parts
	path  string // starts with the Dir's own
	root  *os.Root
	self  *os.File    // the folder as a file, for what os.Root does not know
	info  fs.FileInfo // of self
	plain bool        // files without a name are of no use here
}

func (d *Dir) openFolder(name string) (*folder, error) {
	root, err := d.root.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	f := &folder{name: name, path: filepath.Join(d.path, filepath.FromSlash(name)), root: root}
	if f.self, err = root.Open("."); err == nil {
		f.info, err = f.self.Stat()
	}
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

func (f *folder) close() error {
	if f.self == nil {
		return f.root.Close()
	}
	return errors.Join(f.self.Close(), f.root.Close())
}

// folder opens the folder below the Dir, made where it is missing. One that is
// open already is used as long as it has not been moved or removed.
func (d *Dir) folder(name string) (*folder, error) {
	if f := d.folders[name]; f != nil {
		// The path may lead anywhere by now: nothing is done there.
		if there, err := os.Stat(f.path); err == nil && os.SameFile(there, f.info) {
			return f, d.mark.set(name)
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
	f, err := d.openFolder(name)
	if err != nil {
		return nil, err
	}
	d.folders[name] = f
	return f, d.mark.set(name)
}

func (d *Dir) forget() (err error) {
	for _, f := range d.folders {
		err = errors.Join(err, f.close())
	}
	clear(d.folders)
	return err
}
