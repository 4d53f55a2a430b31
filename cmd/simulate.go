package cmd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/simulator"
)

// clientFlags are the flags of every command that have no effect on a server.
var clientFlags = []string{"server", "header", "cacert", "cert", "key", "insecure", "output", "color", "config"}

func newSimulate(a *app) *cobra.Command {
	var o simulator.Options
	var listen, replay string
	var instances uint
	c := &cobra.Command{
		Use: "simulate", Short: "run a local RT Server with made-up traffic", Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			if err = withoutEffect(c, "on simulate", clientFlags...); err != nil {
				return err
			}
			if replay == "" {
				o.Instances = simulator.Fleet(int(instances))
			} else if o.Replay, err = os.ReadFile(replay); err != nil {
				return usagef("--replay: %v", err)
			}
			return a.simulate(c, o, listen)
		},
	}
	describe(c)
	c.Long += "\n"
	for _, f := range simulator.Faults() {
		c.Long += fmt.Sprintf("  %-26s%s\n", f.Usage, f.Meaning)
	}
	c.Long += "FAULT@2 affects all requests but the first, FAULT*1 only the first."
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&listen, "listen", "127.0.0.1:3546", "listen on `ADDR`; port 0 takes any free port")
	f.Uint64Var(&o.Seed, "seed", 1, "seed `N` of the random numbers")
	f.Func("rate", "`R` events per second and instance, or max (default: as in the scene)", func(text string) (err error) {
		if o.Rate = simulator.Max; text != "max" {
			o.Rate, err = strconv.ParseFloat(text, 64)
		}
		if err != nil || !(o.Rate > 0) {
			return errors.New("not a number of events per second, or max")
		}
		return nil
	})
	f.UintVar(&instances, "instances", 3, "`N` instances")
	f.IntVar(&o.Count, "count", 0, "end every stream after `N` events")
	f.Func("fault", "misbehave with `F`: NAME[=ARG][@FIRST][*TIMES]", func(text string) error {
		fault, err := simulator.ParseFault(text)
		o.Faults = append(o.Faults, fault)
		return err
	})
	f.StringVar(&replay, "replay", "",
		"send the recording in `FILE` (SSE, NDJSON, polling responses) instead of the scene")
	for _, name := range clientFlags { // hide the flags of the root command
		f.StringArray(name, nil, "")
		f.Lookup(name).Hidden = true
	}
	f.Lookup("insecure").NoOptDefVal = "true"
	return c
}

func (a *app) simulate(c *cobra.Command, o simulator.Options, listen string) error {
	if err := checkListen(listen); err != nil {
		return err
	}
	if a.verbose > 0 {
		o.Logf = func(f string, args ...any) { a.out.Notice("rtev: " + fmt.Sprintf(f, args...)) }
	}
	server, err := simulator.New(o)
	if err != nil {
		return usagef("%v", err)
	}
	defer server.Close()
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("%w; choose another address with --listen", err)
	}
	if !a.quiet {
		a.out.Notice(fmt.Sprintf("rtev: simulator on http://%s; its traffic is made up; press Ctrl-C to end it", l.Addr()))
	}
	defer context.AfterFunc(c.Context(), server.Close)()
	return runError(c.Context(), server.Serve(l), false)
}
