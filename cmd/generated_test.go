package cmd

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"

	"github.com/rtev/rtev/internal/format"
)

var update = flag.Bool("update", false, "write the generated files")

// current compares a generated file with what it should hold, and with
// -update writes it.
func current(t *testing.T, name string, want []byte) {
	t.Helper()
	name = filepath.Join("..", name)
	if *update {
		check(t, os.MkdirAll(filepath.Dir(name), 0o755))
		check(t, os.WriteFile(name, want, 0o644))
		return
	}
	got, err := os.ReadFile(name)
	check(t, err)
	if !bytes.Equal(bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n")), want) {
		t.Errorf("%s is out of date; make docs completions writes it", name)
	}
}

// only fails for files of a folder that no command generates.
func only(t *testing.T, folder string, names map[string]bool) {
	t.Helper()
	files, err := os.ReadDir(filepath.Join("..", folder))
	check(t, err)
	for _, f := range files {
		if !names[f.Name()] {
			t.Errorf("%s/%s belongs to no command", folder, f.Name())
		}
	}
}

func testRoot() *cobra.Command {
	root := newRoot(&app{env: env{getenv: func(string) string { return "" }}, out: format.NewOutput(nil, nil)})
	root.DisableAutoGenTag = true
	return root
}

func TestCompletionsAreCurrent(t *testing.T) {
	root := testRoot()
	for name, generate := range map[string]func(*bytes.Buffer) error{
		"rtev.bash": func(b *bytes.Buffer) error { return root.GenBashCompletionV2(b, true) },
		"rtev.zsh":  func(b *bytes.Buffer) error { return root.GenZshCompletion(b) },
		"rtev.fish": func(b *bytes.Buffer) error { return root.GenFishCompletion(b, true) },
		"rtev.ps1":  func(b *bytes.Buffer) error { return root.GenPowerShellCompletionWithDesc(b) },
	} {
		var b bytes.Buffer
		check(t, generate(&b))
		current(t, "completions/"+name, b.Bytes())
	}
}

// documented calls do for each command that has a page: all but those of cobra.
func documented(c *cobra.Command, do func(*cobra.Command)) {
	do(c)
	for _, sub := range c.Commands() {
		if name := sub.Name(); name != "help" && name != "completion" && !sub.Hidden {
			documented(sub, do)
		}
	}
}

var (
	emptyDefault = regexp.MustCompile(`\\fP(\[=(false|0)\]|=\[\]|=""|=0s?\b)`) // a default that says nothing
	otherDefault = regexp.MustCompile(`(?m)^(\\fB-.*\\fP)="?([^"\n]+)"?$`)
	flagLines    = regexp.MustCompile(`(?m)(?:^\.PP\n)?^(\\fB-.*)\n\t(.*)$`)
)

// indented matches lines that are not filled, and topicParts the sections that
// cobra writes for a topic as if it were a command.
var (
	indented   = regexp.MustCompile(`(?m)^(?:  .*(?:\n|$))+`)
	topicParts = regexp.MustCompile(`(?s)(\.SH SYNOPSIS.*?)(\.SH DESCRIPTION\n.*?)\.SH OPTIONS.*?(\.SH SEE ALSO)`)
)

// markdown fences text that is not filled: all of a topic, and the indented lines
// of a command's text.
func markdown(c *cobra.Command) string {
	if !c.Runnable() {
		return "```\n" + c.Long + "\n```"
	}
	return indented.ReplaceAllStringFunc(c.Long,
		func(lines string) string { return "\n```\n" + strings.TrimRight(lines, "\n") + "\n```\n" })
}

// manPage turns a page of cobra's into a usual one: the value of a flag has a
// name, its meaning is below the flag, and the usual sections are there.
func manPage(c *cobra.Command, page []byte) []byte {
	if !c.Runnable() {
		page = topicParts.ReplaceAll(page, []byte("$2$3"))
	}
	page = emptyDefault.ReplaceAll(page, []byte(`\fP`))
	page = otherDefault.ReplaceAll(page, []byte(`$1 ($2)`))
	name := func(f *pflag.Flag) {
		if value, _ := pflag.UnquoteUsage(f); value != "" && f.NoOptDefVal == "" {
			flag := `\fB--` + f.Name + `\fP`
			page = bytes.ReplaceAll(page, []byte(flag), []byte(flag+` \fI`+value+`\fP`))
		}
	}
	c.NonInheritedFlags().VisitAll(name)
	c.InheritedFlags().VisitAll(name)
	page = flagLines.ReplaceAll(page, []byte(".TP\n$1\n$2"))
	front, _, _ := bytes.Cut(page, []byte(".SH SEE ALSO"))
	return fmt.Appendf(front, "%s.SH SEE ALSO\n%s\n", manSections(c), strings.Join(seeAlso(c), ",\n"))
}

// manSections returns the sections that cobra does not know.
func manSections(c *cobra.Command) string {
	if !c.Runnable() {
		return ""
	}
	if c.Name() == "simulate" { // it has no server, configuration or output
		return ".SH EXIT STATUS\n0 done, 1 anything unexpected, 2 usage. See \\fBrtev-exit-codes(1)\\fP.\n"
	}
	text := `.SH EXIT STATUS
0 done, 1 anything unexpected, 2 usage, 3 server not reachable, 4 server said no,
5 output cannot be written, 124 --for ran out before -n. See \fBrtev-exit-codes(1)\fP.
.SH ENVIRONMENT
RTEV_SERVER, RTEV_INSTANCE, RTEV_CONFIG, RTEV_OUTPUT, RTEV_COLOR, RTEV_HEADER,
NO_COLOR, FORCE_COLOR, CLICOLOR, TZ and the proxy variables. See
\fBrtev-environment(1)\fP.
.SH FILES
.TP
\fI$XDG_CONFIG_HOME/rtev/config.yaml\fP, \fI/etc/rtev/config.yaml\fP
configuration; see \fBrtev-config(1)\fP
`
	if c.Name() == "poll" || c.Name() == "crops" {
		text += `.TP
\fI$XDG_STATE_HOME/rtev/unwritten-*.ndjson\fP
drained events that could not be written (~/.local/state/rtev without XDG_STATE_HOME)
`
	}
	return text
}

// seeAlso returns references to the pages that a reader may need next.
func seeAlso(c *cobra.Command) (pages []string) {
	root := c.Root()
	if c != root {
		pages = append(pages, `\fBrtev(1)\fP`)
	}
	for _, other := range root.Commands() {
		if name := other.Name(); other != c && name != "help" && name != "completion" {
			pages = append(pages, `\fBrtev-`+name+`(1)\fP`)
		}
	}
	return pages
}

var (
	completionLink = regexp.MustCompile(`(?m)^\* \[rtev completion\].*$`)
	topicOptions   = regexp.MustCompile(`(?s)### Options\n.*?(### SEE ALSO)`)
	values         = strings.NewReplacer("[=true|false]", strings.Repeat(" ", 13), "--verbose count", "--verbose      ")
)

// referencePage does the same for a page of the reference, where topics have no
// flags.
func referencePage(c *cobra.Command, page []byte) []byte {
	if !c.Runnable() {
		page = topicOptions.ReplaceAll(page, []byte("$1"))
		page = bytes.Replace(page, []byte("## rtev "), []byte("## rtev help "), 1)
	}
	page = completionLink.ReplaceAll(page, []byte(topicLinks("* [rtev help %[1]s](rtev-%[1]s.md)\t - %[2]s", "\n")))
	return []byte(values.Replace(string(page)))
}

// topicLinks returns links to the topics, which cobra leaves out. They replace its
// link to the completion command, which has no page.
func topicLinks(form, between string) string {
	var links []string
	for _, c := range topics() {
		links = append(links, fmt.Sprintf(strings.ReplaceAll(form, "%[2]s", c.Short), c.Name()))
	}
	return strings.Join(links, between)
}

func TestGeneratedPagesAreCurrent(t *testing.T) {
	date := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	manPages, references := map[string]bool{}, map[string]bool{}
	documented(testRoot(), func(c *cobra.Command) {
		base := strings.ReplaceAll(c.CommandPath(), " ", "-")
		c.Long = markdown(c)
		var page, reference bytes.Buffer
		header := &doc.GenManHeader{Title: strings.ToUpper(base), Section: "1", Source: "rtev", Manual: "rtev", Date: &date}
		check(t, doc.GenMan(c, header, &page))
		if err := doc.GenMarkdownCustom(c, &reference,
			func(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "_", "-"), "--", "-") }); err != nil {
			t.Fatal(err)
		}
		manPages[base+".1"], references[base+".md"] = true, true
		current(t, "docs/man/"+base+".1", manPage(c, page.Bytes()))
		current(t, "docs/reference/"+base+".md", referencePage(c, reference.Bytes()))
	})
	only(t, "docs/man", manPages)
	only(t, "docs/reference", references)
}
