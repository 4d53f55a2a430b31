//go:build unix

package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
	check(t, err)
	check(t, c.Start())
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	go io.Copy(io.Discard, out) //nolint:errcheck // it ends with the process
	return c, messages
}

// A signal ends a run cleanly: it prints what it prints at the end. Then the process
// dies of the signal, so that shells and make see an interrupted program instead of an
// exit status.
func TestRunDiesOfItsSignal(t *testing.T) {
	server := start(t, simulator.Options{Seed: 1, Instances: simulator.Fleet(1)})
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		c := command(t, nil, "stats", "-s", server, "-i", "1ms", "-o", "csv")
		var messages bytes.Buffer
		c.Stderr = &messages
		out, err := c.StdoutPipe()
		check(t, err)
		check(t, c.Start())
		lines := bufio.NewReader(out)
		for range 2 { // the header is printed before the run begins
			if _, err := lines.ReadString('\n'); err != nil {
				t.Fatal(err)
			}
		}
		check(t, c.Process.Signal(sig))
		rest, err := io.ReadAll(lines)
		check(t, err)
		_ = c.Wait()
		if died(c) != sig || !strings.Contains(string(rest), "total") || messages.Len() > 0 {
			t.Errorf("%v: ended with %v after %.200q, %q", sig, c.ProcessState, rest, &messages)
		}
	}
}

// A hangup that was ignored when the process started stays ignored.
func TestNohupIgnoresHangup(t *testing.T) {
	server := start(t, simulator.Options{Seed: 1, Instances: simulator.Fleet(1)})
	c, _ := following(t, `trap "" HUP; exec rtev tail -s "$1" -o ndjson --config none`, server)
	for _, sig := range []syscall.Signal{syscall.SIGHUP, syscall.SIGTERM} {
		check(t, c.Process.Signal(sig))
	}
	_ = c.Wait()
	if got := died(c); got != syscall.SIGTERM {
		t.Errorf("ended with %v, want death by SIGTERM", c.ProcessState)
	}
}

// After the first signal rtev waits for its output, which nobody reads. The second
// signal ends the process immediately.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	in, feed, err := os.Pipe()
	check(t, err)
	out, full, err := os.Pipe()
	check(t, err)
	for _, file := range []*os.File{in, feed, out, full} {
		defer file.Close()
	}
	c := command(t, nil, "tail", "-", "-o", "ndjson")
	c.Stdin, c.Stdout = in, full
	check(t, c.Start())
	check(t, feed.SetWriteDeadline(time.Now().Add(time.Second)))
	_, err = feed.Write(bytes.Repeat([]byte("{\"$id\":\"track\"}\n"), 1<<18))
	if !errors.Is(err, os.ErrDeadlineExceeded) { // rtev reads no more, as it cannot write
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	check(t, c.Process.Signal(syscall.SIGTERM))
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
	for _, args := range []string{
		"tail -o ndjson", "tail --exec cat", "poll Gate -i 1ms --exec cat", "stats -i 1ms -o csv",
		"poll Gate -i 1ms -o ndjson", "--help", "completion bash",
	} {
		c := command(t, []string{"XDG_STATE_HOME=" + t.TempDir(), "RTEV_SERVER=" + server}, strings.Fields(args)...)
		reader, writer, err := os.Pipe()
		check(t, err)
		c.Stdout = writer
		reader.Close()
		got := finish(t, c)
		writer.Close()
		keeps := strings.HasPrefix(args, "poll") // it names where it keeps what it drained
		if died(c) != syscall.SIGPIPE || got.errors != "" && !keeps {
			t.Errorf("%s: ended with %v, %q", args, c.ProcessState, got.errors)
		}
	}
}

// Only stdout may end the process by SIGPIPE, not a connection that the server
// has closed.
func TestBrokenConnectionIsNotSIGPIPE(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
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
	check(t, os.WriteFile(header, []byte(strings.Repeat("x", 1<<20)), 0o600))
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
	url, drained := queue(t, "[{}]")
	rest := filepath.Join(t.TempDir(), "rest")
	for _, args := range []string{"poll --once", "crops --once -d " + t.TempDir() + " --events-to " + rest} {
		for _, redirect := range []string{">&-", "1</dev/null", ">/dev/null"} {
			drained.Store(false)
			script := "exec rtev " + args + " --config none -s " + url + " " + camera + " " + redirect
			got := finish(t, exec.CommandContext(t.Context(), "sh", "-c", script))
			if works := redirect == ">/dev/null"; works != (got.code == 0) || works != drained.Load() ||
				!works && (got.code != 5 || !strings.Contains(got.errors, "standard output is closed")) {
				t.Errorf("%s %s: %+v, drained %v", args, redirect, got, drained.Load())
			}
		}
	}
}

// Help and completion scripts that cannot be written are status 5.
func TestFullDiskIsReported(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	for _, args := range []string{
		"--help", "help filters", "tail --help", "completion bash", "completion zsh", "completion fish",
		"completion powershell", "--version", "tail --demo -n 1", "stats --demo --for 1s", "instances --demo",
	} {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		check(t, err)
		c := command(t, nil, strings.Fields(args)...)
		c.Stdout = full
		got := finish(t, c)
		full.Close()
		if got.code != 5 || got.errors != "rtev: standard output: write /dev/stdout: no space left on device\n" {
			t.Errorf("%s: %+v", args, got)
		}
	}
}
