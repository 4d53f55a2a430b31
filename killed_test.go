package main

import (
	"bytes"
	"context"
	"flag"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rtev/rtev/internal/simulator"
)

var kills = flag.Int("kills", 5, "how many processes TestKilled kills")

// TestKilled kills "rtev poll --spool" at random moments, several times. A last run
// with the same spool delivers the rest. Every drained event must be printed, except
// those in the last response of each killed run, which may not have arrived. Events
// that were written but not yet removed from the spool may be printed twice.
// (TestKilledAtAnyInstant of internal/poll knows exactly which events had arrived.)
func TestKilled(t *testing.T) { killed(t, nil) }

// killed is the body of TestKilled. published returns what a broker received from all
// runs; nil means that the events are on standard output.
func killed(t *testing.T, published func() []string, to ...string) {
	server, err := simulator.New(simulator.Options{Seed: 1, Rate: 2000, Record: true, Instances: simulator.Fleet(1)})
	check(t, err)
	defer server.Close()
	camera := ids(server)[0]
	var mu sync.Mutex           // one request at a time, so that its events are consecutive
	last := map[string][2]int{} // the range of events in each run's last response
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		from := len(server.Served(camera))
		defer func() { // even if the client was killed meanwhile, and ServeHTTP panics
			to := len(server.Served(camera))
			last[r.Header.Get("X-Run")] = [2]int{from, to}
		}()
		server.ServeHTTP(w, r)
	}))
	defer web.Close()
	dir := t.TempDir()
	seen := map[uint64]int{}
	var messages bytes.Buffer
	poll := func(ctx context.Context, run string, args ...string) error {
		out, err := os.Create(filepath.Join(dir, "out"))
		check(t, err)
		defer out.Close()
		args = append([]string{"poll", "-s", web.URL, "-H", "X-Run: " + run, "--config", "none", "-q", "-o", "ndjson", "-i",
			"20ms", "--spool", filepath.Join(dir, "spool"), camera}, append(args, to...)...)
		c := exec.CommandContext(ctx, "rtev", args...)
		c.Stdout, c.Stderr = out, &messages
		ended := c.Run()
		text, err := os.ReadFile(out.Name())
		check(t, err)
		for line := range strings.Lines(string(text)) {
			if line, whole := strings.CutSuffix(line, "\n"); whole { // a kill may cut the last line
				seen[simulator.Hash([]byte(line))]++
			}
		}
		return ended
	}
	for i := range *kills {
		ctx, kill := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond+rand.N(150*time.Millisecond), kill)
		if err := poll(ctx, strconv.Itoa(i)); err == nil {
			t.Fatal("poll ended by itself")
		}
		kill()
	}
	if err := poll(t.Context(), "last", "--once"); err != nil {
		t.Fatalf("%v: %s", err, messages.String())
	}
	if published != nil {
		for _, body := range published() {
			seen[simulator.Hash([]byte(body))]++
		}
	}
	web.Close() // waits for requests of killed runs that the server has not read yet
	inFlight := map[int]bool{}
	for run, response := range last {
		for i := response[0]; i < response[1] && run != "last"; i++ {
			inFlight[i] = true
		}
	}
	hashes := server.Served(camera)
	missing, lost, twice := 0, 0, 0
	for i, h := range hashes {
		switch n := seen[h]; {
		case n > 1:
			twice++
		case n == 0 && inFlight[i]:
			lost++
		case n == 0:
			missing++
		}
		delete(seen, h)
	}
	t.Logf("%d kills: %d events drained, %d came twice, %d were in flight and did not come", *kills, len(hashes), twice,
		lost)
	if len(hashes) == 0 || missing > 0 || len(seen) > 0 {
		t.Errorf("%d of %d events are missing, %d lines were never sent:\n%s", missing, len(hashes), len(seen),
			messages.String())
	}
}
