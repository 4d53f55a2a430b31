package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/pflag"
)

// MaxFile is the longest file that is read, in bytes.
const MaxFile = 1 << 20

// ReadFile returns the content of a file, which may be a pipe. It is an error if the
// file is longer than MaxFile.
func ReadFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close() // only read from
	data, err := io.ReadAll(io.LimitReader(f, MaxFile+1))
	if err == nil && len(data) > MaxFile {
		err = fmt.Errorf("longer than %d bytes", MaxFile)
	}
	return data, err
}

// systemFile returns the config file of all users. There is none on Windows,
// where any user may create its directory.
func systemFile() string {
	if runtime.GOOS == "windows" {
		return ""
	}
	return "/etc/rtev/config.yaml"
}

// find returns the name and the content of the config file, or no name if there is
// none. It is an error if a file that the user named does not exist.
func find(flags *pflag.FlagSet, getenv func(string) string, system string) (string, []byte, error) {
	if f := flags.Lookup("config"); f != nil && f.Changed {
		return open(f.Value.String(), "named by --config")
	}
	if name := getenv("RTEV_CONFIG"); name != "" {
		return open(name, "named by RTEV_CONFIG")
	}
	for _, name := range []string{userFile(getenv), system} {
		if name == "" {
			continue
		}
		// A file that cannot be accessed, such as in another user's home, does not
		// belong to this user.
		if _, err := os.Stat(name); err == nil {
			return open(name, "--config none reads no file")
		}
	}
	return "", nil, nil
}

// userFile returns this user's config file, or "" without a home. A relative
// XDG_CONFIG_HOME is ignored, as the XDG Base Directory Specification says.
func userFile(getenv func(string) string) string {
	if dir := getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "rtev", "config.yaml")
	}
	if home := getenv("HOME"); filepath.IsAbs(home) {
		return filepath.Join(home, ".config", "rtev", "config.yaml")
	}
	return ""
}

// open reads a config file. If it fails, hint says where the name comes
// from.
func open(name, hint string) (string, []byte, error) {
	switch name {
	case "none":
		return "", nil, nil
	case "":
		return "", nil, &Error{From: "--config", Msg: "want the name of a file, or none"}
	}
	data, err := ReadFile(name)
	if err != nil {
		return "", nil, &Error{From: name, Msg: cause(err).Error() + "; " + hint, Err: err}
	}
	return name, data, nil
}

// cause returns err without the name of the file, which the message has anyway.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
