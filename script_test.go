package main

import (
	"encoding/json"
	"errors"
	"flag"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rtev/rtev/cmd"
	"github.com/rtev/rtev/internal/simulator"
)

var update = flag.Bool("update", false, "rewrite the golden parts of the scripts")

func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", "8"); err != nil { // the tests wait more than they work
		panic(err)
	}
	// A shell starts a background job with SIGINT ignored, and rtev would inherit that.
	if signal.Ignored(os.Interrupt) {
		signal.Notify(make(chan os.Signal, 1), os.Interrupt)
	}
	testscript.Main(m, map[string]func(){"rtev": func() { os.Exit(cmd.Main()) }, "within": within})
}

// TestScript runs the scripts of testdata/script, one per behaviour. HOME does
// not exist, and the time zone is UTC.
func TestScript(t *testing.T) {
	captures, err := filepath.Abs("testdata/capture")
	check(t, err)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("CAPTURES", captures)
			e.Setenv("TZ", "UTC")
			e.Setenv("COST", os.Getenv("COST"))
			e.Values[started{}] = servers{}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits":  exits,
			"serve":  serve,
			"ndjson": ndjson,
			"lines":  lines,
			"served": served,
		},
	})
}

// exits N CMD… runs a command that must end with status N. Death by a signal
// counts as 128 plus the signal, as in a shell.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N CMD [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
		if s, ok := exit.Sys().(syscall.WaitStatus); ok && s.Signaled() {
			got = 128 + int(s.Signal())
		}
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("%s ended with %d, want %d\n%s", strings.Join(args[1:], " "), got, want, ts.ReadFile("stderr"))
	}
}

// serve starts a simulator and sets $SERVER (or the variable named by as=):
// instances=N count=N rate=N|max replay=FILE as=NAME and faults.
func serve(ts *testscript.TestScript, neg bool, args []string) {
	o, as := simulator.Options{Seed: 1, Instances: simulator.Fleet(1), Record: true}, "SERVER"
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		number := func() int {
			n, err := strconv.Atoi(value)
			ts.Check(err)
			return n
		}
		switch name {
		case "instances":
			o.Instances = simulator.Fleet(number())
		case "count":
			o.Count = number()
		case "rate":
			if o.Rate = simulator.Max; value != "max" {
				o.Rate = float64(number())
			}
		case "replay":
			o.Replay, o.Instances = []byte(ts.ReadFile(value)), nil
		case "as":
			as = value
		default:
			f, err := simulator.ParseFault(arg)
			ts.Check(err)
			o.Faults = append(o.Faults, f)
		}
	}
	server, err := simulator.New(o)
	ts.Check(err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	go server.Serve(l) //nolint:errcheck // it ends with Close
	ts.Defer(func() { server.Close(); l.Close() })
	ts.Setenv(as, "http://"+l.Addr().String())
	ts.Value(started{}).(servers)[as] = server
}

// ndjson FILE N checks that a file holds N lines, each a JSON object.
func ndjson(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: ndjson FILE N")
	}
	for line := range strings.Lines(ts.ReadFile(args[0])) {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			ts.Fatalf("%v in %s", err, line)
		}
	}
	lines(ts, false, args)
}

// lines FILE N checks that a file holds N complete lines.
func lines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lines FILE N")
	}
	text := ts.ReadFile(args[0])
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	if got := strings.Count(text, "\n"); got != want || text != "" && !strings.HasSuffix(text, "\n") {
		ts.Fatalf("%s holds %d whole lines, want %d:\n%s", args[0], got, want, text)
	}
}
