package cmd

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rtev/rtev/internal/term"
)

// foreign lists flags and commands of other programs (stern, mosquitto_sub, kcat,
// journalctl, jq, tail), and what to try instead on a command that has the flag ours.
// "" is any command.
var foreign = []struct{ names, ours, hint string }{
	{"f follow", "", "rtev tail (tail always follows)"},
	{"log logs sub subscribe", "", "rtev tail"},
	{"ls list ps get", "", "rtev instances"},
	{"version", "", "rtev --version"},
	{"type types", "events", "-e LIST"},
	{"filter jq grep g l i selector include E exclude", "where", "-w EXPR; -w '!(EXPR)' excludes"},
	{"json j J raw r", "output", "-o ndjson"},
	{"csv", "output", "-o csv"},
	{"no-color nocolor M", "color", "--color never"},
	{"u user P password token", "header", "credentials in the URL (-s http://USER:PASSWORD@HOST), or -H " +
		"'Authorization: ...'"},
	{"host url p port b L", "server", "-s HOST or -s HOST:PORT"},
	{"t topic instance", "where", "INSTANCE without a flag; -e LIST selects event types"},
	{"C tail head lines limit m max-count", "count", "-n N, which stops after N events"},
	{"W timeout duration", "for", "--for DURATION"},
	{"S from", "since", "--since TIME"},
	{"U", "until", "--until TIME"},
	{"T timestamps", "time", "--time FORMAT"},
}

// foreignHint returns what to try instead of a flag or command of another program,
// on a command with these flags; "" if no other program is known to have it.
func foreignHint(name string, flags []string) string {
	for _, f := range foreign {
		if slices.Contains(strings.Fields(f.names), name) && (f.ours == "" || slices.Contains(flags, f.ours)) {
			return f.hint
		}
	}
	return ""
}

// unknownCommand returns the error for a word that is not a command: the
// closest command, or tail if the word may be an INSTANCE.
func unknownCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	hint := foreignHint(args[0], nil)
	if near := term.Nearest(args[0], names); hint == "" && near != "" {
		hint = "rtev " + near
	}
	instance := "rtev tail " + shellWord(args[0]) + ", if it is an INSTANCE; else rtev --help"
	return &usageError{msg: fmt.Sprintf("unknown command %q", args[0]), hint: cmp.Or(hint, instance)}
}

// flagError returns the error for flags that cannot be parsed, with what the
// user probably wants.
func flagError(c *cobra.Command, args []string, err error) error {
	if !c.HasParent() && len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		return unknownCommand(c, args) // the flags are those of the command that was meant
	}
	hint := c.CommandPath() + " --help"
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return &usageError{msg: err.Error(), hint: hint}
	}
	var flags []string
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			flags = append(flags, f.Name)
		}
	})
	name, letters := unknown.GetSpecifiedName(), unknown.GetSpecifiedShortnames()
	foreign, near := foreignHint(name, flags), term.Nearest(name, flags)
	switch _, err := strconv.Atoi(letters); {
	case err == nil && slices.Contains(flags, "count"):
		hint = "-n " + letters
	case foreign != "":
		hint = foreign
	case near != "":
		hint = c.CommandPath() + " --" + near
	}
	return &usageError{msg: err.Error(), hint: hint}
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
	flags := []string{"server", "header"}
	if !c.Flags().Changed("to") { // else they are for the broker
		flags = append(flags, "cacert", "cert", "key", "insecure")
	}
	if slices.Contains(args, "-") {
		if c.Name() == "history" {
			return &usageError{msg: "history reads from servers, not from - (standard input)", hint: "rtev tail - --since TIME"}
		}
		flags = append(flags, "demo", "retry", "idle-timeout", "once", "spool", "events-to")
		return withoutEffect(c, "on recorded events (-)", flags...)
	}
	if c.Flags().Changed("demo") {
		return withoutEffect(c, "with --demo, which asks no server", flags...)
	}
	return nil
}

// checkListen reports an address that nothing can listen on.
func checkListen(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil {
		return usagef("--listen: %v; it takes HOST:PORT or :PORT, such as :9546", err)
	}
	return nil
}

// noArguments is for commands without INSTANCE.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no argument, but %q was given", c.CommandPath(), args[0])
	}
	return nil
}

// shellWord quotes a word for a shell, where it needs quotes.
func shellWord(word string) string {
	if word != "" && !strings.ContainsAny(word, " \t\r\n'\"\\*?[]{}()<>|&;$`!#~") {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
