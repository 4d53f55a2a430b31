package cmd

import (
	"bytes"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// addCompletion adds cobra's completion command, with scripts for bash and zsh
// that find names in any case, as commands do, and topics to the help command's.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	completeHelp(root)
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.Short = "print the completions for a shell"
			c.Example = "  rtev completion bash > /etc/bash_completion.d/rtev\n  source <(rtev completion zsh)\n  rtev completion fish | source"
		}
	}
	for shell, script := range map[string]func(*cobra.Command, io.Writer, bool) error{"bash": bashCompletion, "zsh": zshCompletion} {
		c, _, err := root.Find([]string{"completion", shell})
		if err != nil {
			panic(err) // cobra has no such command any more
		}
		c.RunE = func(c *cobra.Command, _ []string) error {
			plain, err := c.Flags().GetBool("no-descriptions")
			if err != nil {
				return err
			}
			return script(root, c.OutOrStdout(), !plain)
		}
	}
}

// completeHelp lets "rtev help" complete topics beside cobra's commands.
func completeHelp(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	help, _, err := root.Find([]string{"help"})
	if err != nil {
		panic(err) // cobra has no such command any more
	}
	commands := help.ValidArgsFunction
	help.ValidArgsFunction = func(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
		list, directive := commands(c, args, typed)
		for _, t := range topics() {
			if len(args) == 0 && strings.HasPrefix(t.Name(), typed) {
				list = append(list, cobra.CompletionWithDesc(t.Name(), t.Short))
			}
		}
		return list, directive
	}
}

// bashChanges are what cobra's script for bash lacks.
var bashChanges = strings.NewReplacer(
	// printf %q escapes commas, which nobody types so: of a list only the first item would be completed.
	`|| comp=$(printf "%q" "${compline%%$tab*}")`, `|| comp=$(printf "%q" "${compline%%$tab*}")
        comp=${comp//\\,/,}`,
	// What several names have in common is put into the line as it is listed: listed names are escaped.
	`  We don't escape the completion because it may get printed
        # in a list if there are more than one and we don't want show escape characters
        # in that list.
        COMPREPLY+=("$compline")

        # Strip any description before checking the length, and again, don't escape
        # the completion because this length is only used when printing the completions
        # in a list and we don't want show escape characters in that list.
        comp=${compline%%$tab*}
`, `
        COMPREPLY+=("$comp${compline#"${compline%%$tab*}"}")

`,
	`COMPREPLY[0]=$(printf "%q" "${COMPREPLY[0]%%$tab*}")`, `COMPREPLY[0]=${COMPREPLY[0]%%$tab*}`,
	// Names fit in any case.
	"    # If there is a single completion left,", `    # Nothing fits as it was typed: look again, in any case
    if ((${#COMPREPLY[*]} == 0)) && ! shopt -q nocasematch; then
        shopt -s nocasematch
        __rtev_handle_standard_completion_case
        shopt -u nocasematch
        return 0
    fi

    # If there is a single completion left,`,
)

// bashCompletion writes cobra's script for bash, changed as above.
func bashCompletion(root *cobra.Command, w io.Writer, descriptions bool) error {
	var b bytes.Buffer
	if err := root.GenBashCompletionV2(&b, descriptions); err != nil {
		return err
	}
	_, err := bashChanges.WriteString(w, b.String())
	return err
}

// zshCompletion writes cobra's script for zsh, with names in any case. Flags
// and commands keep theirs: rtev offers only those that start as typed.
func zshCompletion(root *cobra.Command, w io.Writer, descriptions bool) error {
	var b bytes.Buffer
	generate := root.GenZshCompletion
	if !descriptions {
		generate = root.GenZshCompletionNoDesc
	}
	if err := generate(&b); err != nil {
		return err
	}
	const describe = `completions $flagPrefix $noSpace`
	script := strings.Replace(b.String(), describe, describe+` -M "'m:{[:lower:][:upper:]}={[:upper:][:lower:]}'"`, 1)
	_, err := io.WriteString(w, script)
	return err
}

// plainUsages takes the marks that name a flag's value out of the usages: a
// shell shows them as they are.
func plainUsages(c *cobra.Command) {
	plain := func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, "`", "") }
	c.Flags().VisitAll(plain)
	c.PersistentFlags().VisitAll(plain)
	for _, sub := range c.Commands() {
		plainUsages(sub)
	}
}
