package cmd

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/simulator"
)

// check ends the test if err is not nil.
func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// rtev is a run of the program.
type rtev struct {
	out, err buffer
	stop     func()
	ended    chan error
}

// noNetwork is for runs that must open no connection.
func noNetwork(context.Context, string, string) (net.Conn, error) {
	return nil, errors.New("no network here")
}

// startDial runs the program with a network.
func startDial(t *testing.T, dial dialer, args ...string) *rtev {
	t.Helper()
	return startEnv(t, env{dial: dial}, args...)
}

// startEnv runs the program with an environment. Members that are not set have no
// effect, and no file of this machine is read.
func startEnv(t *testing.T, e env, args ...string) *rtev {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &rtev{stop: cancel, ended: make(chan error, 1)}
	e.args, e.stdout, e.stderr = args, &r.out, &r.err
	if e.getenv == nil {
		e.getenv = func(string) string { return "" }
	}
	if e.stdin == nil {
		e.stdin = strings.NewReader("")
	}
	if e.size == nil {
		e.size = func() (int, int) { return 0, 0 }
	}
	getenv := e.getenv
	e.getenv = func(name string) string {
		if name == "RTEV_CONFIG" {
			return "none"
		}
		return getenv(name)
	}
	e.keepPipe = func() {}
	go func() { r.ended <- run(ctx, e) }()
	return r
}

func (r *rtev) end(t *testing.T) {
	t.Helper()
	r.stop()
	if err := <-r.ended; err != nil {
		t.Errorf("ended with %v", err)
	}
}

// newSimulator starts a simulator that ends with the test.
func newSimulator(t *testing.T, o simulator.Options) *simulator.Server {
	t.Helper()
	s, err := simulator.New(o)
	check(t, err)
	t.Cleanup(s.Close)
	return s
}

func (r *rtev) wantNotice(t *testing.T, text string) {
	t.Helper()
	if !strings.Contains(r.err.String(), text) {
		t.Errorf("no notice %q in\n%s", text, r.err.String())
	}
}

func TestTheSetOfInstancesIsFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fleet := simulator.Fleet(3)
		late := fleet[2]
		sim := newSimulator(t, simulator.Options{Seed: 1, Instances: fleet[:2]})
		r := startDial(t, sim.DialContext, "tail", "-s", "http://sim", "-o", "csv", "-c", "_instance,instance_id")
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if strings.Contains(r.out.String(), late.Name) {
			t.Fatalf("%s is there before it was added", late.Name)
		}
		sim.AddInstance(late)
		time.Sleep(15 * time.Second)
		synctest.Wait()
		r.wantNotice(t, "rtev: "+late.Name+" joins\n")
		_, id, ok := strings.Cut(r.out.String(), "\n"+late.Name+",")
		if !ok {
			t.Fatalf("no event of %s within 15 s of its start", late.Name)
		}
		id, _, _ = strings.Cut(id, "\n")
		if !sim.RemoveInstance(id) {
			t.Fatalf("no instance %q", id)
		}
		time.Sleep(15 * time.Second)
		synctest.Wait()
		r.wantNotice(t, late.Name+" was deleted on the server")
		r.end(t)
	})
}

func TestDeadServerDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := newSimulator(t, simulator.Options{Seed: 1, Instances: simulator.Fleet(1)})
		two := newSimulator(t, simulator.Options{Seed: 2, Instances: []simulator.Instance{{Name: "Yard"}}})
		r := startDial(t, func(ctx context.Context, network, addr string) (net.Conn, error) {
			if strings.HasPrefix(addr, "sim2:") {
				return two.DialContext(ctx, network, addr)
			}
			return one.DialContext(ctx, network, addr)
		}, strings.Fields("tail -s http://sim -s http://sim2 -o csv -c _instance --no-header")...)
		time.Sleep(10 * time.Second)
		two.Close()
		time.Sleep(time.Second)
		synctest.Wait()
		before := strings.Count(r.out.String(), "Gate")
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if after := strings.Count(r.out.String(), "Gate"); before == 0 || after <= before {
			t.Errorf("%d events before the other server went, %d after", before, after)
		}
		if !strings.Contains(r.out.String(), "Yard\n") {
			t.Error("no event of the second server")
		}
		r.wantNotice(t, "Yard: connection lost")
		r.end(t)
	})
}

func TestManyLostConnectionsAreOneLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fault, err := simulator.ParseFault("drop=5s*1")
		check(t, err)
		sim := newSimulator(t, simulator.Options{Seed: 1, Instances: simulator.Fleet(20), Faults: []simulator.Fault{fault}})
		r := startDial(t, sim.DialContext, "tail", "-s", "http://sim", "-o", "ndjson")
		time.Sleep(8 * time.Second)
		synctest.Wait()
		if n := strings.Count(r.err.String(), "rtev: the same for 19 more instances of http://sim:3546\n"); n != 2 {
			t.Errorf("%d times the same:\n%s", n, r.err.String())
		}
		if n := strings.Count(r.err.String(), "\n"); n > 4 {
			t.Errorf("%d notices:\n%s", n, r.err.String())
		}
		r.end(t)
	})
}

func TestManyInstancesAreMergedWholeAndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := newSimulator(t, simulator.Options{Seed: 1, Instances: simulator.Fleet(100), Rate: 100, Count: 50,
			Record: true})
		r := startDial(t, sim.DialContext, "tail", "-s", "http://sim", "-o", "ndjson", "-q", "-n", "5000")
		check(t, <-r.ended)
		perInstance := map[string]int{}
		for line := range strings.Lines(r.out.String()) {
			if !strings.HasPrefix(line, "{") || !strings.HasSuffix(line, "}\n") {
				t.Fatalf("a torn line: %q", line)
			}
			_, id, _ := strings.Cut(line, `"instance_id":"`)
			id, _, _ = strings.Cut(id, `"`)
			perInstance[id]++
		}
		if len(perInstance) != 100 {
			t.Errorf("%d instances, want 100", len(perInstance))
		}
		for id, n := range perInstance {
			if n != 50 {
				t.Errorf("%s: %d events, want 50", id, n)
			}
		}
	})
}

func TestRetryWaitsForAServerThatIsNotThereYet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := newSimulator(t, simulator.Options{Seed: 1, Instances: simulator.Fleet(1)})
		up := time.Now().Add(20 * time.Second)
		r := startDial(t, func(ctx context.Context, network, addr string) (net.Conn, error) {
			if time.Now().Before(up) {
				return nil, syscall.ECONNREFUSED
			}
			return sim.DialContext(ctx, network, addr)
		}, "tail", "-s", "http://sim", "Gate", "--retry", "-k", "-o", "ndjson", "-n", "3")
		check(t, <-r.ended)
		if n := strings.Count(r.out.String(), "\n"); n != 3 {
			t.Errorf("%d lines, want 3", n)
		}
		if n := strings.Count(r.err.String(), "connection refused"); n != 1 {
			t.Errorf("%d notices, want 1:\n%s", n, r.err.String())
		}
		if n := strings.Count(r.err.String(), "certificates are not checked"); n != 1 {
			t.Errorf("%d warnings of -k, want 1:\n%s", n, r.err.String())
		}
	})
}
