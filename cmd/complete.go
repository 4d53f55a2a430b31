package cmd

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/simulator"
	"github.com/rtev/rtev/internal/term"
)

// completeWait is how long a completion waits for the servers.
const completeWait = time.Second

// register adds a completion for a flag. It panics if there is no such flag,
// which every start would show.
func register(c *cobra.Command, flag string, f cobra.CompletionFunc) {
	if err := c.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(err)
	}
}

// offer completes a flag with these values.
func offer(c *cobra.Command, flag string, values ...string) {
	register(c, flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

func completeGlobals(a *app, root *cobra.Command) {
	register(root, "output", func(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		formats := []string{"text", "ndjson", "json", "csv"}
		if c.Name() == "stats" {
			formats = append(formats, "prom")
		}
		return formats, cobra.ShellCompDirectiveNoFileComp
	})
	offer(root, "color", "auto", "always", "never")
	register(root, "server", a.completeServers)
	register(root, "header", cobra.NoFileCompletions)
}

func completeReading(a *app, c *cobra.Command) {
	register(c, "events", func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return listCompletions(typed, eventTypes()), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
	register(c, "where", fieldCompletions(" (!&|"))
	for _, flag := range []string{"count", "for"} {
		register(c, flag, cobra.NoFileCompletions)
	}
}

func completePrinting(c *cobra.Command) {
	register(c, "columns", fieldCompletions(",="))
	offer(c, "time", "clock", "rfc3339", "delta", "off")
	offer(c, "frame", "1280x720", "1920x1080", "3840x2160")
}

func completeSimulate(c *cobra.Command) {
	var faults []string
	for _, f := range simulator.Faults() {
		name, _, _ := strings.Cut(f.Usage, "=")
		faults = append(faults, cobra.CompletionWithDesc(name, f.Meaning))
	}
	offer(c, "fault", faults...)
	offer(c, "rate", "max")
}

func eventTypes() (list []string) {
	for _, t := range event.Types() {
		list = append(list, cobra.CompletionWithDesc(t.Name, t.Meaning))
	}
	return list
}

// listCompletions completes the last item of a list with commas, and keeps a !
// in front of it.
func listCompletions(typed string, items []string) (list []string) {
	front := typed[:strings.LastIndexByte(typed, ',')+1]
	if strings.HasPrefix(typed[len(front):], "!") {
		front += "!"
	}
	for _, item := range items {
		list = append(list, front+item)
	}
	return list
}

// completeInstances offers the names of the config file, then those of the
// servers that answer within a second. It ignores every error: a completion
// must not disturb the line that is being typed.
func (a *app) completeInstances(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	const done = cobra.ShellCompDirectiveNoFileComp
	if a.load(c, nil) != nil {
		return nil, done
	}
	for _, list := range []*[]string{&a.cfg.Server, &a.cfg.Header} { // cobra reads the flags twice before it completes
		slices.Sort(*list)
		*list = slices.Compact(*list)
	}
	var list []string
	for _, n := range a.cfg.Instances {
		list = append(list, cobra.CompletionWithDesc(n.Name, "config file"))
	}
	s := &session{app: a, notices: newNotices(format.NewOutput(io.Discard, io.Discard), a)}
	if demo := c.Flags().Lookup("demo"); demo != nil {
		s.demo = demo.Value.String() == "true"
	}
	listed := make(chan []string, 1)
	go func() { listed <- s.completions(c.Context()) }()
	select {
	case more := <-listed:
		list = append(list, more...)
	case <-time.After(2 * completeWait): // a header's file may be a pipe that nobody writes
	}
	return list, done
}

// completions returns the names of the instances of the servers that answer
// within completeWait.
func (s *session) completions(ctx context.Context) (list []string) {
	ctx, cancel := context.WithTimeout(ctx, completeWait)
	defer cancel()
	set, err := s.instances(nil)
	if err != nil {
		return nil
	}
	for _, l := range set.List(ctx) {
		for _, in := range l.Instances {
			list = append(list, cobra.CompletionWithDesc(term.Safe(in.Name), in.State()+", "+l.Client.Server()))
		}
	}
	if s.sim != nil {
		s.sim.Close()
	}
	return list
}

// prepareCompletion adds cobra's completion command, and makes it refuse a shell
// that it does not know.
func prepareCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	i := slices.IndexFunc(root.Commands(), func(c *cobra.Command) bool { return c.Name() == "completion" })
	c := root.Commands()[i]
	c.Short = "print the completion script for a shell"
	c.Long = "completion prints a script that completes commands, flags, types and names of\ninstances. \"rtev completion SHELL --help\" says how to load it."
	c.Example = "  rtev completion bash > /etc/bash_completion.d/rtev\n  source <(rtev completion zsh)\n  rtev completion fish | source"
	c.Args = func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef("no completion script for %q; there are bash, fish, powershell and zsh", args[0])
		}
		return nil
	}
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	c.PersistentPreRunE = func(c *cobra.Command, _ []string) error { return withoutEffect(c, "on completion", clientFlags...) }
}

// plainUsages removes the marks that name a flag's value from the usages: shells
// would show them.
func plainUsages(c *cobra.Command) {
	plain := func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, "`", "") }
	c.Flags().VisitAll(plain)
	c.PersistentFlags().VisitAll(plain)
	for _, sub := range c.Commands() {
		plainUsages(sub)
	}
}
