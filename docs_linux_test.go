package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rtev/rtev/internal/simulator"
)

// TestDocumentedCommandsWork runs every command in a block marked sh of the
// README and the guides, against a simulator that answers for every host. A
// command that goes on for ever is stopped after a moment; none may end with a
// mistake of usage, an unreachable server or a failure.
func TestDocumentedCommandsWork(t *testing.T) {
	server := start(t, simulator.Options{Seed: 1, Instances: []simulator.Instance{
		{ID: "899c89f9-90c3-c633-8586-8f09b005ebed", Name: "gate"},
		{Name: "Front gate"}, {Name: "dock"},
		{ID: "00000000-0000-4000-8000-000000000000", Name: "other"},
	}})
	home := t.TempDir()
	write(t, filepath.Join(home, "rtev", "config.yaml"), "server: "+server+`
instances:
  - {name: gate, id: 899c89f9-90c3-c633-8586-8f09b005ebed}
default: [gate]
`)
	env := append(os.Environ(), "PATH="+programFolder(t)+":"+os.Getenv("PATH"), "XDG_CONFIG_HOME="+home, "XDG_STATE_HOME="+home, "HTTP_PROXY="+server)
	for _, file := range []string{"README.md", "docs/quickstart.md", "docs/filters.md", "docs/recipes.md"} {
		for _, block := range blocks(t, file) {
			t.Run(file+"/"+strings.SplitN(block, "\n", 2)[0], func(t *testing.T) {
				t.Parallel()
				runBlock(t, block, env)
			})
		}
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

var fenced = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

func blocks(t *testing.T, file string) (list []string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range fenced.FindAllStringSubmatch(string(text), -1) {
		list = append(list, m[1])
	}
	if len(list) == 0 {
		t.Fatalf("%s has no block of commands", file)
	}
	return list
}

// runBlock runs a block's lines one after the other in a folder of their own.
func runBlock(t *testing.T, block string, env []string) {
	dir := t.TempDir()
	here := strings.NewReplacer("/var/spool/", "./", "/srv/", "./")
	for line := range strings.Lines(block) {
		line = here.Replace(strings.TrimSpace(line))
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "go ") {
			continue
		}
		if strings.Contains(line, "mlr ") {
			if _, err := exec.LookPath("mlr"); err != nil {
				t.Logf("miller is not installed: %s", line)
				continue
			}
		}
		c := exec.Command("timeout", "-k", "5", "-s", "TERM", "1.5", "bash", "-o", "pipefail", "-c", line)
		c.Dir, c.Env = dir, env
		out, err := c.CombinedOutput()
		if code := c.ProcessState.ExitCode(); code != 0 && code != 124 {
			t.Errorf("%s\nends with %v:\n%s", line, err, out)
		}
	}
}
