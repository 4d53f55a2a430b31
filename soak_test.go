package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/pipeline"
	"github.com/rtev/rtev/internal/rtapi"
	"github.com/rtev/rtev/internal/simulator"
	"github.com/rtev/rtev/internal/stream"
)

var soak = flag.Duration("soak", 3*time.Second, "how long TestSoak runs")

// How many instances a soak reads, and how many events a second each has.
const (
	soaked = 20
	rate   = 50
)

// TestSoak reads 20 instances with all kinds of faults, again and again, and
// compares what came out with what the simulator delivered. In between it
// looks at memory, goroutines and open files.
func TestSoak(t *testing.T) {
	server, err := simulator.New(simulator.Options{Seed: 1, Rate: rate, Record: true, Instances: fleet()})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go server.Serve(l) //nolint:errcheck // it ends with Close
	var out tally
	notices := map[event.Kind]int{}
	var mu sync.Mutex
	client, err := rtapi.New(rtapi.Options{Server: l.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx, stop := context.WithCancel(t.Context())
	output := format.NewOutput(&out, &bytes.Buffer{})
	group := pipeline.NewGroup(ctx, func(event.Source) event.Sink {
		return format.NewWriter(format.NewNDJSON(format.NDJSONOptions{}), output)
	})
	for i, id := range ids(server) {
		group.Add(&stream.Live{
			Client: client, Instance: &event.Instance{ID: id, Name: fmt.Sprint("camera ", i)}, Retry: true, IdleTimeout: time.Second,
			Notify: func(n event.Notice) {
				mu.Lock()
				defer mu.Unlock()
				notices[n.Kind]++
			},
		})
	}
	samples := watch(*soak)
	for _, id := range ids(server) { // what was sent arrives, and then nothing more comes
		server.SetRunning(id, false)
	}
	n, sum := delivered(server)
	for wait := time.Millisecond; wait < 5*time.Second; wait *= 2 { // the server counts an event after it was sent
		if got, _ := out.got(); got == n {
			break
		}
		time.Sleep(wait) // a poll with an end, not a wait for luck
		n, sum = delivered(server)
	}
	stop()
	if err := group.Wait(); err != nil && err != context.Canceled {
		t.Errorf("it ended with %v", err)
	}
	got, gotSum := out.got()
	t.Logf("%d events came out in %v; connections lost %d, opened again %d, attempts refused %d; records skipped %d",
		got, *soak, notices[event.Lost], notices[event.Reconnected], notices[event.Retrying], notices[event.Skipped])
	if got != n || gotSum != sum || got == 0 || notices[event.Lost] == 0 {
		t.Errorf("%d events were delivered and %d came out; the same bytes: %v", n, got, gotSum == sum)
	}
	flat(t, samples)
}

// fleet is 20 instances: each has faults of its own on its first, second, …
// requests, again and again for as long as a soak may run.
func fleet() []simulator.Instance {
	kinds := []string{
		"drop=2s", "cut=40", "reset=60", "cleanclose=80", "status=503", "stall=1m", "html",
		"garbage=7", "chunk=100", "gzip", "crlf", "comments", "status=429:1", "cut=3", "nocontenttype", "bom", "hugeheader",
	}
	all := simulator.Fleet(soaked)
	for i := range all {
		dice := rand.New(rand.NewPCG(1, uint64(i)))
		for n := range int(soak.Seconds()) + 20 {
			f, err := simulator.ParseFault(fmt.Sprintf("%s@%d*1", kinds[dice.IntN(len(kinds))], n+1))
			if err != nil {
				panic(err)
			}
			end := simulator.Fault{Name: "drop", Arg: fmt.Sprint(2+dice.IntN(5), "s"), First: n + 1, Times: 1}
			all[i].Faults = append(all[i].Faults, end, f) // the later one wins where both are timed
		}
	}
	return all
}

// tally is an output that knows how many lines it got, and the sum of their
// hashes: a soak's memory must not grow with what it counts.
type tally struct {
	mu   sync.Mutex
	rest []byte
	n    int
	sum  uint64
}

func (c *tally) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rest = append(c.rest, p...)
	for {
		line, rest, whole := bytes.Cut(c.rest, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		c.n++
		c.sum += simulator.Hash(line)
		c.rest = append(c.rest[:0], rest...)
	}
}

func (c *tally) got() (n int, sum uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n, c.sum
}

// delivered is the same of what a simulator sent.
func delivered(server *simulator.Server) (n int, sum uint64) {
	for _, id := range ids(server) {
		_, hashes := server.Served(id)
		n += len(hashes)
		for _, h := range hashes {
			sum += h
		}
	}
	return n, sum
}

// sample is what the process has at a moment.
type sample struct {
	heap              int64 // bytes in use
	goroutines, files int
}

// watch waits for d and takes samples meanwhile.
func watch(d time.Duration) (all []sample) {
	step := time.NewTicker(max(d/60, 50*time.Millisecond))
	defer step.Stop()
	for end := time.After(d); ; {
		select {
		case <-end:
			return all
		case <-step.C:
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		fds, _ := os.ReadDir("/proc/self/fd") // none where there is no /proc
		all = append(all, sample{int64(m.HeapAlloc), runtime.NumGoroutine(), len(fds)})
	}
}

// flat compares the second quarter with the last one: a start is no growth,
// and the middle of the values is no peak. The simulator remembers 8 bytes of each
// event, in a list with room to grow; that is allowed for.
func flat(t *testing.T, all []sample) {
	t.Helper()
	quarter := len(all) / 4
	early, late := all[quarter:2*quarter], all[3*quarter:]
	heap := func(s sample) int64 { return s.heap }
	for _, c := range []struct {
		name  string
		of    func(sample) int64
		allow int64
	}{
		{"heap", heap, 8<<20 + int64(soak.Seconds()*soaked*rate*20)},
		{"goroutines", func(s sample) int64 { return int64(s.goroutines) }, 2 * soaked},
		{"open files", func(s sample) int64 { return int64(s.files) }, 2 * soaked},
	} {
		a, b := middle(early, c.of), middle(late, c.of)
		t.Logf("%s: %d, later %d", c.name, a, b)
		if b > a+c.allow {
			t.Errorf("%s grew from %d to %d", c.name, a, b)
		}
	}
}

func middle(all []sample, of func(sample) int64) int64 {
	values := make([]int64, len(all))
	for i, s := range all {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
