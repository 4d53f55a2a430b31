package policy_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

const dependencies = "docs/dependencies.md"

// docs/dependencies.md says for each direct dependency what it is for, what it
// was compared with, and its licence.
func TestEveryDependencyIsExplained(t *testing.T) {
	inMod, text := required(readText(t, "go.mod")), readText(t, dependencies)
	inTable := append(tableOf(t, text, "## In the program"), tableOf(t, text, "## In tests only")...)
	for _, m := range inMod {
		if !slices.Contains(inTable, m) {
			t.Errorf("%s: no line for %s, which go.mod requires", dependencies, m)
		}
	}
	for _, m := range inTable {
		if !slices.Contains(inMod, m) {
			t.Errorf("%s: a line for %s, which go.mod does not require", dependencies, m)
		}
	}
}

func TestDirectDependenciesAreImported(t *testing.T) {
	direct := required(readText(t, "go.mod"))
	for _, f := range sources(t).files {
		for _, i := range f.file.Imports {
			direct = slices.DeleteFunc(direct, func(m string) bool { return strings.HasPrefix(importPath(i)+"/", m+"/") })
		}
	}
	for _, m := range direct {
		t.Errorf("go.mod requires %s, which nothing imports; run go mod tidy", m)
	}
}

// required returns the modules that a go.mod requires directly.
func required(mod string) (direct []string) {
	for line := range strings.Lines(mod) {
		f := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(f) == 2 && strings.HasPrefix(f[1], "v") && strings.Contains(f[0], ".") {
			direct = append(direct, f[0])
		}
	}
	return direct
}

// tableOf returns the modules in the first column of the tables under a heading.
func tableOf(t *testing.T, text, heading string) (modules []string) {
	t.Helper()
	_, section, ok := strings.Cut(text, "\n"+heading+"\n")
	if !ok {
		t.Fatalf("%s has no heading %q", dependencies, heading)
	}
	section, _, _ = strings.Cut(section, "\n## ")
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)`").FindAllStringSubmatch(section, -1) {
		modules = append(modules, m[1])
	}
	return modules
}
