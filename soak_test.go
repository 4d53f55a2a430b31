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

// A soak reads this many instances with so many events per second each. The idle
// time-out ends stalls. It is far longer than any pause of a busy machine, because
// closing a connection with unread bytes looks like a loss.
const (
	soaked = 20
	rate   = 50
	idle   = 20 * time.Second
)

// TestSoak reads 20 instances with all kinds of faults and compares what was
// written with what the simulator delivered. Meanwhile memory, goroutines and
// open files must not grow.
func TestSoak(t *testing.T) {
	server, err := simulator.New(simulator.Options{Seed: 1, Rate: rate, Record: true, Instances: fleet()})
	check(t, err)
	defer server.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	go server.Serve(l) //nolint:errcheck // it ends with Close
	var out tally
	notices := map[event.Kind]int{}
	var mu sync.Mutex
	client, err := rtapi.New(rtapi.Options{Server: l.Addr().String()})
	check(t, err)
	defer client.Close()
	ctx, stop := context.WithCancel(t.Context())
	output := format.NewOutput(&out, &bytes.Buffer{})
	group := pipeline.NewGroup(ctx, func() event.Sink {
		return format.NewWriter(format.NewNDJSON(format.NDJSONOptions{}), output)
	})
	for i, id := range ids(server) {
		group.Add(&stream.Live{
			Client: client, Instance: &event.Instance{ID: id, Name: fmt.Sprint("camera ", i)}, Retry: true, IdleTimeout: idle,
			Notify: func(n event.Notice) {
				mu.Lock()
				defer mu.Unlock()
				notices[n.Kind]++
			},
		})
	}
	samples := watch(*soak)
	for _, id := range ids(server) { // ends the streams; later ones are silent
		server.Stop(id)
	}
	var n, got int
	var sum, gotSum uint64
	waitUntil(func() bool {
		n, sum = delivered(server)
		got, gotSum = out.got()
		return got == n && gotSum == sum
	})
	stop()
	if err := group.Wait(); err != nil && err != context.Canceled {
		t.Errorf("the run ended with %v", err)
	}
	t.Logf("%d events in %v; connections lost %d, opened again %d, attempts refused %d; records skipped %d",
		got, *soak, notices[event.Lost], notices[event.Reconnected], notices[event.Retrying], notices[event.Skipped])
	if got != n || gotSum != sum || got == 0 || notices[event.Lost] == 0 {
		t.Errorf("%d events were delivered, %d were written; the same bytes: %v; connections lost: %d", n, got, gotSum == sum,
			notices[event.Lost])
	}
	flat(t, samples)
}

// fleet returns 20 instances with faults of their own on their first, second,
// … requests, enough for the whole soak.
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
			all[i].Faults = append(all[i].Faults, end, f) // the later of two timed faults wins
		}
	}
	return all
}

// tally is an output that counts lines and adds up their hashes. Its memory
// does not grow with the soak.
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

// delivered returns the same for what a simulator sent.
func delivered(server *simulator.Server) (n int, sum uint64) {
	for _, id := range ids(server) {
		hashes := server.Served(id)
		n += len(hashes)
		for _, h := range hashes {
			sum += h
		}
	}
	return n, sum
}

// sample is what the process uses at one moment.
type sample struct {
	heap              int64 // bytes in use
	goroutines, files int
}

// watch takes samples for d, and at least enough of them for flat.
func watch(d time.Duration) (all []sample) {
	step := time.NewTicker(max(d/60, 50*time.Millisecond))
	defer step.Stop()
	for end := time.Now().Add(d); time.Now().Before(end) || len(all) < 12; {
		<-step.C
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		fds, _ := os.ReadDir("/proc/self/fd") // none where there is no /proc
		all = append(all, sample{int64(m.HeapAlloc), runtime.NumGoroutine(), len(fds)})
	}
	return all
}

// flat compares the medians of the second and the last quarter, so that neither
// the start nor a peak counts as growth. It allows for the hashes that the
// simulator remembers.
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
		a, b := median(early, c.of), median(late, c.of)
		t.Logf("%s: %d, later %d", c.name, a, b)
		if b > a+c.allow {
			t.Errorf("%s grew from %d to %d", c.name, a, b)
		}
	}
}

func median(all []sample, of func(sample) int64) int64 {
	values := make([]int64, len(all))
	for i, s := range all {
		values[i] = of(s)
	}
	slices.Sort(values)
	return values[len(values)/2]
}
