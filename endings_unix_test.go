//go:build unix

package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rtev/rtev/internal/simulator"
)

// died returns the signal that ended a command, or 0 if it exited.
func died(c *exec.Cmd) syscall.Signal {
	if s, ok := c.ProcessState.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return s.Signal()
	}
	return 0
}

// following starts a shell command in which rtev follows a server, and waits
// for its first line of output.
func following(t *testing.T, script string, args ...string) (c *exec.Cmd, messages *bytes.Buffer) {
	t.Helper()
	c = exec.CommandContext(t.Context(), "sh", append([]string{"-c", script, "sh"}, args...)...)
	messages = &bytes.Buffer{}
	c.Stderr = messages
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, out) //nolint:errcheck // it ends with the process
	return c, messages
}

// A signal ends a run cleanly, and then the process dies of the signal, so that
// shells and make see an interrupted program instead of an exit status.
func TestRunDiesOfItsSignal(t *testing.T) {
	server := start(t, simulator.Options{Seed: 1, Instances: simulator.Fleet(1)})
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		c, messages := following(t, `exec rtev tail -s "$1" -o ndjson --config none`, server)
		if err := c.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait()
		if got := died(c); got != sig || messages.Len() > 0 {
			t.Errorf("%v: ended with %v, %q", sig, c.ProcessState, messages)
		}
	}
}

// poll must catch the signal: what it prints at the end shows that it did.
func TestSignalIsCaught(t *testing.T) {
	server := start(t, simulator.Options{Seed: 1, Instances: simulator.Fleet(1)})
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		c := exec.CommandContext(t.Context(), "rtev", "stats", "-s", server, "-i", "1ms", "-o", "csv", "--config", "none")
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewReader(out)
		for range 2 { // the header is printed before the run begins
			if _, err := lines.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		rest, err := io.ReadAll(lines)
		if err != nil {
			t.Fatal(err)
		}
		_ = c.Wait()
		if !strings.Contains(string(rest), "total") {
			t.Errorf("%v: no total after the signal: %.200q", sig, rest)
		}
	}
}

// A hangup that was ignored when the process started stays ignored.
func TestNohupIgnoresHangup(t *testing.T) {
	server := start(t, simulator.Options{Seed: 1, Instances: simulator.Fleet(1)})
	c, _ := following(t, `trap "" HUP; exec rtev tail -s "$1" -o ndjson --config none`, server)
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM} {
		if err := c.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
	}
	_ = c.Wait()
	if got := died(c); got != syscall.SIGTERM {
		t.Errorf("ended with %v, want death by SIGTERM", c.ProcessState)
	}
}

// After the first signal rtev waits for its output, which nobody reads. The second
// signal ends the process immediately.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	server := start(t, simulator.Options{Seed: 1, Instances: simulator.Fleet(1), Rate: simulator.Max})
	c := exec.CommandContext(t.Context(), "rtev", "tail", "-s", server, "-o", "ndjson", "--config", "none")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	repeat := time.NewTicker(20 * time.Millisecond)
	defer repeat.Stop()
	for {
		select {
		case <-ended:
			if got := died(c); got != syscall.SIGINT && got != syscall.SIGTERM {
				t.Errorf("ended with %v", c.ProcessState)
			}
			return
		case <-repeat.C: // repeat it, since the first one may not have been handled yet
			_ = c.Process.Signal(syscall.SIGINT)
		}
	}
}

// If its reader goes away, the process dies of SIGPIPE without a message.
func TestClosedPipeKillsSilently(t *testing.T) {
	server := start(t, simulator.Options{Seed: 1, Instances: simulator.Fleet(1), Rate: simulator.Max})
	for _, args := range [][]string{{"tail", "-o", "ndjson"}, {"tail", "--exec", "cat"},
		{"poll", "Gate", "-i", "1ms", "--exec", "cat"}, {"stats", "-i", "1ms", "-o", "csv"},
		{"poll", "Gate", "-i", "1ms", "-o", "ndjson"}, {"--help"}, {"completion", "bash"}} {
		c := exec.CommandContext(t.Context(), "rtev", args...)
		var messages bytes.Buffer
		c.Stderr = &messages
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		c.Stdout = writer
		reader.Close()
		c.Env = append(os.Environ(), "XDG_STATE_HOME="+t.TempDir(), "RTEV_SERVER="+server, "RTEV_CONFIG=none")
		_ = c.Run()
		writer.Close()
		// poll names where it keeps what it drained
		if got := died(c); got != syscall.SIGPIPE || messages.Len() > 0 && args[0] != "poll" {
			t.Errorf("%s: ended with %v, %q", args[0], c.ProcessState, &messages)
		}
	}
}

// Only stdout may end the process by SIGPIPE, not a connection that the server
// has closed.
func TestBrokenConnectionIsNotSIGPIPE(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.(*net.TCPConn).SetLinger(0)
			c.Close()
		}
	}()
	header := filepath.Join(t.TempDir(), "header")
	if err := os.WriteFile(header, []byte(strings.Repeat("x", 1<<20)), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		got := rtev(t, nil, "tail", "-s", l.Addr().String(), "-H", "X: @"+header, camera)
		if got.code != 3 || strings.Count(got.errors, "\n") != 1 ||
			!strings.Contains(got.errors, "http://"+l.Addr().String()) {
			t.Fatalf("%+v", got)
		}
	}
}

// A command that drains a queue needs an open standard output.
func TestDrainRefusesClosedStdout(t *testing.T) {
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter,
		_ *http.Request) {
		requests.Add(1)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	run := func(redirect string, args ...string) (string, int) {
		c := exec.CommandContext(t.Context(), "sh",
			append([]string{"-c", `exec rtev "$@" --config none ` + redirect, "sh"}, args...)...)
		var messages bytes.Buffer
		c.Stderr = &messages
		_ = c.Run()
		return messages.String(), c.ProcessState.ExitCode()
	}
	for _, args := range [][]string{
		{"poll", camera, "--once", "-s", server.URL},
		{"crops", camera, "--once", "-s", server.URL, "-d", t.TempDir(), "--events-to", filepath.Join(t.TempDir(), "rest")},
	} {
		if message, code := run(">&-", args...); code != 5 || !strings.Contains(message, "standard output is closed") ||
			requests.Load() > 0 {
			t.Errorf("%s: status %d after %d requests, %q", args[0], code, requests.Load(), message)
		}
		if message, code := run(">/dev/null", args...); code != 0 || strings.Contains(message, "standard output") {
			t.Errorf("%s into /dev/null: status %d, %q", args[0], code, message)
		}
		requests.Store(0)
	}
}

// Help and completion scripts that cannot be written are status 5.
func TestFullDiskIsReported(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	for _, args := range []string{"--help", "help filters", "tail --help", "completion bash", "completion zsh",
		"completion fish", "completion powershell", "--version", "tail --demo -n 1", "stats --demo --for 1s",
		"instances --demo"} {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		c := exec.CommandContext(t.Context(), "rtev", strings.Fields(args)...)
		var messages bytes.Buffer
		c.Stdout, c.Stderr = full, &messages
		_ = c.Run()
		full.Close()
		if c.ProcessState.ExitCode() != 5 || messages.String() != "rtev: standard output: write /dev/stdout: no space "+
			"left on device\n" {
			t.Errorf("%s: %v, %q", args, c.ProcessState, &messages)
		}
	}
}
