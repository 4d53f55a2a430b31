package cmd

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/simulator"
)

const simulateLong = `simulate runs a local RT Server whose traffic is made up: a few cameras, people
and vehicles that walk through areas and over tripwires, pictures drawn at run
time. It is for trying rtev out and for testing against; no number and no
picture in it comes from a real place. The same seed tells the same events.

Faults (--fault, repeatable), on which the event endpoints misbehave:
`

const simulateExample = `  rtev simulate &
  rtev tail -s localhost

  rtev simulate --rate max --count 1000000          as fast as the reader reads
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
	f.StringVar(&o.listen, "listen", "127.0.0.1:3546", "`ADDR`ess to listen on; port 0 takes any")
	f.Uint64Var(&o.seed, "seed", 1, "the same `N` tells the same events")
	f.StringVar(&o.rate, "rate", "", "`R` events a second and instance, or max; the scene's own pace unless given")
	f.IntVar(&o.instances, "instances", 3, "`N` instances")
	f.IntVar(&o.count, "count", 0, "end every stream after `N` events")
	f.StringArrayVar(&o.faults, "fault", nil, "misbehave with `F`: NAME[=ARG][@FIRST][*TIMES]")
	f.StringVar(&o.replay, "replay", "", "send the capture in `FILE` (SSE, NDJSON, polling answers) instead of the scene")
	f.StringVar(&o.mix, "mix", "", "with --rate max: `KIND` of traffic: tracks, mixed (3 % crops), crops; the scene's unless given")
	completeSimulate(c)
	return c
}

// faultList is the table of faults for the help.
func faultList() string {
	var b strings.Builder
	for _, f := range simulator.Faults() {
		fmt.Fprintf(&b, "  %-26s%s\n", f.Usage, f.Meaning)
	}
	b.WriteString("FAULT@2 meets all requests of an instance but the first, FAULT*1 the first only.")
	return b.String()
}

func (o simulateOptions) compile() (simulator.Options, error) {
	so := simulator.Options{Seed: o.seed, Count: o.count, Mix: o.mix}
	if mixes := []string{simulator.MixScene, simulator.MixTracks, simulator.MixMixed, simulator.MixCrops}; !slices.Contains(mixes, o.mix) {
		return so, usagef("--mix %s: it is %s", o.mix, strings.Join(mixes[1:], ", "))
	}
	switch rate, err := strconv.ParseFloat(o.rate, 64); {
	case o.rate == "":
	case o.rate == "max":
		so.Rate = simulator.Max
	case err != nil || !(rate > 0):
		return so, usagef("--rate %s: events a second, or max", o.rate)
	default:
		so.Rate = rate
	}
	if o.instances < 1 || o.instances > 10_000 {
		return so, usagef("--instances %d: 1 to 10000", o.instances)
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
	if _, err := a.load(c); err != nil {
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
		return fmt.Errorf("%w; --listen takes another address", err)
	}
	if !a.quiet {
		out.Notice(fmt.Sprintf("rtev: simulator on http://%s; its traffic is made up; Ctrl-C ends it", l.Addr()))
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err = <-ended:
		return err
	case <-c.Context().Done():
		_ = l.Close() // Serve returns because of it
		<-ended
		var sig *signalError
		if errors.As(cause(c), &sig) {
			return sig
		}
		return nil
	}
}
