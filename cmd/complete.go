package cmd

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/simulator"
)

// completeWait is how long a completion waits for the servers.
const completeWait = time.Second

func cause(c *cobra.Command) error { return context.Cause(c.Context()) }

// register panics only where a flag is not there, which every start would show.
func register(c *cobra.Command, flag string, f cobra.CompletionFunc) {
	if err := c.RegisterFlagCompletionFunc(flag, f); err != nil {
		panic(err)
	}
}

func completeGlobals(a *app, root *cobra.Command) {
	register(root, "output", cobra.FixedCompletions([]string{"text", "ndjson", "json", "csv", "prom"}, cobra.ShellCompDirectiveNoFileComp))
	register(root, "color", cobra.FixedCompletions([]string{"auto", "always", "never"}, cobra.ShellCompDirectiveNoFileComp))
	for _, flag := range []string{"server", "header"} {
		register(root, flag, cobra.NoFileCompletions)
	}
}

func completeReading(a *app, c *cobra.Command) {
	register(c, "events", func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return listCompletions(typed, eventTypes()), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
	register(c, "where", func(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return computedFields(), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
	for _, flag := range []string{"count", "for"} {
		register(c, flag, cobra.NoFileCompletions)
	}
}

func completePrinting(c *cobra.Command) {
	register(c, "columns", func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return listCompletions(typed, computedFields()), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
	register(c, "time", cobra.FixedCompletions([]string{"clock", "rfc3339", "delta", "off"}, cobra.ShellCompDirectiveNoFileComp))
	register(c, "frame", cobra.FixedCompletions([]string{"1280x720", "1920x1080", "3840x2160"}, cobra.ShellCompDirectiveNoFileComp))
}

func completeSimulate(c *cobra.Command) {
	var faults []string
	for _, f := range simulator.Faults() {
		name, _, _ := strings.Cut(f.Usage, "=")
		faults = append(faults, cobra.CompletionWithDesc(name, f.Meaning))
	}
	register(c, "fault", cobra.FixedCompletions(faults, cobra.ShellCompDirectiveNoFileComp))
	register(c, "mix", cobra.FixedCompletions([]string{simulator.MixTracks, simulator.MixMixed, simulator.MixCrops}, cobra.ShellCompDirectiveNoFileComp))
	register(c, "rate", cobra.FixedCompletions([]string{"max"}, cobra.ShellCompDirectiveNoFileComp))
}

func eventTypes() (list []string) {
	for _, t := range event.Types() {
		list = append(list, cobra.CompletionWithDesc(t.Name, t.Meaning))
	}
	return list
}

func computedFields() (list []string) {
	for _, f := range event.Fields() {
		list = append(list, cobra.CompletionWithDesc(f.Name, f.Meaning))
	}
	return list
}

// listCompletions completes the last item of a list with commas, and keeps a ! in front of it.
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
// servers that answer within a second. Every error is silent: a completion
// must not disturb the line that is being typed.
func (a *app) completeInstances(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	const done = cobra.ShellCompDirectiveNoFileComp
	cfg, err := a.load(c)
	if err != nil {
		return nil, done
	}
	cfg.Server, cfg.Header = once(cfg.Server), once(cfg.Header) // cobra reads the flags twice before it completes
	var list []string
	for _, n := range cfg.Instances {
		list = append(list, cobra.CompletionWithDesc(n.Name, "config file"))
	}
	ctx, cancel := context.WithTimeout(c.Context(), completeWait)
	defer cancel()
	s := &session{app: a, cfg: cfg, ctx: ctx, voice: newVoice(format.NewOutput(nil, nil), a)}
	if demo := c.Flags().Lookup("demo"); demo != nil {
		s.demo = demo.Value.String() == "true"
	}
	f, err := s.open()
	if err != nil {
		return list, done
	}
	f.list(ctx)
	for i, instances := range f.lists {
		for _, in := range instances {
			name := string(format.AppendSafe(nil, in.Name))
			list = append(list, cobra.CompletionWithDesc(name, in.State()+", "+f.servers[i].Server()))
		}
	}
	if s.sim != nil {
		s.sim.Close()
	}
	return list, done
}

// once returns the items of a list without those that stood before.
func once(list []string) (kept []string) {
	for _, item := range list {
		if !slices.Contains(kept, item) {
			kept = append(kept, item)
		}
	}
	return kept
}
