package main

import (
	"errors"
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

// guides are the pages that show commands.
func guides(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob("docs/*.md")
	if err != nil || len(pages) < 9 {
		t.Fatal(pages, err)
	}
	return append(pages, "README.md", "CONTRIBUTING.md")
}

// notRun lists the languages of blocks that are not run, and why. A block in sh is
// run line by line; every other language must be listed here.
var notRun = map[string]string{
	"text":      "output; TestShownOutputIsReal checks it",
	"ascii":     "a picture",
	"bash":      "TestForwardingGuide runs it with brokers",
	"toml":      "the configuration of other programs",
	"console":   "commands for root, or of programs that Debian does not have",
	"crontab":   "the recipes run the same commands",
	"ini":       "a drop-in for systemd; TestUnitsAreSound checks it",
	"logrotate": "TestLogrotate checks it",
	"tmpfiles":  "TestOldPicturesAreDeleted checks it",
	"yaml":      "a configuration file; documentedEnv has the same names",
}

// skipped lists commands in sh that are not run, by their first words, and why.
var skipped = map[string]string{
	"go test":        "this is go test",
	"go install .":   "the tests have built rtev",
	"go run . simul": "it needs a terminal of its own",
	"make":           "the targets run these tests",
	"scripts/":       "they take minutes, or need root",
	"git":            "they change the repository",
}

// TestDocumentedCommandsWork runs every command in a block marked sh of the
// README and the guides, against --demo or a simulator that responds for every
// host. A command that does not end is stopped after a moment. None may end with a
// usage error, an unreachable server or a failure. Brokers have their own tests;
// commands with NATS are run if its client is installed.
func TestDocumentedCommandsWork(t *testing.T) {
	t.Parallel()
	server := start(t, simulator.Options{Seed: 1, Instances: append(simulator.Fleet(3),
		simulator.Instance{ID: "00000000-0000-4000-8000-000000000000", Name: "other"})})
	env := documentedEnv(t, server)
	ran := map[string]bool{}
	var all sync.WaitGroup // pages run in parallel, since they mostly wait
	for _, page := range guides(t) {
		for _, block := range blocks(t, page) {
			if block.language != "sh" {
				if notRun[block.language] == "" {
					t.Errorf("%s has a block in %q, which no test looks at:\n%s", page, block.language, block.text)
				}
				continue
			}
			ran[page] = true
			dir := t.TempDir()
			// Commands need the folders for logs and pictures, even if the previous
			// command saved no picture.
			if err := errors.Join(os.Mkdir(filepath.Join(dir, "pictures"), 0o755),
				os.Mkdir(filepath.Join(dir, "rtev"), 0o755)); err != nil {
				t.Fatal(err)
			}
			all.Go(func() { runBlock(t, dir, block.text, env) })
		}
	}
	all.Wait()
	for _, page := range []string{"README.md", "docs/quickstart.md", "docs/filters.md", "docs/recipes.md", "docs/stats.md",
		"docs/last-night.md"} {
		if !ran[page] {
			t.Errorf("no command of %s was run", page)
		}
	}
}

// documentedEnv returns an environment with rtev in PATH, the config file of the
// guides, and a proxy that sends requests for any host to the simulator.
func documentedEnv(t *testing.T, server string) []string {
	t.Helper()
	home := t.TempDir()
	write(t, filepath.Join(home, "rtev", "config.yaml"), "server: "+server+`
instances:
  - {name: gate, id: 899c89f9-90c3-c633-8586-8f09b005ebed}
default: [gate]
`)
	return append(os.Environ(), "PATH="+programFolder(t)+":"+os.Getenv("PATH"), "XDG_CONFIG_HOME="+home,
		"XDG_STATE_HOME="+home, "HTTP_PROXY="+server)
}

func write(t *testing.T, name, text string) {
	t.Helper()
	check(t, os.MkdirAll(filepath.Dir(name), 0o755))
	check(t, os.WriteFile(name, []byte(text), 0o644))
}

// block is a fenced block of a page.
type block struct{ language, text string }

var fenced = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")

func blocks(t *testing.T, page string) (list []block) {
	t.Helper()
	text, err := os.ReadFile(page)
	check(t, err)
	for _, m := range fenced.FindAllStringSubmatch(string(text), -1) {
		list = append(list, block{m[1], m[2]})
	}
	return list
}

// shown returns the only block of a page in a language.
func shown(t *testing.T, page, language string) string {
	t.Helper()
	text := ""
	for _, b := range blocks(t, page) {
		if b.language == language && text != "" {
			t.Fatalf("%s has more than one block in %s", page, language)
		}
		if b.language == language {
			text = b.text
		}
	}
	if text == "" {
		t.Fatalf("%s has no block in %s", page, language)
	}
	return text
}

// notHere returns why a line is not run here, or "" if it is run.
func notHere(line string) string {
	for start, why := range skipped {
		if strings.HasPrefix(line, start) {
			return why
		}
	}
	if strings.Contains(line, " --exec ") {
		return "TestExecRecipes runs it"
	}
	for _, broker := range []string{"kafka1", "mqtt1", "nats1"} {
		if strings.Contains(line, broker) {
			return "TestBrokersGetTheEvents runs it"
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

// runBlock runs the lines of a block one after the other in dir, each for a
// second at most. "go run ." is the rtev of the test.
func runBlock(t *testing.T, dir, block string, env []string) {
	here := strings.NewReplacer("/var/spool/", "./", "/var/log/", "./", "/srv/", "./", "go run .", "rtev")
	for line := range strings.Lines(block) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if why := notHere(line); why != "" {
			t.Logf("not run here, %s: %s", why, line)
			continue
		}
		line = lasting.ReplaceAllString(here.Replace(line), "--for 1s")
		c := exec.Command("timeout", "-k", "30", "-s", "TERM", "1.5", "bash", "-o", "pipefail", "-c", line)
		c.Dir, c.Env = dir, env
		out, err := c.CombinedOutput()
		if code := c.ProcessState.ExitCode(); code != 0 && code != 124 {
			t.Errorf("%s\nends with %v:\n%s", line, err, out)
		}
	}
}

// TestShownOutputIsReal compares the output shown in README and the quick start with
// that of --demo, except for times and the width of columns.
func TestShownOutputIsReal(t *testing.T) {
	t.Parallel()
	got := rtev(t, nil, "tail", "--demo", "-e", "!track,!statistics", "-n", "10")
	event := func(line string) string {
		fields := strings.Fields(line)
		return strings.Join(fields[min(1, len(fields)):], " ")
	}
	printed := map[string]bool{}
	for line := range strings.Lines(got.out) {
		printed[event(line)] = true
	}
	for _, page := range []string{"README.md", "docs/quickstart.md"} {
		for line := range strings.Lines(shown(t, page, "text")) {
			if !strings.HasPrefix(line, "$") && !printed[event(line)] {
				t.Errorf("%s shows a line that rtev does not print:\n%s%+v", page, line, got)
			}
		}
	}
}

var expressions = regexp.MustCompile("(?m)^\\| [^|`]+ \\| `(.*)` \\|$")

// TestFilterExamplesMatch checks that every expression in the table of filters.md
// matches something in a recording.
func TestFilterExamplesMatch(t *testing.T) {
	t.Parallel()
	server := start(t, simulator.Options{Seed: 1, Rate: 2000, Instances: simulator.Fleet(3)})
	env, dir := documentedEnv(t, server), t.TempDir()
	shell := func(line string) string {
		c := exec.Command("bash", "-c", line)
		c.Dir, c.Env = dir, env
		out, err := c.CombinedOutput()
		if err != nil {
			t.Errorf("%s\nends with %v: %s", line, err, out)
		}
		return string(out)
	}
	shell("rtev tail '*' -n 6000 -o ndjson > recorded.ndjson")
	text, err := os.ReadFile("docs/filters.md")
	check(t, err)
	found := expressions.FindAllStringSubmatch(string(text), -1)
	if len(found) < 12 {
		t.Fatalf("%d expressions in the table", len(found))
	}
	for _, m := range found {
		expr := "'" + strings.ReplaceAll(m[1], `\|`, "|") + "'"
		var out string
		switch {
		case strings.Contains(expr, "_delay_ms"): // a recording has none
			out = shell("rtev tail gate -n 1 -q -w " + strings.ReplaceAll(expr, "> 500", "> -500"))
		case strings.Contains(expr, "_ref."):
			out = shell("rtev crops - -n 1 -q -d pictures -w " + expr + " < recorded.ndjson")
		default:
			out = shell("rtev tail - -n 1 -q -w " + expr + " < recorded.ndjson")
		}
		if strings.Count(out, "\n") != 1 {
			t.Errorf("%s matches nothing: %s", expr, out)
		}
	}
}

// TestLogrotate runs logrotate with the rules of the recipe on a file that rtev
// appends to.
func TestLogrotate(t *testing.T) {
	t.Parallel()
	has(t, "logrotate")
	dir := t.TempDir()
	rules, log := filepath.Join(dir, "rtev.conf"), filepath.Join(dir, "gate.ndjson")
	write(t, rules, strings.ReplaceAll(shown(t, "docs/recipes.md", "logrotate"), "/var/log/rtev", dir))
	check(t, os.Chmod(rules, 0o644))
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	check(t, err)
	defer file.Close()
	server := start(t, simulator.Options{Seed: 1, Rate: 200})
	c := command(t, nil, "tail", "-s", server, "-o", "ndjson", "--no-image")
	c.Stdout = file
	check(t, c.Start())
	defer func() {
		c.Process.Kill() //nolint:errcheck // it runs until then
		c.Wait()         //nolint:errcheck // it was killed
	}()
	grown(t, log, 20_000)
	if out, err := exec.Command("logrotate", "-f", "-s", filepath.Join(dir, "state"), rules).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	grown(t, log, 2_000)
	text, err := os.ReadFile(log)
	check(t, err)
	if strings.ContainsRune(string(text), 0) {
		t.Errorf("the emptied file has NULs: %.100q", text)
	}
	if _, err := os.Stat(log + ".1.gz"); err != nil {
		t.Error(err)
	}
}

// grown waits until a file has that many bytes.
func grown(t *testing.T, name string, size int64) {
	t.Helper()
	for range 3000 {
		if info, err := os.Stat(name); err == nil && info.Size() >= size {
			return
		}
		time.Sleep(10 * time.Millisecond) // another process writes it
	}
	t.Fatalf("%s stays below %d bytes", name, size)
}

// TestUnitsAreSound checks the units with systemd-analyze, one of them with the
// drop-in that the guide shows.
func TestUnitsAreSound(t *testing.T) {
	has(t, "systemd-analyze")
	dropIn := shown(t, "docs/recipes.md", "ini")
	units, err := filepath.Glob("packaging/systemd/*")
	if err != nil || len(units) != 4 {
		t.Fatal(units, err)
	}
	dir, program := t.TempDir(), filepath.Join(programFolder(t), "rtev")
	for _, unit := range units {
		text, err := os.ReadFile(unit)
		check(t, err)
		write(t, filepath.Join(dir, filepath.Base(unit)), strings.ReplaceAll(string(text), "/usr/bin/rtev", program))
	}
	write(t, filepath.Join(dir, "rtev-crops@.service.d", "elsewhere.conf"), dropIn)
	for _, unit := range []string{"rtev-tail@gate.service", "rtev-forward@gate.service", "rtev-crops@gate.service",
		"rtev-crops@gate.timer"} {
		c := exec.Command("systemd-analyze", "--man=no", "verify", filepath.Join(dir, unit))
		if out, err := c.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", unit, err, out)
		}
	}
}

// TestOldPicturesAreDeleted runs systemd-tmpfiles with the rule of the recipe.
func TestOldPicturesAreDeleted(t *testing.T) {
	has(t, "systemd-tmpfiles")
	rule := shown(t, "docs/recipes.md", "tmpfiles")
	dir := t.TempDir()
	pictures, conf := filepath.Join(dir, "pictures"), filepath.Join(dir, "rtev.conf")
	young, old := filepath.Join(pictures, "young.jpg"), filepath.Join(pictures, "old.jpg")
	write(t, young, "")
	write(t, old, "")
	if taken := time.Now().Add(-31 * 24 * time.Hour); os.Chtimes(old, taken, taken) != nil {
		t.Fatal("cannot set the time of the picture")
	}
	write(t, conf, strings.ReplaceAll(rule, "/srv/pictures", pictures))
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

var (
	messages = regexp.MustCompile("(?m)^\\| `([^`]+)` \\|")
	joined   = regexp.MustCompile(`"\s*\+\s*"`) // between the parts of a string
)

// TestTroubleshootingQuotesMessages looks for the messages of troubleshooting.md
// in the sources; … is any text.
func TestTroubleshootingQuotesMessages(t *testing.T) {
	var sources strings.Builder
	for _, pattern := range []string{"cmd/*.go", "internal/*/*.go"} {
		files, err := filepath.Glob(pattern)
		check(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			check(t, err)
			if !strings.HasSuffix(file, "_test.go") {
				sources.Write(joined.ReplaceAll(text, nil))
			}
		}
	}
	page, err := os.ReadFile("docs/troubleshooting.md")
	check(t, err)
	found := messages.FindAllStringSubmatch(string(page), -1)
	for _, m := range found {
		for piece := range strings.SplitSeq(m[1], "…") {
			if !strings.Contains(sources.String(), strings.TrimSpace(piece)) {
				t.Errorf("no message of rtev has %q", piece)
			}
		}
	}
	if len(found) < 20 {
		t.Errorf("%d messages are quoted", len(found))
	}
}

var (
	links    = regexp.MustCompile(`\]\(([^)#:]*)(?:#([^)]*))?\)`)
	headings = regexp.MustCompile("(?m)^#+ (.*)$")
	dropped  = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// anchors returns the anchors of a page's headings, as GitHub makes them.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, h := range headings.FindAllStringSubmatch(text, -1) {
		all[strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-")] = true
	}
	return all
}

// TestLinksLeadSomewhere checks that links between pages of the repository have a
// target.
func TestLinksLeadSomewhere(t *testing.T) {
	var pages []string
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/*/*.md"} {
		more, err := filepath.Glob(pattern)
		check(t, err)
		pages = append(pages, more...)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		check(t, err)
		for _, link := range links.FindAllStringSubmatch(string(text), -1) {
			to, anchor := filepath.Join(filepath.Dir(page), link[1]), link[2]
			if link[1] == "" {
				to = page
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: %v", page, err)
				continue
			}
			if anchor == "" {
				continue
			}
			target, err := os.ReadFile(to)
			if err != nil || !anchors(string(target))[anchor] {
				t.Errorf("%s: %s has no heading for #%s (%v)", page, to, anchor, err)
			}
		}
	}
}
