package cmd

import (
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/simulator"
)

const simulateLong = `simulate runs a local RT Server with made-up traffic: people and vehicles enter
areas and cross tripwires at Gate, Dock and Car park. Use it to try rtev out and
to test other clients. The same seed produces the same events.

Faults (--fault, repeatable) make the event endpoints misbehave:
`

const simulateExample = `  rtev simulate &
  rtev tail -s localhost

  rtev simulate --rate max --count 1000000          as fast as the client reads
  rtev simulate --fault drop=5s --fault garbage=20
  rtev simulate --replay capture.sse`

type simulateOptions struct {
	listen    string
	seed      uint64
	rate      string
	count     int
	instances int
	faults    []string
	replay    string
	mix       string
}

func newSimulate(a *app) *cobra.Command {
	var o simulateOptions
	c := &cobra.Command{
		Use: "simulate", Short: "run a local RT Server with made-up traffic", Long: simulateLong + faultList(), Example: simulateExample,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return a.simulate(c, o) },
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&o.listen, "listen", "127.0.0.1:3546", "listen on `ADDR`; port 0 takes any free port")
	f.Uint64Var(&o.seed, "seed", 1, "seed `N` of the random numbers")
	f.StringVar(&o.rate, "rate", "", "`R` events per second and instance, or max (as the scene has it)")
	f.IntVar(&o.instances, "instances", 3, "`N` instances")
	f.IntVar(&o.count, "count", 0, "end every stream after `N` events")
	f.StringArrayVar(&o.faults, "fault", nil, "misbehave with `F`: NAME[=ARG][@FIRST][*TIMES]")
	f.StringVar(&o.replay, "replay", "", "send the capture in `FILE` (SSE, NDJSON, polling responses) instead of the scene")
	f.StringVar(&o.mix, "mix", "", "with --rate max: `KIND` of traffic: tracks, mixed (3 % crops) or crops (as the scene has it)")
	hideClientFlags(f)
	return c
}

// clientFlags are the flags of every command that have no effect on a server.
var clientFlags = []string{"server", "header", "cacert", "cert", "key", "insecure", "output", "color", "config"}

// hideClientFlags replaces clientFlags by hidden ones, which simulate refuses.
func hideClientFlags(f *pflag.FlagSet) {
	ignore := func(string) error { return nil }
	for _, name := range clientFlags {
		if name == "insecure" {
			f.BoolFunc(name, "", ignore)
		} else {
			f.Func(name, "", ignore)
		}
		f.Lookup(name).Hidden = true
	}
}

// faultList returns the table of faults for the help.
func faultList() string {
	var b strings.Builder
	for _, f := range simulator.Faults() {
		fmt.Fprintf(&b, "  %-26s%s\n", f.Usage, f.Meaning)
	}
	b.WriteString("FAULT@2 affects all requests but the first, FAULT*1 only the first.")
	return b.String()
}

func (o simulateOptions) compile() (simulator.Options, error) {
	so := simulator.Options{Seed: o.seed, Count: o.count, Mix: o.mix}
	if mixes := []string{simulator.MixScene, simulator.MixTracks, simulator.MixMixed, simulator.MixCrops}; !slices.Contains(mixes, o.mix) {
		return so, usagef("--mix %s: it is one of %s", o.mix, strings.Join(mixes[1:], ", "))
	}
	switch rate, err := strconv.ParseFloat(o.rate, 64); {
	case o.rate == "":
	case o.rate == "max":
		so.Rate = simulator.Max
	case err != nil || !(rate > 0):
		return so, usagef("--rate %s: it is a number of events per second, or max", o.rate)
	default:
		so.Rate = rate
	}
	if o.instances < 1 || o.instances > 10_000 {
		return so, usagef("--instances %d: it is a number from 1 to 10000", o.instances)
	}
	for _, text := range o.faults {
		fault, err := simulator.ParseFault(text)
		if err != nil {
			return so, usagef("--fault: %v", err)
		}
		so.Faults = append(so.Faults, fault)
	}
	if o.replay == "" {
		so.Instances = simulator.Fleet(o.instances)
		return so, nil
	}
	var err error
	so.Replay, err = os.ReadFile(o.replay)
	if err != nil {
		err = usagef("--replay: %v", err)
	}
	return so, err
}

func (a *app) simulate(c *cobra.Command, o simulateOptions) error {
	if err := withoutEffect(c, "on simulate", clientFlags...); err != nil {
		return err
	}
	so, err := o.compile()
	if err != nil {
		return err
	}
	out := format.NewOutput(io.Discard, a.stderr)
	if a.verbose > 0 {
		so.Logf = func(f string, args ...any) { out.Notice("rtev: " + fmt.Sprintf(f, args...)) }
	}
	server, err := simulator.New(so)
	if err != nil {
		return usagef("%v", err)
	}
	defer server.Close()
	l, err := net.Listen("tcp", o.listen)
	if err != nil {
		return fmt.Errorf("%w; choose another address with --listen", err)
	}
	if !a.quiet {
		out.Notice(fmt.Sprintf("rtev: simulator on http://%s; its traffic is made up; press Ctrl-C to end it", l.Addr()))
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err = <-ended:
		return err
	case <-c.Context().Done():
		_ = l.Close() // Serve returns because of it
		<-ended
		return runError(c.Context(), nil, false)
	}
}
