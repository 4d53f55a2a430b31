package crop

import (
	"errors"
	"io"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// unnamed is a draft without a name. It works on descriptors of its own and of
// its folder, so that no name but the file's own is looked up.
type unnamed struct{ fd, dir int }

func newUnnamed(in *folder, _ string, data []byte) (draft, error) {
	dir := int(in.self.Fd())
	fd, err := unix.Openat(dir, ".", unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, 0o666)
	if err != nil {
		return nil, err
	}
	w := unnamed{fd, dir}
	if err := errors.Join(w.write(data), w.flush()); err != nil {
		w.drop() //nolint:errcheck // it returns none
		return nil, err
	}
	return w, nil
}

// write does without an os.File, which would cost two more calls.
func (w unnamed) write(data []byte) error {
	for len(data) > 0 {
		n, err := unix.Write(w.fd, data)
		if err != nil && err != unix.EINTR {
			return err
		}
		if n == 0 {
			return io.ErrShortWrite
		}
		data = data[max(n, 0):]
	}
	return nil
}

// flush makes a network's file system say what it would say on closing, when
// the file has its name.
func (w unnamed) flush() error {
	second, err := unix.FcntlInt(uintptr(w.fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return err
	}
	return unix.Close(second)
}

func (w unnamed) stamp(at time.Time) error {
	t, err := unix.TimeToTimespec(at)
	if err != nil {
		return err
	}
	both := []unix.Timespec{t, t}
	if err = unix.UtimesNanoAt(w.fd, "", both, unix.AT_EMPTY_PATH); err == unix.EINVAL { // before Linux 5.8
		err = unix.UtimesNanoAt(unix.AT_FDCWD, w.path(), both, 0)
	}
	return err
}

func (w unnamed) link(name string) (taken bool, err error) {
	err = unix.Linkat(w.fd, "", w.dir, name, unix.AT_EMPTY_PATH)
	if err == unix.ENOENT { // before Linux 6.10 that was for the superuser
		err = unix.Linkat(unix.AT_FDCWD, w.path(), w.dir, name, unix.AT_SYMLINK_FOLLOW)
	}
	if err == unix.EEXIST {
		return true, nil
	}
	return false, err
}

// path is the descriptor as a path.
func (w unnamed) path() string { return "/proc/self/fd/" + strconv.Itoa(w.fd) }

func (w unnamed) drop() error {
	_ = unix.Close(w.fd) // what it could say, flush has asked for
	return nil
}
