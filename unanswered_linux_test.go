package main

import (
	"fmt"
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
	check(t, err)
	t.Cleanup(func() { _ = syscall.Close(fd) })
	check(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	check(t, syscall.Listen(fd, 0))
	name, err := syscall.Getsockname(fd)
	check(t, err)
	for range 4 {
		c, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
		check(t, err)
		t.Cleanup(func() { _ = syscall.Close(c) })
		_ = syscall.Connect(c, name) // in progress
	}
	return fmt.Sprintf("127.0.0.1:%d", name.(*syscall.SockaddrInet4).Port)
}

// Every command ends with status 3 and one line that names the server if the server
// does not accept connections. (TestUnreachableServerOfEveryCommand in cmd covers the
// other ways not to answer.)
func TestUnansweredRequestsAreStatus3(t *testing.T) {
	t.Parallel()
	server := fullBacklog(t)
	var all sync.WaitGroup
	for _, command := range []string{
		"tail", "tail " + camera, "poll --once gate", "poll --once " + camera, "stats -o ndjson " + camera,
		"crops -q --once --events-to none -d " + t.TempDir() + " " + camera, "stats --for 1s gate",
		"tail --for 1s gate", "instances",
	} {
		all.Go(func() {
			got := rtev(t, nil, append(strings.Fields(command), "-s", server)...)
			if got.code != 3 || !strings.Contains(got.errors, "http://"+server+": ") || strings.Count(got.errors, "\n") != 1 {
				t.Errorf("%s: %+v", command, got)
			}
		})
	}
	all.Wait()
}
