package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rtev/rtev/internal/term"
)

// foreignWords are commands of other programs, and the command of ours.
var foreignWords = map[string]string{
	"ls": "instances", "list": "instances", "ps": "instances", "get": "instances", "cameras": "instances",
	"log": "tail", "logs": "tail", "follow": "tail", "watch": "tail", "stream": "tail", "sub": "tail", "subscribe": "tail", "read": "tail", "cat": "tail",
	"consume": "poll", "drain": "poll", "pull": "poll", "fetch": "poll",
	"images": "crops", "pictures": "crops", "snapshots": "crops", "top": "stats", "count": "stats", "metrics": "stats",
	"query": "history", "search": "history", "version": "--version",
}

// Hints that several flags have.
const (
	serverHint      = "-s HOST or -s HOST:PORT"
	credentialsHint = "credentials in the URL (-s http://USER:PASSWORD@HOST), or -H 'Authorization: ...'"
	instanceHint    = "INSTANCE without a flag; -e LIST selects event types"
)

// foreignFlags are flags of other programs (stern, kubectl, journalctl, kcat,
// mosquitto_sub, jq, curl), and what to try instead on commands that take the
// flag of ours.
var foreignFlags = []struct{ names, ours, hint string }{
	{"type types event", "events", "-e LIST"},
	{"filter jq grep g l i selector include E exclude", "where", "-w EXPR; -w '!(EXPR)' excludes"},
	{"json jsonl j J raw r compact", "output", "-o ndjson"},
	{"csv", "output", "-o csv"},
	{"format output-format", "output", "-o FORMAT"},
	{"F print", "template", "--template TEXT"},
	{"no-color no-colour nocolor M", "color", "--color never"},
	{"u user username password pw P token auth bearer api-key", "header", credentialsHint},
	{"h host hostname url endpoint address broker b p port L", "server", serverHint},
	{"ssl tls", "server", "-s https://HOST"},
	{"ca cafile ca-file ca-cert", "cacert", "--cacert FILE"},
	{"t topic subject instance id camera", "where", instanceHint},
	{"A a all", "where", "no INSTANCE, for all that are running"},
	{"C tail lines limit max-count max-events head m", "count", "-n N, which stops after N events"},
	{"W timeout duration max-time", "for", "--for DURATION"},
	{"S from after start", "since", "--since TIME"},
	{"U to before end", "until", "--until TIME"},
	{"T timestamps", "time", "--time FORMAT"},
	{"tz timezone", "utc", "--utc, or TZ=Europe/Berlin in front of the command"},
	{"no-follow", "for", "--for DURATION, or rtev poll --once"},
	{"no-pager", "output", "nothing: output is never paged"},
	{"d debug", "verbose", "-v, or -vv for HTTP headers"},
	{"V version", "quiet", "rtev --version"},
}

// unknownCommand returns the error for a word that is not a command: the
// closest command, or tail if the word may be an INSTANCE.
func unknownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	word := args[0]
	e := &usageError{msg: fmt.Sprintf("unknown command %q", word), hint: "rtev tail " + shellWord(word) + ", if it is an INSTANCE; else rtev --help"}
	if ours := foreignWords[word]; strings.HasPrefix(ours, "-") || slices.Contains(commandNames(root), ours) {
		e.hint = "rtev " + ours
	} else if near := term.Nearest(word, commandNames(root)); near != "" {
		e.hint = "rtev " + near
	}
	return e
}

// helpOrHost returns a help function that adds, for "-h HOST" as other programs
// have it, how the server is given.
func helpOrHost(help func(*cobra.Command, []string), stderr io.Writer) func(*cobra.Command, []string) {
	return func(c *cobra.Command, args []string) {
		help(c, args)
		i := slices.Index(args, "-h")
		if i >= 0 && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") && hintFor(c, "server", "-s") != "" {
			fmt.Fprintf(stderr, "rtev: -h shows this help; the server is -s %s\n", term.Safe(shellWord(args[i+1])))
		}
	}
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
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return e
	}
	name := unknown.GetSpecifiedName()
	if name == "f" || name == "follow" {
		return &usageError{msg: e.msg + "; rtev tail always follows", hint: "rtev tail"}
	}
	if digits, _, _ := strings.Cut(unknown.GetSpecifiedShortnames(), "="); isDigits(digits) {
		name = digits
	}
	hint := flagHint(c, name)
	if tail, _, err := c.Root().Find([]string{"tail"}); err == nil && hint == "" && !c.HasParent() { // a flag without a command
		tail.InheritedFlags() // merges them into its Flags
		hint = flagHint(tail, name)
	}
	e.hint = cmp.Or(hint, e.hint)
	return e
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// flagHint returns what to try instead of an unknown flag; "" if nothing is
// close.
func flagHint(c *cobra.Command, name string) string {
	switch {
	case isDigits(name):
		return hintFor(c, "count", "-n "+name)
	case len(name) == 1 && c.Flags().ShorthandLookup(name) != nil:
		return c.CommandPath() + " -" + name
	}
	for _, f := range foreignFlags {
		if slices.Contains(strings.Fields(f.names), name) {
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

// withoutEffect reports the first of these flags that was given although it has
// no effect, and why.
func withoutEffect(c *cobra.Command, why string, flags ...string) error {
	for _, name := range flags {
		if c.Flags().Changed(name) {
			return usagef("--%s has no effect %s", name, why)
		}
	}
	return nil
}

// withoutServer reports flags about a server that have no effect because none
// is asked: the events are recorded, or come from the simulator.
func withoutServer(c *cobra.Command, args []string) error {
	if slices.Contains(args, "-") {
		return withoutEffect(c, "on recorded events (-)", "demo", "retry", "idle-timeout", "once", "spool", "events-to")
	}
	if c.Flags().Changed("demo") {
		return withoutEffect(c, "with --demo, which asks no server", "server", "header", "cacert", "cert", "key", "insecure")
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
