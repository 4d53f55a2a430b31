package cmd

import (
	"embed"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// prepareHelp adds cobra's help command, and makes it fail for an unknown topic.
func prepareHelp(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	help, _, _ := root.Find([]string{"help"})
	help.Run, help.RunE = nil, func(_ *cobra.Command, args []string) error {
		c, rest, err := root.Find(args)
		if err != nil || len(rest) > 0 {
			return &usageError{msg: fmt.Sprintf("no help on %q", strings.Join(args, " ")), hint: "rtev help"}
		}
		c.InitDefaultHelpFlag()
		return c.Help()
	}
}

// helpTexts holds the texts and examples of commands, the template that prints
// them, and the texts of topics.
//
//go:embed help topics
var helpTexts embed.FS

// helpText returns a file of helpTexts, "" if there is none.
func helpText(name string) string {
	text, _ := helpTexts.ReadFile(name)
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
