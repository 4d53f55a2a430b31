package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/rtev/rtev/internal/simulator"
)

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
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(self, filepath.Join(dir, "rtev")); err != nil {
		t.Fatal(err)
	}
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
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go sim.Serve(l) //nolint:errcheck // it ends with Close
	t.Cleanup(func() { sim.Close(); l.Close() })
	return sim, "http://" + l.Addr().String()
}
