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
	direct, _ := required(readText(t, "go.mod"))
	text := readText(t, dependencies)
	compare(t, "direct", direct, append(tableOf(t, text, "## In the program"), tableOf(t, text, "## In tests only")...))
}

func TestDirectDependenciesAreImported(t *testing.T) {
	direct, _ := required(readText(t, "go.mod"))
	for _, f := range sources(t).files {
		for _, i := range f.file.Imports {
			direct = slices.DeleteFunc(direct, func(m string) bool { return strings.HasPrefix(importPath(i)+"/", m+"/") })
		}
	}
	for _, m := range direct {
		t.Errorf("go.mod requires %s, which nothing imports; run go mod tidy", m)
	}
}

// compare reports modules that are in go.mod or in the table, but not in both.
func compare(t *testing.T, what string, inMod, inTable []string) {
	for _, m := range inMod {
		if !slices.Contains(inTable, m) {
			t.Errorf("%s: no line for %s, which go.mod requires (%s)", dependencies, m, what)
		}
	}
	for _, m := range inTable {
		if !slices.Contains(inMod, m) {
			t.Errorf("%s: a line for %s, which go.mod does not require (%s)", dependencies, m, what)
		}
	}
}

// required returns the modules of a go.mod.
func required(mod string) (direct, indirect []string) {
	for line := range strings.Lines(mod) {
		f := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(f) < 2 || !strings.HasPrefix(f[1], "v") || !strings.Contains(f[0], ".") {
			continue
		}
		if strings.Contains(line, "// indirect") {
			indirect = append(indirect, f[0])
		} else {
			direct = append(direct, f[0])
		}
	}
	return direct, indirect
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
