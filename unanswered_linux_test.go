package main

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// fullBacklog returns the address of a socket whose queue of connections is full, so
// that the kernel drops further ones without a response.
func fullBacklog(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	for range 4 {
		c, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = syscall.Close(c) })
		_ = syscall.Connect(c, name) // in progress
	}
	return fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
}

// Every command ends with status 3 and one line that names the server if the server
// accepts connections but never responds, or does not even accept them.
func TestUnansweredRequestsAreStatus3(t *testing.T) {
	t.Parallel()
	mute, err := net.Listen("tcp", "127.0.0.1:0") // the kernel accepts
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	var all sync.WaitGroup
	for _, server := range []string{mute.Addr().String(), fullBacklog(t)} {
		for _, command := range []string{"tail", "tail " + camera, "poll --once gate", "poll --once " + camera,
			"crops -q --once --events-to none " + camera, "stats -o ndjson " + camera, "stats --for 1s gate",
			"tail --for 1s gate", "instances"} {
			args := append(strings.Fields(command), "-s", server)
			if args[0] == "crops" {
				args = append(args, "-d", filepath.Join(t.TempDir(), "pictures"))
			}
			all.Go(func() {
				got := rtev(t, nil, args...)
				if got.code != 3 || !strings.Contains(got.errors, "http://"+server+": ") || strings.Count(got.errors, "\n") != 1 {
					t.Errorf("%s: %+v", command, got)
				}
			})
		}
	}
	all.Wait()
}
