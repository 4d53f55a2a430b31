package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rtev/rtev/internal/simulator"
)

// tooMuch is the status of within if a command used more than it may.
const tooMuch = 99

// within is a program for scripts: "within 500ms 64MB CMD…" runs CMD and ends
// with its status, or with tooMuch if CMD used more CPU time or memory. It is a
// separate process because on Linux a child's peak starts at its parent's size.
func within() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: within CPU MEMORY CMD [ARG...]")
		os.Exit(2)
	}
	most, err := time.ParseDuration(os.Args[1])
	space, err2 := strconv.ParseInt(strings.TrimSuffix(os.Args[2], "MB"), 10, 32)
	if err := errors.Join(err, err2); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	c := exec.Command(os.Args[3], os.Args[4:]...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := c.Run(); c.ProcessState == nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	took, had := c.ProcessState.UserTime()+c.ProcessState.SystemTime(), peak(c.ProcessState)
	if file := os.Getenv("COST"); file != "" { // for choosing limits
		f, _ := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		fmt.Fprintf(f, "%v %d MB: %s\n", took, had/1e6, strings.Join(os.Args[3:], " "))
		f.Close()
	}
	if took > slack*most || had > slack*space*1e6 {
		fmt.Fprintf(os.Stderr, "it took %v of CPU time and %d MB\n", took, had/1e6)
		os.Exit(tooMuch)
	}
	os.Exit(c.ProcessState.ExitCode())
}

// servers are the simulators of a script, by the variable with their address.
type servers map[string]*simulator.Server

// started is the key of a script's servers.
type started struct{}

// served FILE [NAME] checks that the lines of FILE are exactly the events that the
// server delivered, over all instances and connections: byte for byte, and each as
// often as it was delivered.
func served(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: served FILE [NAME]")
	}
	name := append(args, "SERVER")[1]
	server, ok := ts.Value(started{}).(servers)[name]
	if !ok {
		ts.Fatalf("no server %s", name)
	}
	var missing, forged int
	waitUntil(func() bool { // the simulator counts an event after sending it
		missing, forged = compare(ts.ReadFile(args[0]), deliveries(server))
		return missing+forged == 0
	})
	if missing+forged > 0 {
		ts.Fatalf("%d events were delivered and are not in %s, %d lines were not delivered, or not so often", missing,
			args[0], forged)
	}
}

// waitUntil calls done until it returns true. It gives up after half a minute, which
// only failing tests take.
func waitUntil(done func() bool) {
	for end := time.Now().Add(30 * time.Second); !done() && time.Now().Before(end); {
		time.Sleep(time.Millisecond) // polling another process
	}
}

// deliveries counts the events that a simulator delivered, by hash.
func deliveries(server *simulator.Server) map[uint64]int {
	given := map[uint64]int{}
	for _, id := range ids(server) {
		hashes := server.Served(id)
		for _, h := range hashes {
			given[h]++
		}
	}
	return given
}

// ids returns the ids of a simulator's instances.
func ids(server *simulator.Server) (list []string) {
	w := httptest.NewRecorder()
	server.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/core/instances", nil))
	var body struct {
		Instances []struct {
			ID string `json:"instanceId"`
		}
	}
	_ = json.Unmarshal(w.Body.Bytes(), &body) // callers fail on an empty list
	for _, in := range body.Instances {
		list = append(list, in.ID)
	}
	return list
}

// compare counts given events that text lacks (missing) and lines that were not
// given, or not so often (forged). It changes given.
func compare(text string, given map[uint64]int) (missing, forged int) {
	for line := range strings.Lines(text) {
		h := simulator.Hash([]byte(strings.TrimSuffix(line, "\n")))
		if given[h] == 0 {
			forged++
			continue
		}
		given[h]--
	}
	for _, n := range given {
		missing += n
	}
	return missing, forged
}
