package cmd

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/term"
)

// payloadFields are fields of payloads that -w, -c and --by complete.
const payloadFields = `object_class area_name area_id tripwire_name tripwire_id crossing_direction event_duration_ms
event_id tracking_id ref_event_id ref_tracking_id detection_confidence confidence is_moving age_ms location.x
location.y location.width location.height events.# targets.# name value current_framerate source_framerate latency
input_queue_size dropped_frames_count instance_id system_timestamp event_timestamp_ms`

// offer completes a flag with these values.
func offer(c *cobra.Command, flag string, values ...string) {
	_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
}

// completeTypes completes the last item of -e, and keeps a ! in front of it.
func completeTypes(_ *cobra.Command, _ []string, typed string) (list []string, _ cobra.ShellCompDirective) {
	front := typed[:strings.LastIndexAny(typed, ",!")+1]
	for _, t := range event.Types() {
		list = append(list, cobra.CompletionWithDesc(front+t.Name, t.Meaning))
	}
	return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}

// fieldCompletions completes the last field of what was typed, which starts after
// one of the characters in before.
func fieldCompletions(before string) cobra.CompletionFunc {
	return func(_ *cobra.Command, _ []string, typed string) (list []string, _ cobra.ShellCompDirective) {
		front := typed[:strings.LastIndexAny(typed, before)+1]
		for _, f := range event.Fields() {
			list = append(list, cobra.CompletionWithDesc(front+f.Name, f.Meaning))
		}
		for _, name := range strings.Fields(payloadFields) {
			list = append(list, front+name)
		}
		return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
}

// completeServers offers the names of the config file's servers.
func (a *app) completeServers(c *cobra.Command, _ []string, _ string) (list []string, _ cobra.ShellCompDirective) {
	if a.load(c, nil) == nil {
		for _, s := range a.cfg.Servers {
			list = append(list, s.Name)
		}
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}

// completeInstances offers the names of the config file, then those of the
// servers that answer within a second. It ignores every error: a completion
// must not disturb the line that is being typed.
func (a *app) completeInstances(c *cobra.Command, _ []string, _ string) (list []string, _ cobra.ShellCompDirective) {
	const done = cobra.ShellCompDirectiveNoFileComp
	if a.load(c, nil) != nil {
		return nil, done
	}
	for _, n := range a.cfg.Instances {
		list = append(list, n.Name)
	}
	a.verbose = 0 // no trace
	set, err := (&session{app: a}).instances()
	if err != nil {
		return list, done
	}
	ctx, cancel := context.WithTimeout(c.Context(), time.Second)
	defer cancel()
	_, listings := set.All(ctx)
	for _, l := range listings {
		for _, in := range l.Instances {
			list = append(list, cobra.CompletionWithDesc(term.Safe(in.Name), in.State()+", "+l.Client.Server()))
		}
	}
	return list, done
}

// prepareCompletion adds cobra's completion command, and makes it refuse a shell
// that it does not know.
func prepareCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	c, _, _ := root.Find([]string{"completion"})
	describe(c)
	c.Short = "print the completion script for a shell"
	c.Args = func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usagef("no completion script for %q; there are bash, fish, powershell and zsh", args[0])
		}
		return nil
	}
	for _, shell := range c.Commands() {
		shell.Args = noArguments
	}
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	c.PersistentPreRunE = func(c *cobra.Command, _ []string) error {
		return withoutEffect(c, "on completion", clientFlags...)
	}
}

// withoutQuotes removes the marks that name a flag's value from the usages, because
// shells would show them.
func withoutQuotes(c *cobra.Command) {
	plain := func(f *pflag.Flag) { f.Usage = strings.ReplaceAll(f.Usage, "`", "") }
	c.PersistentFlags().VisitAll(plain)
	for _, sub := range c.Commands() {
		sub.Flags().VisitAll(plain)
	}
}
