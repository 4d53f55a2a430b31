package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPromisesAreTested checks that the tests named in docs/reliability.md exist.
func TestPromisesAreTested(t *testing.T) {
	page, err := os.ReadFile("docs/reliability.md")
	check(t, err)
	var tests strings.Builder
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		tests.Write(text)
		return err
	})
	check(t, err)
	named := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z]+|fault_[a-z]+)`").FindAllStringSubmatch(string(page), -1)
	for _, m := range named {
		_, noScript := os.Stat("testdata/script/" + m[1] + ".txtar")
		if noScript != nil && !strings.Contains(tests.String(), "func "+m[1]+"(") {
			t.Errorf("there is no %s", m[1])
		}
	}
	if len(named) < 40 {
		t.Errorf("%d tests are named", len(named))
	}
}
