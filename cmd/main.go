// Package cmd is the command line: it turns flags into options, options into
// sources and sinks, and the error of the run into an exit status.
package cmd

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/rtev/rtev/internal/rtapi"
	"golang.org/x/term"
)

// env is what the process got from outside. Everything below takes it from
// here, so that no other file needs os.Stdout, the environment or signals.
type env struct {
	args    []string
	stdin   io.Reader
	stdout  io.Writer
	stderr  io.Writer
	getenv  func(string) string
	outTTY  bool                                  // stdout is a terminal
	errTTY  bool                                  // stderr is a terminal
	size    func() (width, height int)            // of the terminal; 0, 0 where there is none
	proxy   func(*http.Request) (*url.URL, error) // what the environment says
	dial    dialer                                // opens connections; nil: the network
	temp    string                                // the folder for temporary files
	outShut bool                                  // stdout was closed when the process started
	// keepPipe makes a write to a closed pipe an error from now on, instead of the end of the process.
	keepPipe func()
}

// Main runs the command line of this process and returns its exit status. It
// does not return when a signal or a closed pipe ends the process.
func Main() int {
	ctx, stop := untilSignal()
	defer stop()
	log.SetOutput(io.Discard) // net/http writes there; what matters comes back as errors
	e := env{
		args: os.Args[1:], stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		getenv: os.Getenv, proxy: rtapi.Proxy(os.Getenv), temp: os.TempDir(),
		outTTY: term.IsTerminal(int(os.Stdout.Fd())), errTTY: term.IsTerminal(int(os.Stderr.Fd())),
		size: func() (int, int) {
			w, h, err := term.GetSize(int(os.Stdout.Fd()))
			if err != nil {
				return 0, 0
			}
			return w, h
		},
		outShut:  outShut(),
		keepPipe: func() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) },
	}
	end := status(run(ctx, e))
	if end.message != "" {
		fmt.Fprint(os.Stderr, end.message)
	}
	if end.signal != 0 {
		die(end.signal)
	}
	return end.code
}

// endSignals are the signals that end a run in good order.
var endSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP}

// untilSignal returns a context that one of endSignals cancels, with a
// *signalError as its cause. The second signal ends the process at once. A
// signal that was ignored when the process started stays ignored (nohup).
func untilSignal() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.Background())
	caught := slices.DeleteFunc(slices.Clone(endSignals), signal.Ignored)
	if len(caught) == 0 { // for package signal, no signal means every signal
		return ctx, func() { cancel(nil) }
	}
	got := make(chan os.Signal, 1)
	signal.Notify(got, caught...)
	go func() {
		select {
		case s := <-got:
			signal.Reset(caught...)
			cancel(&signalError{s.(syscall.Signal)})
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}
