package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/pflag"
)

// maxFile is the longest file that is read, in bytes.
const maxFile = 1 << 20

// readFile returns the content of a file, which may be a pipe. from is what names
// the file, for the error, which is an *Error.
func readFile(name, from string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, &Error{From: from, Msg: err.Error()}
	}
	defer f.Close() // only read from
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s: longer than %d bytes", name, maxFile)
	}
	if err != nil {
		return nil, &Error{From: from, Msg: err.Error()}
	}
	return data, nil
}

// systemFile returns the config file of all users. There is none on Windows,
// where any user may create its folder.
func systemFile() string {
	if runtime.GOOS == "windows" {
		return ""
	}
	return "/etc/rtev/config.yaml"
}

// find returns the name and the content of the config file, or no name if there is
// none. It is an error if a file that the user named does not exist.
func find(flags *pflag.FlagSet, getenv func(string) string, system string) (name string, data []byte, err error) {
	from := "--config"
	if f := flags.Lookup("config"); f != nil && f.Changed {
		name = f.Value.String()
	} else if name = getenv("RTEV_CONFIG"); name != "" {
		from = "RTEV_CONFIG"
	} else if name = firstFile(userFile(getenv), system); name == "" {
		return "", nil, nil
	}
	if name == "none" {
		return "", nil, nil
	}
	data, err = readFile(name, from)
	return name, data, err
}

// firstFile returns the first of the files that exists. One that cannot be
// accessed, such as in another user's home, does not belong to this user.
func firstFile(names ...string) string {
	for _, name := range names {
		if _, err := os.Stat(name); err == nil {
			return name
		}
	}
	return ""
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
