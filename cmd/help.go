package cmd

import (
	"embed"
	"strings"

	"github.com/spf13/cobra"
)

// helpTemplate and usageTemplate show examples first, then what there is, then
// the flags; commands in their groups.
const (
	helpTemplate = `{{with (or .Long .Short)}}{{. | trimTrailingWhitespaces}}

{{end}}{{if or .Runnable .HasSubCommands}}{{.UsageString}}{{end}}`

	usageTemplate = `{{if .HasExample}}Examples
{{.Example}}

{{end}}Usage
  {{if .HasAvailableSubCommands}}{{.CommandPath}} COMMAND [flags]{{else}}{{.UseLine}}{{end}}
{{if .HasAvailableSubCommands}}{{$cmds := .Commands}}{{range $group := .Groups}}
{{.Title}}
{{range $cmds}}{{if and (eq .GroupID $group.ID) .IsAvailableCommand}}  {{rpad .Name .NamePadding}} {{.Short}}
{{end}}{{end}}{{end}}
Topics
{{range $cmds}}{{if .IsAdditionalHelpTopicCommand}}  help {{rpad .Name 12}} {{.Short}}
{{end}}{{end}}{{end}}{{if .HasAvailableLocalFlags}}
Flags
{{.LocalFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}{{if .HasAvailableInheritedFlags}}
Flags of every command
{{.InheritedFlags.FlagUsages | trimTrailingWhitespaces}}
{{end}}`
)

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
