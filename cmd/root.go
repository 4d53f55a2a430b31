package cmd

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rtev/rtev/internal/config"
	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/target"
)

// app is one run of the program: what came from outside, and the flags that
// every command has.
type app struct {
	env
	out               *format.Output // both of env, under one lock
	cacert, cert, key string
	insecure          bool
	quiet             bool
	verbose           int

	cfg    *config.Config // of load
	parsed *pflag.FlagSet // flags of the command that runs
}

// run parses the arguments and runs the command they name. What cobra prints
// by itself (help, completion scripts, the version) can fail as well.
func run(ctx context.Context, e env) error {
	a := &app{env: e, out: format.NewOutput(stdout{e.stdout}, e.stderr)}
	root := newRoot(a)
	if len(e.args) > 0 && e.args[0] == cobra.ShellCompRequestCmd {
		withoutQuotes(root)
	}
	root.SetArgs(e.args)
	if err := root.ExecuteContext(ctx); err != nil {
		return err
	}
	return a.out.Err()
}

// stdout is standard output. Its errors are *stdoutError, so that they are not
// mistaken for those of a server's connection.
type stdout struct{ io.Writer }

// Write writes p.
func (o stdout) Write(p []byte) (int, error) {
	n, err := o.Writer.Write(p)
	if err != nil {
		err = &stdoutError{err}
	}
	return n, err
}

// newRoot returns the command line.
func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use: "rtev COMMAND", Short: "watch, filter and save events from CVEDIA RT Server",
		Version: version() + " " + buildDetails(), SilenceErrors: true, SilenceUsage: true,
		Args: func(c *cobra.Command, args []string) error { return unknownCommand(c, args) },
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetOut(a.out)      // before the completion command, which keeps it
	root.SetErr(io.Discard) // cobra repeats there what run returns
	root.SetVersionTemplate("rtev {{.Version}}\n")
	cobra.AddTemplateFunc("plain", strings.NewReplacer("[=true|false]", strings.Repeat(" ", 13), "--verbose count",
		"--verbose      ").Replace)
	root.SetUsageTemplate(helpText("help/usage.tmpl") + "\n")
	root.SetHelpTemplate("{{.UsageString}}")
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return flagError(c, a.args, err) })
	a.globals(root.PersistentFlags())
	root.AddGroup(&cobra.Group{ID: "read", Title: "Read events:"}, &cobra.Group{ID: "more", Title: "More:"})
	describe(root)
	for _, c := range []*cobra.Command{newTail(a), newPoll(a), newCrops(a), newStats(a), newHistory(a)} {
		c.GroupID, c.PreRunE, c.ValidArgsFunction = "read", a.load, a.completeInstances
		describe(c)
		c.Long += exitHelp
		root.AddCommand(c)
	}
	for _, c := range []*cobra.Command{newInstances(a), newSimulate(a)} {
		c.GroupID = "more"
		root.AddCommand(c)
	}
	root.AddCommand(topics()...)
	root.SetCompletionCommandGroupID("more")
	prepareCompletion(root)
	prepareHelp(root)
	offer(root, "output", "text", "ndjson", "json", "csv")
	offer(root, "color", "auto", "always", "never")
	_ = root.RegisterFlagCompletionFunc("server", a.completeServers)
	return root
}

func (a *app) globals(f *pflag.FlagSet) {
	f.SortFlags = false
	f.StringArrayP("server", "s", nil, "`URL` or name, repeatable (http://localhost:3546)")
	f.StringArrayP("header", "H", nil, "send `HEADER` 'K: V'; 'K: @FILE' reads a file")
	f.StringVar(&a.cacert, "cacert", "", "trust the certificate authorities in `FILE`")
	f.StringVar(&a.cert, "cert", "", "client certificate `FILE`")
	f.StringVar(&a.key, "key", "", "client key `FILE`")
	f.BoolVarP(&a.insecure, "insecure", "k", false, "do not check the server's certificate")
	f.StringP("output", "o", "text", "`FORMAT`: text, ndjson, csv")
	f.String("color", "auto", "`WHEN`: auto, always, never")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "suppress notices, but not warnings about loss")
	f.CountVarP(&a.verbose, "verbose", "v", "print more notices; -vv: HTTP headers too")
	f.String("config", "", "configuration `FILE`; none reads no file")
}

// load joins flags, environment and file, and sets flags that were not given to
// the defaults of the file. It runs before a command copies its options.
func (a *app) load(c *cobra.Command, args []string) (err error) {
	if a.cfg, err = config.Load(c.Flags(), a.getenv); err != nil {
		return err
	}
	a.parsed = c.Flags()
	if err := withoutServer(c, args); err != nil {
		return err
	}
	var known []string
	for _, other := range c.Root().Commands() {
		if other.PreRunE != nil {
			other.LocalFlags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
			other.InheritedFlags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
		}
	}
	if err := a.cfg.ApplyDefaults(a.parsed, known); err != nil {
		return err
	}
	// The events= of a pasted URL were given on the command line, as -e is.
	if events := a.parsed.Lookup("events"); events != nil && !events.Changed &&
		slices.ContainsFunc(args, target.HasTypes) {
		return events.Value.(pflag.SliceValue).Replace(nil)
	}
	return nil
}

// version returns the module's version as the build recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	return cmp.Or(strings.TrimPrefix(strings.Trim(info.Main.Version, "()"), "v"), "devel")
}

// buildDetails returns the commit, the Go version and the platform.
func buildDetails() string {
	commit := ""
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				commit = "commit " + setting.Value[:min(12, len(setting.Value))] + ", "
			}
		}
	}
	return fmt.Sprintf("(%s%s, %s/%s)", commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
