package cmd

import (
	"bytes"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// addCompletion adds cobra's completion command, with a script for bash that
// completes lists.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" {
			c.Short = "print the completions for a shell"
			c.Example = "  rtev completion bash > /etc/bash_completion.d/rtev\n  source <(rtev completion zsh)\n  rtev completion fish | source"
		}
	}
	bash, _, err := root.Find([]string{"completion", "bash"})
	if err != nil {
		panic(err) // cobra has no such command any more
	}
	bash.RunE = func(c *cobra.Command, _ []string) error {
		plain, err := c.Flags().GetBool("no-descriptions")
		if err != nil {
			return err
		}
		return bashCompletion(root, c.OutOrStdout(), !plain)
	}
}

// bashCompletion writes cobra's script for bash and lets commas stand: the
// script compares what was typed with names escaped by printf %q, which
// escapes commas, so that only the first item of a list would be completed.
func bashCompletion(root *cobra.Command, w io.Writer, descriptions bool) error {
	var b bytes.Buffer
	if err := root.GenBashCompletionV2(&b, descriptions); err != nil {
		return err
	}
	script := b.String()
	for line, name := range map[string]string{
		`|| comp=$(printf "%q" "${compline%%$tab*}")`:          "comp",
		`COMPREPLY[0]=$(printf "%q" "${COMPREPLY[0]%%$tab*}")`: "COMPREPLY[0]",
	} {
		script = strings.ReplaceAll(script, line+"\n", line+"\n        "+name+"=${"+name+`//\\,/,}`+"\n")
	}
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
