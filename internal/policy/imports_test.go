package policy_test

import (
	"cmp"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// rule lists the packages that a package may import, or that may import it.
type rule struct {
	dir     string
	may     []string
	because string
}

// importRules lists the packages of this module that each package may import. The table
// in docs/architecture.md says the same.
//
// DO NOT CHANGE THIS DATA TO FIX BUILDS. A new import is a decision: write down
// why in docs/decisions.
func importRules() []rule {
	const (
		source = "a source pushes events to a sink that it does not know, and shares nothing with other sources"
		sink   = "a sink takes events wherever they come from"
	)
	return []rule{
		{".", []string{"cmd"}, "main.go turns the result of cmd into the exit status"},
		{"cmd", []string{"internal/broker", "internal/config", "internal/crop", "internal/event", "internal/exec",
			"internal/filter", "internal/format", "internal/history", "internal/jsonraw", "internal/notice",
			"internal/pipeline", "internal/poll", "internal/rtapi", "internal/simulator", "internal/stats", "internal/stream",
			"internal/target", "internal/term"}, "test helpers are for tests"},
		{"internal/broker", []string{"internal/event", "internal/format", "internal/term"}, sink},
		{"internal/config", []string{"internal/term"}, "the options are known before anything else is made"},
		{"internal/crop", []string{"internal/event", "internal/jsonraw", "internal/term"}, sink},
		{"internal/event", []string{"internal/jsonraw", "internal/term"}, "it is the vocabulary of all others"},
		{"internal/exec", []string{"internal/event", "internal/term"}, sink},
		{"internal/filter", []string{"internal/event", "internal/jsonraw", "internal/term"},
			"whether an event is wanted depends on the event alone"},
		{"internal/flowtest", []string{"internal/event"}, "rules for every source and encoder know none of them"},
		{"internal/format", []string{"internal/event", "internal/jsonraw", "internal/term"},
			"the encoding of an event depends on neither the server nor the config"},
		{"internal/history", []string{"internal/event", "internal/jsonraw", "internal/rtapi", "internal/term"}, source},
		{"internal/jsonraw", nil, "JSON is the same whatever it is about"},
		{"internal/notice", []string{"internal/event", "internal/term"}, "what is said does not depend on who says it"},
		{"internal/pipeline", []string{"internal/event"}, "it takes functions and interfaces"},
		{"internal/poll", []string{"internal/event", "internal/jsonraw", "internal/rtapi", "internal/term"}, source},
		{"internal/rtapi", nil, "HTTP knows nothing of events"},
		{"internal/simulator", nil, "a mistake would be made on both sides and cancel out"},
		{"internal/stats", []string{"internal/event", "internal/format", "internal/jsonraw", "internal/term"}, sink},
		{"internal/target", []string{"internal/config", "internal/event", "internal/rtapi", "internal/term"},
			"which instances are read depends on neither what is read nor where it goes"},
		{"internal/stream", []string{"internal/event", "internal/jsonraw", "internal/rtapi", "internal/term"}, source},
		{"internal/term", nil, "what people see is the same whatever is shown"},
	}
}

// libraryRules lists packages of other modules and the only packages that may import
// them or packages below them.
func libraryRules() []rule {
	return []rule{
		{"github.com/spf13/cobra", []string{"cmd"}, "packages can be used without a command line"},
		{"github.com/spf13/viper", []string{"internal/config"},
			"it lower-cases keys and splits them at dots: one package handles that"},
		{"github.com/spf13/pflag", []string{"cmd", "internal/config"}, "packages can be used without a command line"},
		{"github.com/tidwall/gjson", []string{"internal/event", "internal/jsonraw"},
			"it returns results for broken JSON too: only packages that check first"},
		{"unsafe", []string{"internal/event", "internal/jsonraw"}, "only next to the rules of who owns the bytes"},
		{"github.com/charmbracelet/lipgloss", []string{"internal/term"},
			"it passes control characters on and may query the terminal"},
		{"github.com/muesli/termenv", []string{"internal/term"}, "it may query the terminal"},
		{"os/signal", []string{"cmd"}, "signals belong to the process"},
		{"testing", []string{"internal/flowtest"}, "test helpers are for tests"},
	}
}

// effects are packages that internal/event must not import.
func effects() []string { return []string{"net", "net/http", "os", "os/exec", "syscall"} }

func TestImportsFollowTheRules(t *testing.T) {
	rules := map[string]rule{}
	for _, r := range importRules() {
		rules[r.dir] = r
	}
	tree := sources(t)
	for _, f := range tree.files {
		if f.test {
			continue
		}
		r, listed := rules[f.dir]
		if !listed {
			t.Errorf("%s: no rule for package %s; add what it may import and why", f.name, f.dir)
			continue
		}
		for _, i := range f.file.Imports {
			ours, ok := strings.CutPrefix(importPath(i), module+"/")
			if ok && !slices.Contains(r.may, ours) {
				t.Errorf("%s: %s must not import %s: %s", tree.at(i), f.dir, ours, r.because)
			}
			if f.dir == "internal/event" && slices.Contains(effects(), importPath(i)) {
				t.Errorf("%s: internal/event must not import %s: the vocabulary has no side effects", tree.at(i), importPath(i))
			}
		}
	}
}

func TestRulesNameExistingPackages(t *testing.T) {
	there := sources(t).packages()
	for _, r := range importRules() {
		for _, dir := range append(r.may, r.dir) {
			if !slices.Contains(there, dir) {
				t.Errorf("a rule names %s, which has no Go file", dir)
			}
		}
	}
	for _, r := range libraryRules() {
		for _, dir := range r.may {
			if !slices.Contains(there, dir) {
				t.Errorf("a rule lets %s import %s, but it has no Go file", dir, r.dir)
			}
		}
	}
}

func TestLibrariesAreImportedWhereAllowed(t *testing.T) {
	tree := sources(t)
	used := map[string]bool{}
	for _, f := range tree.files {
		for _, i := range f.file.Imports {
			for _, r := range libraryRules() {
				if importPath(i) != r.dir && !strings.HasPrefix(importPath(i), r.dir+"/") || f.test {
					continue
				}
				used[r.dir] = true
				if !slices.Contains(r.may, f.dir) {
					t.Errorf("%s: %s must not import %s: %s", tree.at(i), f.dir, importPath(i), r.because)
				}
			}
		}
	}
	for _, r := range libraryRules() {
		if r.may != nil && !used[r.dir] {
			t.Errorf("a rule is about %s, which nothing imports", r.dir)
		}
	}
}

// TestArchitectureListsImports checks that the table in docs/architecture.md matches
// the rules, and that the code uses each import.
func TestArchitectureListsImports(t *testing.T) {
	used := map[string]map[string]bool{}
	for _, f := range sources(t).files {
		if used[f.dir] == nil {
			used[f.dir] = map[string]bool{}
		}
		for _, i := range f.file.Imports {
			if ours, ok := strings.CutPrefix(importPath(i), module+"/internal/"); ok && !f.test {
				used[f.dir][ours] = true
			}
		}
	}
	row := regexp.MustCompile("(?m)^\\| `(internal/[a-z]+)` \\|.*\\| ([^|]+) \\|$")
	listed := map[string]string{}
	for _, m := range row.FindAllStringSubmatch(readText(t, "docs/architecture.md"), -1) {
		listed[m[1]] = m[2]
	}
	for _, r := range importRules() {
		if !strings.HasPrefix(r.dir, "internal/") {
			continue
		}
		var names []string
		for _, dir := range r.may {
			name := strings.TrimPrefix(dir, "internal/")
			names = append(names, name)
			if !used[r.dir][name] {
				t.Errorf("a rule lets %s import %s, which it does not", r.dir, dir)
			}
		}
		if want := cmp.Or(strings.Join(names, ", "), "–"); listed[r.dir] != want {
			t.Errorf("docs/architecture.md: %s imports %q in the table, %q by the rules", r.dir, listed[r.dir], want)
		}
		delete(listed, r.dir)
	}
	for dir := range listed {
		t.Errorf("docs/architecture.md lists %s, for which there is no rule", dir)
	}
}
