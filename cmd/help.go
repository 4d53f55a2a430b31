package cmd

import (
	"embed"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rtev/rtev/internal/term"
)

// helpTemplate prints a topic's text, or a command's usage.
const helpTemplate = `{{if or .Runnable .HasSubCommands}}{{.UsageString}}{{else}}{{.Long | trimTrailingWhitespaces}}
{{end}}`

// usageTemplate is cobra's own, with the examples first and lines of 80 columns.
const usageTemplate = `{{.CommandPath}}: {{.Short}}{{if .HasExample}}

Examples:
{{.Example}}{{end}}

Usage:
  {{if .HasAvailableSubCommands}}{{.CommandPath}} COMMAND [flags]{{else}}{{.UseLine}}{{end}}{{with .Long}}

{{. | trimTrailingWhitespaces}}{{end}}{{if .HasAvailableSubCommands}}{{$commands := .Commands}}{{range $group := .Groups}}

{{.Title}}{{range $commands}}{{if and (eq .GroupID $group.ID) .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{if not .Groups}}

Commands:{{range $commands}}{{if .IsAvailableCommand}}
  {{rpad .Name .NamePadding}} {{.Short}}{{end}}{{end}}{{end}}{{end}}{{if .HasHelpSubCommands}}

Topics:
  rtev help TOPIC:{{range .Commands}}{{if .IsAdditionalHelpTopicCommand}} {{.Name}}{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}

Flags:
{{flagUsages .LocalFlags}}{{end}}{{if .HasAvailableInheritedFlags}}

Flags of every command:
{{flagUsages .InheritedFlags}}{{end}}
`

// flagUsages returns the usages of flags, wrapped at 80 columns.
func flagUsages(f *pflag.FlagSet) string {
	list := pflag.NewFlagSet("", pflag.ContinueOnError)
	list.SortFlags = false
	f.VisitAll(func(flag *pflag.Flag) {
		shown := *flag
		if kind := shown.Value.Type(); kind == "bool" || kind == "count" {
			shown.Value, shown.NoOptDefVal, shown.DefValue = switchValue{}, "", ""
		}
		list.AddFlag(&shown)
	})
	return strings.TrimRight(list.FlagUsagesWrapped(80), "\n")
}

// switchValue makes pflag show a flag without the values that it could take.
type switchValue struct{}

func (switchValue) String() string   { return "" }
func (switchValue) Set(string) error { return nil }
func (switchValue) Type() string     { return "boolfunc" }

// newHelp returns the help command. Unlike cobra's, it fails for an unknown
// topic.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use: "help [COMMAND|TOPIC]", Short: "help about a command or topic",
		Example: "  rtev help tail\n  rtev help filters",
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) (list []string, _ cobra.ShellCompDirective) {
			for _, c := range root.Commands() {
				if len(args) == 0 && (c.IsAvailableCommand() || c.IsAdditionalHelpTopicCommand()) {
					list = append(list, cobra.CompletionWithDesc(c.Name(), c.Short))
				}
			}
			return list, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if len(args) > 0 && (err != nil || c == root || len(rest) > 0) {
				return unknownTopic(root, args)
			}
			c.InitDefaultHelpFlag()
			return c.Help()
		},
	}
}

// unknownTopic returns the error for a word that help knows nothing about.
func unknownTopic(root *cobra.Command, args []string) error {
	names := commandNames(root)
	for _, t := range topics() {
		names = append(names, t.Name())
	}
	e := &usageError{msg: fmt.Sprintf("no help on %q", strings.Join(args, " ")), hint: "rtev help"}
	if near := term.Nearest(args[0], names); near != "" {
		e.hint = "rtev help " + near
	}
	return e
}

//go:embed topics
var topicTexts embed.FS

// topics returns the texts that "rtev help TOPIC" prints, as commands that
// cannot run.
func topics() []*cobra.Command {
	var cmds []*cobra.Command
	for _, t := range []struct{ name, short string }{
		{"filters", "event types, field expressions, computed fields"},
		{"events", "the event types and their fields"},
		{"exit-codes", "what the exit status means"},
		{"environment", "environment variables"},
		{"config", "the configuration file, with an example"},
	} {
		text, err := topicTexts.ReadFile("topics/" + t.name + ".txt")
		if err != nil {
			panic(err) // the file is part of the program
		}
		cmds = append(cmds, &cobra.Command{Use: t.name, Short: t.short, Long: strings.TrimRight(string(text), "\n")})
	}
	return cmds
}

//go:embed help
var helpTexts embed.FS

// describe gives a command the text and the examples of its file.
func describe(c *cobra.Command) {
	text, err := helpTexts.ReadFile("help/" + c.Name() + ".txt")
	if err != nil {
		return
	}
	long, examples, _ := strings.Cut(string(text), "Examples:\n")
	c.Long, c.Example = strings.TrimRight(long, "\n"), strings.TrimRight(examples, "\n")
}
