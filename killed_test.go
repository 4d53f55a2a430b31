package main

import (
	"context"
	"flag"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rtev/rtev/internal/simulator"
)

var kills = flag.Int("kills", 5, "how often TestKilled kills")

// TestKilled kills "rtev poll --spool" at any moment, again and again. A last
// run with the same spool brings what was left: every event comes out but those
// of an answer that was still on its way, and nothing else does. What had been
// written and not yet forgotten may come twice. (What exactly had arrived of
// the answer on its way is known to TestKilledAtAnyInstant of internal/poll.)
func TestKilled(t *testing.T) {
	server, err := simulator.New(simulator.Options{Seed: 1, Rate: 2000, Record: true, Instances: simulator.Fleet(1)})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	camera := ids(server)[0]
	var latest atomic.Int64 // how many events had been given when the latest answer began
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := server.Served(camera)
		latest.Store(int64(n))
		server.ServeHTTP(w, r)
	}))
	defer web.Close()
	dir := t.TempDir()
	seen, inFlight := map[uint64]int{}, map[int]bool{}
	read := func(path string) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if strings.HasSuffix(line, "\n") { // a kill may tear the last line
				seen[simulator.Hash([]byte(strings.TrimSuffix(line, "\n")))]++
			}
		}
	}
	poll := func(ctx context.Context, out string, args ...string) error {
		f, err := os.Create(out)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		args = append([]string{"poll", "-s", web.URL, "--config", "none", "-q", "-o", "ndjson", "-i", "20ms", "--spool", filepath.Join(dir, "spool"), camera}, args...)
		c := exec.CommandContext(ctx, "rtev", args...)
		c.Stdout, c.Stderr = f, io.Discard
		return c.Run()
	}
	for range *kills {
		ctx, kill := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond+rand.N(150*time.Millisecond), kill)
		out := filepath.Join(dir, "out")
		if err := poll(ctx, out); err == nil {
			t.Fatal("it ended by itself")
		}
		kill()
		read(out)
		n, _ := server.Served(camera)
		for i := int(latest.Load()); i < n; i++ {
			inFlight[i] = true
		}
	}
	out := filepath.Join(dir, "last")
	if err := poll(t.Context(), out, "--once"); err != nil {
		t.Fatal(err)
	}
	read(out)
	_, hashes := server.Served(camera)
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
	t.Logf("%d kills: %d events drained, %d came twice, %d of answers that were on their way when the process died did not come", *kills, len(hashes), twice, lost)
	if len(hashes) == 0 || missing > 0 || len(seen) > 0 {
		t.Errorf("%d of %d events are missing, %d lines were never sent", missing, len(hashes), len(seen))
	}
}
