package cmd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"sync"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rtev/rtev/internal/config"
)

// app is one run of the program: what came from outside, and the flags that
// every command has.
type app struct {
	env
	cacert, cert, key string
	insecure          bool
	quiet             bool
	verbose           int
}

// run parses the arguments and runs the command they name. What cobra prints
// by itself (help, completion scripts, the version) can fail as well.
func run(ctx context.Context, e env) error {
	out := &stdout{to: e.stdout}
	e.stdout = out
	root := newRoot(&app{env: e})
	if len(e.args) > 0 && e.args[0] == cobra.ShellCompRequestCmd {
		plainUsages(root)
	}
	root.SetArgs(e.args)
	if err := root.ExecuteContext(ctx); err != nil {
		return err
	}
	return out.failed()
}

// stdout is standard output. Its errors are *stdoutError, so that they are not
// mistaken for those of a server's connection, and the first one is remembered.
// Safe for concurrent use.
type stdout struct {
	to io.Writer

	mu  sync.Mutex
	err error
}

// Write writes p. Its error is a *stdoutError.
func (o *stdout) Write(p []byte) (int, error) {
	n, err := o.to.Write(p)
	if err != nil {
		err = &stdoutError{err}
		o.mu.Lock()
		o.err = cmp.Or(o.err, err)
		o.mu.Unlock()
	}
	return n, err
}

// failed returns the error of the first Write that failed.
func (o *stdout) failed() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

const rootExample = `  rtev tail --demo                      see it without a server
  rtev tail -s nvr1 'gate*'             follow the instances whose names fit
  rtev tail -e 'event-*' -o ndjson | jq .
  rtev crops --once --spool q -d pics gate`

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use: "rtev", Short: "the events of CVEDIA RT Server, shown, filtered, kept", Example: rootExample,
		Version: version(), SuggestionsMinimumDistance: 2, SilenceErrors: true, SilenceUsage: true,
		Args: unknownCommand,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetOut(a.stdout)   // before the completion command, which keeps it
	root.SetErr(io.Discard) // cobra repeats there what run returns
	root.SetVersionTemplate("rtev {{.Version}}\n")
	root.SetUsageFunc(printUsage)
	root.SetHelpTemplate(helpTemplate)
	root.SetFlagErrorFunc(flagError)
	a.globals(root.PersistentFlags())
	root.AddGroup(&cobra.Group{ID: "read", Title: "Read events"}, &cobra.Group{ID: "more", Title: "More"})
	for _, c := range []*cobra.Command{newTail(a), newPoll(a), newCrops(a), newStats(a)} {
		c.GroupID = "read"
		root.AddCommand(c)
	}
	for _, c := range []*cobra.Command{newInstances(a), newSimulate(a)} {
		c.GroupID = "more"
		root.AddCommand(c)
	}
	root.AddCommand(topics()...)
	root.SetCompletionCommandGroupID("more")
	root.SetHelpCommandGroupID("more")
	addCompletion(root)
	completeGlobals(a, root)
	return root
}

func (a *app) globals(f *pflag.FlagSet) {
	f.SortFlags = false
	f.StringArrayP("server", "s", nil, "server `URL`, repeatable (http://localhost:3546)")
	f.StringArrayP("header", "H", nil, "`HEADER` K: V to send; 'K: @FILE' reads a file")
	f.StringVar(&a.cacert, "cacert", "", "trust the certificates in `FILE`")
	f.StringVar(&a.cert, "cert", "", "client certificate `FILE`")
	f.StringVar(&a.key, "key", "", "client key `FILE`")
	f.BoolVarP(&a.insecure, "insecure", "k", false, "do not check the server's certificate")
	f.StringP("output", "o", "text", "`FORMAT`: text, ndjson (or json), csv")
	f.String("color", "auto", "`WHEN`: auto, always, never")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "no notices but warnings")
	f.CountVarP(&a.verbose, "verbose", "v", "more notices; -vv: HTTP headers too")
	f.String("config", "", "configuration `FILE`; none reads no file")
}

// load joins flags, environment and file.
func (a *app) load(c *cobra.Command) (*config.Config, error) {
	return config.Load(c.Flags(), a.getenv)
}

// version is the module's version as the build recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return strings.TrimPrefix(info.Main.Version, "v")
}

func unknownCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	e := &usageError{msg: fmt.Sprintf("unknown command %q", args[0]), hint: "rtev --help"}
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		e.hint = "rtev " + near[0]
	}
	return e
}

// flagError names the nearest flag of the command.
func flagError(c *cobra.Command, err error) error {
	e := &usageError{msg: err.Error(), hint: c.CommandPath() + " --help"}
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		var names []string
		c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		if near := nearest(unknown.GetSpecifiedName(), names); near != "" {
			e.hint = c.CommandPath() + " --" + near
		}
	}
	return e
}

// nearest returns the name that differs least from the given one, "" when
// none is close: at most a third of the letters, and at least two, may differ.
func nearest(given string, names []string) string {
	best, least := "", max(2, len(given)/3)+1
	for _, n := range names {
		if d := levenshtein.ComputeDistance(strings.ToLower(given), strings.ToLower(n)); d < least {
			best, least = n, d
		}
	}
	return best
}
