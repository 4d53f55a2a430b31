package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rtev/rtev/internal/simulator"
)

// TestDocumentedCommandsWork runs every command in a block marked sh of the
// README and the guides, against a simulator that answers for every host. A
// command that goes on for ever is stopped after a moment; none may end with a
// mistake of usage, an unreachable server or a failure.
//
// Not run is what is shown in blocks without sh: the crontab line (its command
// is run above it), systemctl and journalctl (they want a running systemd;
// TestUnitsAreSound and TestOldPicturesGo try what systemd reads), and making a
// user. Nothing reads the text for node_exporter: Debian's promtool comes with
// 96 MB. The recipes for brokers have a test of their own; NATS is run where
// its client is, which is no Debian package.
func TestDocumentedCommandsWork(t *testing.T) {
	server := start(t, simulator.Options{Seed: 1, Instances: append(simulator.Fleet(3),
		simulator.Instance{ID: "00000000-0000-4000-8000-000000000000", Name: "other"})})
	env := documentedEnv(t, server)
	var all sync.WaitGroup // of what waits more than it works: all at once
	for _, file := range []string{"README.md", "docs/quickstart.md", "docs/filters.md", "docs/recipes.md"} {
		for _, block := range blocks(t, file) {
			dir := t.TempDir()
			// There before a line saves into it: the next one must not depend
			// on how far that came in its second.
			if err := os.Mkdir(filepath.Join(dir, "pictures"), 0o755); err != nil {
				t.Fatal(err)
			}
			all.Go(func() { runBlock(t, dir, block, env) })
		}
	}
	all.Wait()
}

// documentedEnv is an environment with rtev in its PATH, the config file of the
// guides, and a simulator behind every host name.
func documentedEnv(t *testing.T, server string) []string {
	t.Helper()
	home := t.TempDir()
	write(t, filepath.Join(home, "rtev", "config.yaml"), "server: "+server+`
instances:
  - {name: gate, id: 899c89f9-90c3-c633-8586-8f09b005ebed}
default: [gate]
`)
	return append(os.Environ(), "PATH="+programFolder(t)+":"+os.Getenv("PATH"), "XDG_CONFIG_HOME="+home, "XDG_STATE_HOME="+home, "HTTP_PROXY="+server)
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

// notHere says why a line is not run, "" where it is.
func notHere(line string) string {
	for _, broker := range []string{"kafka1", "mqtt1", "nats1"} {
		if strings.Contains(line, broker) {
			return "but in TestBrokersGetTheEvents"
		}
	}
	for _, tool := range []string{"jq", "mlr"} {
		if _, err := exec.LookPath(tool); err != nil && strings.Contains(line, "| "+tool+" ") {
			return tool + " is not installed"
		}
	}
	return ""
}

var lasting = regexp.MustCompile(`--for [0-9]+[sm]`)

// runBlock runs a block's lines one after the other in a folder of their own,
// for a second where they say how long.
func runBlock(t *testing.T, dir, block string, env []string) {
	here := strings.NewReplacer("/var/spool/", "./", "/srv/", "./")
	for line := range strings.Lines(block) {
		line = lasting.ReplaceAllString(here.Replace(strings.TrimSpace(line)), "--for 1s")
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "go ") {
			continue
		}
		if why := notHere(line); why != "" {
			t.Logf("not run here, %s: %s", why, line)
			continue
		}
		c := exec.Command("timeout", "-k", "30", "-s", "TERM", "1.5", "bash", "-o", "pipefail", "-c", line)
		c.Dir, c.Env = dir, env
		out, err := c.CombinedOutput()
		if code := c.ProcessState.ExitCode(); code != 0 && code != 124 {
			t.Errorf("%s\nends with %v:\n%s", line, err, out)
		}
	}
}

// TestUnitsAreSound has systemd read the units, and one with the drop-in that
// the guide shows, as far as it can where it does not run.
func TestUnitsAreSound(t *testing.T) {
	has(t, "systemd-analyze")
	text, err := os.ReadFile("docs/recipes.md")
	if err != nil {
		t.Fatal(err)
	}
	dropIn := regexp.MustCompile("(?ms)^```ini\n(.*?)^```$").FindSubmatch(text)
	if dropIn == nil {
		t.Fatal("the recipes show no drop-in")
	}
	units, err := filepath.Glob("packaging/systemd/*")
	if err != nil || len(units) != 3 {
		t.Fatal(units, err)
	}
	dir, program := t.TempDir(), filepath.Join(programFolder(t), "rtev")
	for _, unit := range units {
		text, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, filepath.Base(unit)), strings.ReplaceAll(string(text), "/usr/bin/rtev", program))
	}
	write(t, filepath.Join(dir, "rtev-crops@.service.d", "elsewhere.conf"), string(dropIn[1]))
	for _, unit := range []string{"rtev-tail@gate.service", "rtev-crops@gate.service", "rtev-crops@gate.timer"} {
		c := exec.Command("systemd-analyze", "--man=no", "verify", filepath.Join(dir, unit))
		if out, err := c.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", unit, err, out)
		}
	}
}

// TestOldPicturesGo has systemd clean a folder by the line of the guide.
func TestOldPicturesGo(t *testing.T) {
	has(t, "systemd-tmpfiles")
	text, err := os.ReadFile("docs/recipes.md")
	if err != nil {
		t.Fatal(err)
	}
	rule := regexp.MustCompile(`(?m)^e /srv/pictures .*$`).Find(text)
	if rule == nil {
		t.Fatal("the recipes show no rule for tmpfiles")
	}
	dir := t.TempDir()
	pictures, conf := filepath.Join(dir, "pictures"), filepath.Join(dir, "rtev.conf")
	young, old := filepath.Join(pictures, "young.jpg"), filepath.Join(pictures, "old.jpg")
	write(t, young, "")
	write(t, old, "")
	if taken := time.Now().Add(-31 * 24 * time.Hour); os.Chtimes(old, taken, taken) != nil {
		t.Fatal("the picture does not get older")
	}
	write(t, conf, strings.ReplaceAll(string(rule), "/srv/pictures", pictures)+"\n")
	if out, err := exec.Command("systemd-tmpfiles", "--clean", conf).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := os.Stat(young); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(old); err == nil {
		t.Error("a picture of 31 days is still there")
	}
}

var links = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)

// TestLinksLeadSomewhere follows the links between the pages of the repository.
func TestLinksLeadSomewhere(t *testing.T) {
	var pages []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		more, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, more...)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range links.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), link[1])); err != nil {
				t.Errorf("%s: %v", page, err)
			}
		}
	}
}
