package cmd

import (
	"embed"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/term"
)

// newHelp returns the help command. Unlike cobra's, it fails for an unknown topic.
func newHelp(root *cobra.Command) *cobra.Command {
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	return &cobra.Command{
		Use: "help [COMMAND|TOPIC]", Short: "help about a command or topic", ValidArgs: names,
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if len(args) > 0 && (err != nil || c == root || len(rest) > 0) {
				hint := strings.TrimSpace("rtev help " + term.Nearest(args[0], names))
				return &usageError{msg: fmt.Sprintf("no help on %q", strings.Join(args, " ")), hint: hint}
			}
			c.InitDefaultHelpFlag()
			return c.Help()
		},
	}
}

// helpTexts holds the texts and examples of commands, the template that prints
// them, and the texts of topics.
//
//go:embed help topics
var helpTexts embed.FS

// helpText returns a file of helpTexts, "" if there is none.
func helpText(name string) string {
	text, err := helpTexts.ReadFile(name)
	if err != nil {
		return ""
	}
	return strings.TrimRight(string(text), "\n")
}

// topics returns the texts that "rtev help TOPIC" prints, as commands that
// cannot run. The first line of a text says what it is about.
func topics() (cmds []*cobra.Command) {
	for _, name := range []string{"filters", "events", "exit-codes", "environment", "config"} {
		text := helpText("topics/" + name + ".txt")
		title, _, _ := strings.Cut(text, "\n")
		cmds = append(cmds, &cobra.Command{Use: name, Short: title, Long: text})
	}
	return cmds
}

// describe gives a command the text and the examples of its file.
func describe(c *cobra.Command) {
	text := helpText("help/" + c.Name() + ".txt")
	if text == "" {
		return
	}
	long, examples, _ := strings.Cut(text, "Examples:\n")
	c.Long, c.Example = strings.TrimRight(long, "\n"), examples
}
