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

// TestDocumentedCommandsWork runs every command of the sh blocks in README and
// the guides against a simulator that answers for every host name. Commands
// that do not end are stopped after a moment; the others must succeed.
//
// Blocks that are not marked sh are not run: the crontab line, whose command is
// run elsewhere, systemctl and journalctl, which need a running systemd
// (TestUnitsAreSound and TestOldPicturesGo cover the files), and adding a user.
// TestBrokersGetTheEvents runs the recipes for brokers.
func TestDocumentedCommandsWork(t *testing.T) {
	server := start(t, simulator.Options{Seed: 1, Instances: append(simulator.Fleet(3),
		simulator.Instance{ID: "00000000-0000-4000-8000-000000000000", Name: "other"})})
	env := documentedEnv(t, server)
	var all sync.WaitGroup // the commands mostly wait, so they run at once
	for _, file := range []string{"README.md", "docs/quickstart.md", "docs/filters.md", "docs/recipes.md"} {
		for _, block := range blocks(t, file) {
			dir := t.TempDir()
			// Made here, since a later line of the block must not depend on
			// how far an earlier one came in its second.
			if err := os.Mkdir(filepath.Join(dir, "pictures"), 0o755); err != nil {
				t.Fatal(err)
			}
			all.Go(func() { runBlock(t, dir, block, env) })
		}
	}
	all.Wait()
}

// documentedEnv returns an environment with rtev in PATH, the config file of
// the guides, and a proxy that leads every host name to the simulator.
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

// notHere returns why a line is not run, or "".
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

// runBlock runs the lines of a block in dir, one after the other. Durations are
// shortened to a second.
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

// TestUnitsAreSound lets systemd-analyze verify the units, one of them with the
// drop-in of the guide.
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

// TestOldPicturesGo lets systemd-tmpfiles clean a folder with the line of the
// guide.
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
		t.Fatal("cannot set the time of the picture")
	}
	write(t, conf, strings.ReplaceAll(string(rule), "/srv/pictures", pictures)+"\n")
	if out, err := exec.Command("systemd-tmpfiles", "--clean", conf).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := os.Stat(young); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(old); err == nil {
		t.Error("a picture of 31 days was not removed")
	}
}

var links = regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)

// TestLinksLeadSomewhere checks the links between pages of the repository.
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
