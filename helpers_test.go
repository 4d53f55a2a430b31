package main

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/rtev/rtev/internal/simulator"
)

const camera = "899c89f9-90c3-c633-8586-8f09b005ebed"

// check ends the test if err is not nil.
func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// command returns a command that runs rtev without a config file and with additional
// environment variables.
func command(t *testing.T, env []string, args ...string) *exec.Cmd {
	t.Helper()
	c := exec.CommandContext(t.Context(), "rtev", args...)
	c.Env = append(append(os.Environ(), "RTEV_CONFIG=none", "NO_PROXY=", "HTTP_PROXY=", "HTTPS_PROXY="), env...)
	return c
}

// result is how a run of the program ended.
type result struct {
	code        int
	out, errors string
}

// finish runs a command to its end. A stream that is already set stays empty in
// the result.
func finish(t *testing.T, c *exec.Cmd) result {
	t.Helper()
	var out, messages bytes.Buffer
	if c.Stdout == nil {
		c.Stdout = &out
	}
	if c.Stderr == nil {
		c.Stderr = &messages
	}
	var exit *exec.ExitError
	if err := c.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{c.ProcessState.ExitCode(), out.String(), messages.String()}
}

// rtev runs the program with additional environment variables.
func rtev(t *testing.T, env []string, args ...string) result {
	t.Helper()
	return finish(t, command(t, env, args...))
}

// queue serves one polling response, and then empty queues.
func queue(t *testing.T, response string) (url string, drained *atomic.Bool) {
	t.Helper()
	drained = new(atomic.Bool)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if drained.Swap(true) {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		io.WriteString(w, response)
	}))
	t.Cleanup(server.Close)
	return server.URL, drained
}

// has skips a test if a program or a file that it needs is not installed.
func has(t *testing.T, program string, files ...string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("%s is not installed", program)
	}
	for _, f := range files {
		if _, err := os.Stat(f); err != nil {
			t.Skipf("%s is not installed", f)
		}
	}
}

// programFolder returns a folder with rtev in it: a link to the test binary,
// which runs the program under that name.
func programFolder(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	check(t, err)
	dir := t.TempDir()
	check(t, os.Symlink(self, filepath.Join(dir, "rtev")))
	return dir
}

// start starts a simulator and returns its URL.
func start(t *testing.T, o simulator.Options) string {
	t.Helper()
	_, url := simulate(t, o)
	return url
}

func simulate(t *testing.T, o simulator.Options) (*simulator.Server, string) {
	t.Helper()
	sim, err := simulator.New(o)
	check(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	go sim.Serve(l) //nolint:errcheck // it ends with Close
	t.Cleanup(func() { sim.Close(); l.Close() })
	return sim, "http://" + l.Addr().String()
}
