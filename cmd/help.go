package cmd

import (
	"embed"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// helpTemplate prints a topic's text, or a command's usage.
const helpTemplate = `{{if or .Runnable .HasSubCommands}}{{.UsageString}}{{else}}{{.Long | trimTrailingWhitespaces}}
{{end}}`

// printUsage prints examples first, then how a command is written, what it is
// about, what there is below it, and its flags.
func printUsage(c *cobra.Command) error {
	w := c.OutOrStderr()
	fmt.Fprintf(w, "%s: %s\n\n", c.CommandPath(), c.Short)
	if c.HasExample() {
		fmt.Fprintf(w, "Examples\n%s\n\n", c.Example)
	}
	use := c.UseLine()
	if c.HasAvailableSubCommands() {
		use = c.CommandPath() + " COMMAND [flags]"
	}
	fmt.Fprintf(w, "Usage\n  %s\n", use)
	if c.Long != "" {
		fmt.Fprintf(w, "\n%s\n", strings.TrimSpace(c.Long))
	}
	if c.HasAvailableSubCommands() {
		printCommands(w, c)
	}
	printFlags(w, "Flags", c.LocalFlags())
	printFlags(w, "Flags of every command", c.InheritedFlags())
	return nil
}

func printCommands(w io.Writer, c *cobra.Command) {
	for _, group := range append(c.Groups(), &cobra.Group{Title: "Commands"}) {
		title := "\n" + group.Title + "\n"
		for _, sub := range c.Commands() {
			if sub.GroupID == group.ID && sub.IsAvailableCommand() {
				fmt.Fprintf(w, "%s  %-12s %s\n", title, sub.Name(), sub.Short)
				title = ""
			}
		}
	}
	var topics []string
	for _, sub := range c.Commands() {
		if sub.IsAdditionalHelpTopicCommand() {
			topics = append(topics, sub.Name())
		}
	}
	if topics != nil {
		fmt.Fprintf(w, "\nTopics\n  %s help %s\n", c.CommandPath(), strings.Join(topics, "|"))
	}
}

// flagCells is how wide the column of flags is, helpCells the whole help.
const (
	flagCells = 23
	helpCells = 80
)

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
		const indent = len("  -x,  ") + flagCells
		fmt.Fprintf(w, "  %s %-*s %s\n", short, flagCells, name, wrap(usage, max(indent, len(name)+len("  -x,  ")), indent))
	})
}

// wrap breaks a text that starts in the column at, so that no line passes the
// edge; the lines after the first start in the column indent.
func wrap(text string, at, indent int) string {
	var b strings.Builder
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case at+1+len(word) > helpCells:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			at = indent
		default:
			b.WriteByte(' ')
			at++
		}
		b.WriteString(word)
		at += len(word)
	}
	return b.String()
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
