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

// ReadFile returns what a file holds, up to MaxFile; a longer one is an error.
// The name may be that of a pipe.
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

// systemFile is the config file of all users. There is none on Windows, where
// any user may make the folder it would stand in.
func systemFile() string {
	if runtime.GOOS == "windows" {
		return ""
	}
	return "/etc/rtev/config.yaml"
}

// find returns the name and the bytes of the config file; no name where there
// is none. A file that the user named must be there.
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
		// Whatever keeps one from looking, a home folder of somebody else
		// or /dev/null as home, there is no file of this user's.
		if _, err := os.Stat(name); err == nil {
			return open(name, "--config none reads no file")
		}
	}
	return "", nil, nil
}

// userFile is this user's config file, "" without a home. A relative
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

// open reads a config file; hint says how the user can act when it fails.
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

// cause is err without the name of the file, which is told anyway.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
