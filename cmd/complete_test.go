package cmd

import (
	"context"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/simulator"
)

func TestCompletions(t *testing.T) {
	file := writeConfig(t, `servers:
  - {name: north, url: http://nvr1}
  - {name: south, url: http://nvr2}
instances:
  - {name: yard, id: i, server: north}
defaults: {insecure: true}
`)
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"tail", "-s", ""}, "north|south"},
		{[]string{"instances", "--server", "n"}, "north"},
		{[]string{"crops", ""}, "yard"},
		{[]string{"tail", "--ev"}, "--events\tonly these types: LIST of names"},
		{[]string{"tail", "--hea"}, "--header\t"},
		{[]string{"tail", "-e", "!track,ev"}, "!track,event-intrusion\t"},
		{[]string{"tail", "-w", "ob"}, "object_class"},
		{[]string{"tail", "-w", "_class == Person && (!_pl"},
			"_class == Person && (!_place\t|_class == Person && (!area_name"},
		{[]string{"poll", "x", "-c", "_time,where=_pl"}, "_time,where=_place\t|_time,where=tripwire_name"},
		{[]string{"stats", "--by", ""}, "_class\t|object_class"},
	} {
		args := append([]string{"__complete", tc.args[0], "--config", file}, tc.args[1:]...)
		r := startDial(t, noNetwork, args...)
		check(t, <-r.ended)
		if strings.Contains(r.out.String(), "`") { // marks the name of a value in help
			t.Errorf("%q: a backquote in\n%s", tc.args, r.out.String())
		}
		for part := range strings.SplitSeq(tc.want, "|") {
			if !strings.Contains("\n"+r.out.String(), "\n"+part) {
				t.Errorf("%q: no %q in\n%s", tc.args, part, r.out.String())
			}
		}
	}
}

// Servers that do not answer cost a second, and those that do are offered.
func TestCompletionDoesNotWaitForDeadServers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := newSimulator(t, simulator.Options{Seed: 1, Instances: simulator.Fleet(1)})
		dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
			if strings.HasPrefix(addr, "sim:") {
				return sim.DialContext(ctx, network, addr)
			}
			time.Sleep(10 * time.Second)
			return nil, context.DeadlineExceeded
		}
		before := time.Now()
		r := startDial(t, dial, "__complete", "tail", "-s", "dead", "-s", "sim", "")
		err := <-r.ended
		defer time.Sleep(time.Minute) // the dial ends
		took := time.Since(before)
		if err != nil || took > time.Second || !strings.Contains(r.out.String(), "Gate\trunning") {
			t.Errorf("after %v: %v, %q", took, err, r.out.String())
		}
	})
}
