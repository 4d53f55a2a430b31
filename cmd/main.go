// Package cmd is the command line: flags in, rooms wired, exit status out.
package cmd

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"github.com/rtev/rtev/internal/rtapi"
	"golang.org/x/term"
)

// env is what the process got from outside. Everything below takes it from
// here, so that no other file needs os.Std…, the environment or signals.
type env struct {
	args     []string
	stdin    io.Reader
	stdout   io.Writer
	stderr   io.Writer
	getenv   func(string) string
	outTTY   bool                                  // stdout is a terminal
	errTTY   bool                                  // stderr is a terminal
	size     func() (width, height int)            // of the terminal; 0, 0 where there is none
	proxy    func(*http.Request) (*url.URL, error) // what the environment says
	dial     dialer                                // opens connections; nil: the network
	temp     string                                // the folder for temporary files
	catchEOF func()                                // from now on a closed pipe is an error of the write, not the end of the process
}

// Main runs the command line of this process and returns its exit status. It
// does not return when a signal or a closed pipe ends the process.
func Main() int {
	ctx, stop := untilSignal()
	defer stop()
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
		catchEOF: func() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) },
	}
	end := status(run(ctx, e))
	if end.say != "" {
		fmt.Fprint(os.Stderr, end.say)
	}
	if end.signal != 0 {
		die(end.signal)
	}
	return end.code
}

// untilSignal returns a context that SIGINT or SIGTERM cancels, with a
// *signalError as its cause. The second signal ends the process at once. A
// signal that was ignored when the process started stays ignored (nohup).
func untilSignal() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.Background())
	got := make(chan os.Signal, 1)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		if !signal.Ignored(s) {
			signal.Notify(got, s)
		}
	}
	go func() {
		select {
		case s := <-got:
			signal.Reset(os.Interrupt, syscall.SIGTERM)
			cancel(&signalError{s.(syscall.Signal)})
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(nil) }
}
