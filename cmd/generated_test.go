package cmd

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

var update = flag.Bool("update", false, "write the generated files anew")

// current compares a generated file with what it should hold, and with
// -update writes it.
func current(t *testing.T, name string, want []byte) {
	t.Helper()
	name = filepath.Join("..", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n")), want) {
		t.Errorf("%s is stale; make docs completions writes it anew", name)
	}
}

// only fails for files of a folder that nothing generates any more.
func only(t *testing.T, folder string, names map[string]bool) {
	t.Helper()
	files, err := os.ReadDir(filepath.Join("..", folder))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !names[f.Name()] {
			t.Errorf("%s/%s belongs to no command", folder, f.Name())
		}
	}
}

func testRoot() *cobra.Command {
	root := newRoot(&app{env: env{getenv: func(string) string { return "" }}})
	root.DisableAutoGenTag = true
	root.InitDefaultHelpCmd()
	return root
}

func TestCompletionsAreCurrent(t *testing.T) {
	root := testRoot()
	for name, generate := range map[string]func(*bytes.Buffer) error{
		"rtev.bash": func(b *bytes.Buffer) error { return bashCompletion(root, b, true) },
		"rtev.zsh":  func(b *bytes.Buffer) error { return zshCompletion(root, b, true) },
		"rtev.fish": func(b *bytes.Buffer) error { return root.GenFishCompletion(b, true) },
		"rtev.ps1":  func(b *bytes.Buffer) error { return root.GenPowerShellCompletionWithDesc(b) },
	} {
		var b bytes.Buffer
		if err := generate(&b); err != nil {
			t.Fatal(err)
		}
		current(t, "completions/"+name, b.Bytes())
	}
}

// documented are the commands that have a page: all but those of cobra.
func documented(c *cobra.Command, do func(*cobra.Command)) {
	do(c)
	for _, sub := range c.Commands() {
		if name := sub.Name(); name != "help" && name != "completion" && !sub.Hidden {
			documented(sub, do)
		}
	}
}

// emptyDefault is the default of a flag that says nothing.
var emptyDefault = regexp.MustCompile(`\\fP(\[=(false|0)\]|=\[\]|=""|=0s?\b)`)

func TestGeneratedPagesAreCurrent(t *testing.T) {
	date := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	man, reference := map[string]bool{}, map[string]bool{}
	documented(testRoot(), func(c *cobra.Command) {
		base := strings.ReplaceAll(c.CommandPath(), " ", "-")
		var page, markdown bytes.Buffer
		header := &doc.GenManHeader{Title: strings.ToUpper(base), Section: "1", Source: "rtev", Manual: "rtev", Date: &date}
		if err := doc.GenMan(c, header, &page); err != nil {
			t.Fatal(err)
		}
		if err := doc.GenMarkdownCustom(c, &markdown, func(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "_", "-"), "--", "-") }); err != nil {
			t.Fatal(err)
		}
		man[base+".1"], reference[base+".md"] = true, true
		current(t, "docs/man/"+base+".1", emptyDefault.ReplaceAll(page.Bytes(), []byte(`\fP`)))
		current(t, "docs/reference/"+base+".md", markdown.Bytes())
	})
	only(t, "docs/man", man)
	only(t, "docs/reference", reference)
}
