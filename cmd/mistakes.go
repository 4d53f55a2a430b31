package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rtev/rtev/internal/term"
)

// foreignWords are commands of other programs, and what to try instead.
var foreignWords = map[string]string{
	"ls": "rtev instances", "list": "rtev instances", "version": "rtev --version",
}

// foreignFlags are flags of other programs, and what to try instead on commands
// that take the flag of ours.
var foreignFlags = []struct {
	names []string
	ours  string
	hint  string
}{
	{[]string{"type", "types", "event"}, "events", "-e LIST"},
	{[]string{"filter", "jq", "grep"}, "where", "-w EXPR"},
	{[]string{"json", "jsonl"}, "output", "-o ndjson"},
	{[]string{"no-color", "no-colour", "nocolor"}, "color", "--color never"},
	{[]string{"u", "user", "username", "password"}, "header", "credentials in the URL (-s http://USER:PASSWORD@HOST), or -H 'Authorization: ...'"},
}

// unknownCommand returns the error for a word that is not a command: the
// closest command, or tail if the word may be an INSTANCE.
func unknownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	word := args[0]
	e := &usageError{msg: fmt.Sprintf("unknown command %q", word), hint: "rtev tail " + shellWord(word) + ", if it is an INSTANCE; else rtev --help"}
	if ours := foreignWords[word]; ours != "" {
		e.hint = ours
	} else if near := term.Nearest(word, commandNames(root)); near != "" {
		e.hint = "rtev " + near
	}
	return e
}

// commandNames returns the names of the commands that can run.
func commandNames(root *cobra.Command) (names []string) {
	for _, c := range root.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}

// flagError returns the error for flags that cannot be parsed, with what the
// user probably wants.
func flagError(c *cobra.Command, args []string, err error) error {
	if !c.HasParent() && len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return unknownCommand(c, args) // the flags are those of the command that was meant
	}
	e := &usageError{msg: err.Error(), hint: c.CommandPath() + " --help"}
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		name := unknown.GetSpecifiedName()
		if name == "f" || name == "follow" {
			return &usageError{msg: e.msg + "; rtev tail always follows", hint: "rtev tail"}
		}
		e.hint = cmp.Or(flagHint(c, name), e.hint)
	}
	return e
}

// flagHint returns what to try instead of an unknown flag; "" if nothing is
// close.
func flagHint(c *cobra.Command, name string) string {
	if len(name) == 1 && name[0] >= '0' && name[0] <= '9' {
		return hintFor(c, "count", "-n NUMBER")
	}
	for _, f := range foreignFlags {
		if slices.Contains(f.names, name) {
			return hintFor(c, f.ours, f.hint)
		}
	}
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	if near := term.Nearest(name, names); near != "" && len(name) > 1 {
		return c.CommandPath() + " --" + near
	}
	return ""
}

// hintFor returns the hint if the command takes the flag.
func hintFor(c *cobra.Command, flag, hint string) string {
	if f := c.Flags().Lookup(flag); f == nil || f.Hidden {
		return ""
	}
	return hint
}

// checkOutput reports an output format that only stats has.
func checkOutput(output string) error {
	if output == "prom" {
		return usagef("-o prom is for rtev stats; here it is text, ndjson or csv")
	}
	return nil
}

// shellWord quotes a word for a shell, where it needs quotes.
func shellWord(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@%+,=", r) || r > 0x7f
	}
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !plain(r) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
