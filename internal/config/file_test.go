package config

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestFindFile(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return write(t, filepath.Join(dir, name), "default: "+name+"\n") }
	xdg, home, system := file("xdg/rtev/config.yaml"), file("home/.config/rtev/config.yaml"), file("etc/rtev/config.yaml")
	other, flag := file("other.yaml"), file("flag.yaml")
	xdgDir, homeDir := filepath.Join(dir, "xdg"), filepath.Join(dir, "home")
	for _, tc := range []struct {
		name   string
		args   []string
		env    env
		system string
		want   string
	}{
		{"flag", []string{"--config", flag}, env{"RTEV_CONFIG": other, "XDG_CONFIG_HOME": xdgDir}, system, flag},
		{"flag none", []string{"--config", "none"}, env{"RTEV_CONFIG": other, "HOME": homeDir}, system, ""},
		{"variable", nil, env{"RTEV_CONFIG": other, "XDG_CONFIG_HOME": xdgDir, "HOME": homeDir}, system, other},
		{"variable none", nil, env{"RTEV_CONFIG": "none", "HOME": homeDir}, system, ""},
		{"xdg", nil, env{"XDG_CONFIG_HOME": xdgDir, "HOME": homeDir}, system, xdg},
		{"xdg without a file goes on to the system's", nil, env{"XDG_CONFIG_HOME": dir, "HOME": homeDir}, system, system},
		{"relative xdg is ignored", nil, env{"XDG_CONFIG_HOME": "xdg", "HOME": homeDir}, system, home},
		{"home", nil, env{"HOME": homeDir}, system, home},
		{"no home", nil, env{}, system, system},
		{"home that is not there", nil, env{"HOME": filepath.Join(dir, "none")}, system, system},
		{"home that is a file", nil, env{"HOME": other}, system, system},
		{"nothing", nil, env{"HOME": dir}, filepath.Join(dir, "none.yaml"), ""},
		{"nothing at all", nil, env{}, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := load(flagSet(t, tc.args...), tc.env.get, tc.system)
			if err != nil {
				t.Fatal(err)
			}
			if c.File != tc.want {
				t.Errorf("read %q, want %q", c.File, tc.want)
			}
			if read := len(c.Default) == 1 && filepath.Join(dir, c.Default[0]) == tc.want; read != (tc.want != "") {
				t.Errorf("the file's text did not arrive: %+v", c)
			}
		})
	}
}

func TestUnreadableFiles(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing.yaml")
	giant := write(t, filepath.Join(dir, "giant.yaml"), strings.Repeat("#", maxFile+1))
	for want, e := range map[string]env{
		"RTEV_CONFIG: open " + missing:                    {"RTEV_CONFIG": missing},
		"RTEV_CONFIG: read " + dir:                        {"RTEV_CONFIG": dir},
		"RTEV_CONFIG: " + giant + ": longer than 1048576": {"RTEV_CONFIG": giant},
	} {
		_, err := load(flagSet(t), e.get, "")
		wantError(t, err, want)
	}
	_, err := load(flagSet(t, "--config", missing), env{}.get, "")
	wantError(t, err, "--config: open "+missing)
}

func TestLargestFileIsRead(t *testing.T) {
	name := write(t, filepath.Join(t.TempDir(), "full.yaml"), strings.Repeat("#", maxFile))
	if data, err := readFile(name, "test"); err != nil || len(data) != maxFile {
		t.Errorf("%d bytes, %v", len(data), err)
	}
}
