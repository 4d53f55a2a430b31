package cmd

import (
	"embed"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helpTemplate is what a command is about, and then its usage.
const helpTemplate = `{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}

{{end}}{{if or .Runnable .HasSubCommands}}{{.UsageString}}{{end}}`

// printUsage prints examples first, then how a command is written, what there
// is below it, and its flags.
func printUsage(c *cobra.Command) error {
	w := c.OutOrStderr()
	if c.HasExample() {
		fmt.Fprintf(w, "Examples\n%s\n\n", c.Example)
	}
	if !c.HasAvailableSubCommands() {
		fmt.Fprintf(w, "Usage\n  %s\n", c.UseLine())
	} else {
		fmt.Fprintf(w, "Usage\n  %s COMMAND [flags]\n", c.CommandPath())
		printCommands(w, c)
	}
	printFlags(w, "Flags", c.LocalFlags())
	printFlags(w, "Flags of every command", c.InheritedFlags())
	return nil
}

func printCommands(w io.Writer, c *cobra.Command) {
	for _, group := range c.Groups() {
		fmt.Fprintf(w, "\n%s\n", group.Title)
		for _, sub := range c.Commands() {
			if sub.GroupID == group.ID && sub.IsAvailableCommand() {
				fmt.Fprintf(w, "  %-12s %s\n", sub.Name(), sub.Short)
			}
		}
	}
	fmt.Fprint(w, "\nTopics\n")
	for _, sub := range c.Commands() {
		if sub.IsAdditionalHelpTopicCommand() {
			fmt.Fprintf(w, "  help %-12s %s\n", sub.Name(), sub.Short)
		}
	}
}

// flagCells is how wide the column of flags is.
const flagCells = 24

// printFlags prints a flag a line, without the word that a boolean takes.
func printFlags(w io.Writer, title string, flags *pflag.FlagSet) {
	if !flags.HasAvailableFlags() {
		return
	}
	fmt.Fprintf(w, "\n%s\n", title)
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden {
			return
		}
		value, usage := pflag.UnquoteUsage(f)
		short := "   "
		if f.Shorthand != "" {
			short = "-" + f.Shorthand + ","
		}
		name := "--" + f.Name
		switch f.Value.Type() {
		case "bool", "count":
		default:
			name += " " + value
		}
		if d := f.DefValue; d != "" && d != "false" && d != "0" && d != "[]" && d != "0s" {
			usage += " (" + d + ")"
		}
		fmt.Fprintf(w, "  %s %-*s %s\n", short, flagCells, name, usage)
	})
}

//go:embed topics
var topicTexts embed.FS

// topics are the texts that "rtev help NAME" prints: commands that cannot run.
func topics() []*cobra.Command {
	var cmds []*cobra.Command
	for _, t := range []struct{ name, short string }{
		{"filters", "event types, field expressions, computed fields"},
		{"events", "the event types and their fields"},
		{"exit-codes", "what the exit status tells"},
		{"environment", "variables and the configuration file"},
	} {
		text, err := topicTexts.ReadFile("topics/" + t.name + ".txt")
		if err != nil {
			panic(err) // the file is part of the program
		}
		cmds = append(cmds, &cobra.Command{Use: t.name, Short: t.short, Long: strings.TrimRight(string(text), "\n")})
	}
	return cmds
}
