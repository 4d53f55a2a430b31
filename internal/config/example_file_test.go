package config

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"testing"
)

// The installed file sets nothing, and is valid with its lines uncommented.
func TestInstalledFile(t *testing.T) {
	data, err := os.ReadFile("../../packaging/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	set, err := parse("f", data)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(set, &Config{}) {
		t.Errorf("as installed: %+v", set)
	}
	text := regexp.MustCompile(`(?m)^#([a-z]+:|  - )`).ReplaceAllString(string(data), "$1")
	name := write(t, filepath.Join(t.TempDir(), "config.yaml"), text)
	c, err := load(flagSet(t, "--config", name), env{}.get, "")
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if len(c.Server) != 1 || len(c.Header) != 1 || len(c.Instances) != 2 || len(c.Default) != 1 || len(c.Servers) != 2 ||
		len(c.defaults) != 3 {
		t.Errorf("with every line taken out of its comment: %+v\n%s", c, text)
	}
}
