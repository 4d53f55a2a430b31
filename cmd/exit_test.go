package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/config"
	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/filter"
	"github.com/rtev/rtev/internal/poll"
	"github.com/rtev/rtev/internal/rtapi"
	"github.com/rtev/rtev/internal/target"
)

// errNetTimeout is what package net returns when a deadline passes. It is a
// context.DeadlineExceeded too.
var errNetTimeout = &net.OpError{Op: "dial", Net: "tcp", Err: os.ErrDeadlineExceeded}

func TestStatusOfEveryError(t *testing.T) {
	for _, tc := range []struct {
		err     error
		code    int
		message string // part of it; "" for an end without a word
	}{
		{nil, exitOK, ""},
		{errors.New("anything"), exitUnexpected, "rtev: anything\n"},
		{context.DeadlineExceeded, exitUnexpected, "rtev: "},
		{errNetTimeout, exitUnexpected, "rtev: "},
		{syscall.EPIPE, exitUnexpected, "broken pipe"},
		{&usageError{"wrong", "rtev right"}, exitUsage, "rtev: wrong\nrtev: try: rtev right\n"},
		{&config.Error{From: "--output", Msg: "bad"}, exitUsage, "--output"},
		{&filter.SyntaxError{}, exitUsage, "rtev help filters"},
		{&rtapi.OptionError{Text: "bad server"}, exitUsage, "bad server"},
		{&rtapi.UnreachableError{URL: "http://nvr1:3546", Err: errNetTimeout}, exitUnreachable, "http://nvr1:3546"},
		{&rtapi.UnreachableError{URL: "http://nvr1:3546", Err: syscall.EPIPE}, exitUnreachable, "http://nvr1:3546"},
		{&rtapi.StatusError{URL: "http://nvr1:3546/v1", Code: 404}, exitRefused, "404"},
		{&rtapi.NotStreamError{URL: "http://nvr1:3546/v1"}, exitRefused, "http://nvr1:3546/v1"},
		{&target.NotFoundError{Text: "no instance"}, exitRefused, "no instance\nrtev: try: rtev instances"},
		{&hintError{&target.NotFoundError{Text: "no instance"}, "rtev tail - < x"}, exitRefused,
			"no instance\nrtev: try: rtev tail - < x"},
		{&event.WriteError{Err: syscall.ENOSPC}, exitOutput, "no space left"},
		{&event.WriteError{Err: syscall.EPIPE}, exitOutput, "broken pipe"}, // a file, such as a FIFO
		{&stdoutError{syscall.ENOSPC}, exitOutput, "standard output: no space left"},
		{&event.WriteError{Err: &stdoutError{syscall.EPIPE}}, 141, ""},
		{errOutShut, exitOutput, "standard output is closed"},
		{&poll.UndeliveredError{Err: errors.New("the spool q")}, exitOutput, "the spool q"},
		{errTimeUp, exitTimeUp, "--for ended before -n events arrived"},
		{&signalError{syscall.SIGHUP}, 129, ""},
		{&signalError{syscall.SIGINT}, 130, ""},
		{&signalError{syscall.SIGTERM}, 143, ""},
	} {
		for _, err := range []error{tc.err, fmt.Errorf("wrapped: %w", tc.err)} {
			if tc.err == nil {
				err = nil
			}
			end := status(err)
			if end.code != tc.code || (end.message == "") != (tc.message == "") {
				t.Errorf("%v (%T): %+v, want status %d", err, tc.err, end, tc.code)
			}
			if err == tc.err && !strings.Contains(end.message, tc.message) {
				t.Errorf("%v (%T): message %q, want %q", err, tc.err, end.message, tc.message)
			}
			if end.code > 128 && end.signal != syscall.Signal(end.code-128) {
				t.Errorf("%v: signal %v with status %d", err, end.signal, end.code)
			}
		}
	}
}

func TestExitHintNamesServer(t *testing.T) {
	for server, want := range map[string]bool{config.DefaultServer: true, "http://nvr1:3546": false} {
		end := status(&rtapi.UnreachableError{URL: server, Err: syscall.ECONNREFUSED})
		if end.code != exitUnreachable || strings.Contains(end.message, "-s SERVER, or --demo") != want {
			t.Errorf("%s: %+v", server, end)
		}
	}
}

// Only the run's own context ends a run without its error.
func TestRunErrorFollowsTheContext(t *testing.T) {
	hangup := &signalError{syscall.SIGHUP}
	timeout := &rtapi.UnreachableError{URL: "http://nvr1:3546", Err: context.DeadlineExceeded}
	failed := &event.WriteError{Err: syscall.ENOSPC}
	for _, tc := range []struct {
		name    string
		cause   error // nil: the context is not done
		err     error
		counted bool
		want    error
	}{
		{"success", nil, nil, false, nil},
		{"a network time-out", nil, timeout, false, timeout},
		{"a deadline of somebody else", nil, context.DeadlineExceeded, false, context.DeadlineExceeded},
		{"a cancellation of somebody else", nil, context.Canceled, false, context.Canceled},
		{"a signal", hangup, context.Canceled, false, hangup},
		{"a signal, and the output failed", hangup, failed, false, failed},
		{"a signal during a network time-out", hangup, timeout, false, timeout},
		{"a signal after success", hangup, nil, false, hangup},
		{"--for", errForOver, context.Canceled, false, nil},
		{"--for with -n", errForOver, nil, true, errTimeUp},
		{"-n", errLimit, context.Canceled, true, nil},
		{"-n, and the output failed", errLimit, failed, true, failed},
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		if tc.cause != nil {
			cancel(tc.cause)
		}
		if got := runError(ctx, tc.err, tc.counted); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
		cancel(nil)
	}
}

// readers are the commands that ask a server, each with a way to name the
// instance.
var readers = [][]string{
	{"tail"}, {"tail", "gate"}, {"tail", cameraID}, {"tail", "gate", "--for", "5m"},
	{"poll", "gate", "--once"}, {"poll", cameraID, "--once"},
	{"crops", cameraID}, {"crops", "gate", "--once"}, {"crops", cameraID, "--once"},
	{"stats"}, {"stats", cameraID}, {"stats", "gate", "--fields"}, {"instances"},
	{"history"}, {"history", cameraID}, {"history", cameraID, "--tracks"},
	{"history", cameraID, "--count-by", "event_type"},
	{"tail", cameraID, "--since", "10m"},
}

const cameraID = "899c89f9-90c3-c633-8586-8f09b005ebed"

// A server that does not answer is status 3 and one line that names it, for
// every command and every way not to answer.
func TestUnreachableServerOfEveryCommand(t *testing.T) {
	for name, dial := range map[string]dialer{
		"refused": func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		},
		"unknown host": func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.DNSError{Err: "no such host", Name: "nvr1", IsNotFound: true}
		},
		"full backlog": func(ctx context.Context, _, _ string) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
			defer cancel()
			<-ctx.Done()
			return nil, errNetTimeout
		},
		"mute": func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go func() { _, _ = io.Copy(io.Discard, server) }()
			return client, nil
		},
		"broken pipe": func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "write", Net: "tcp", Err: syscall.EPIPE}
		},
	} {
		for _, args := range readers {
			t.Run(name+"/"+strings.Join(args, " "), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					if args[0] == "crops" {
						args = append(args, "-d", t.TempDir())
					}
					if slices.Contains(args, "crops") && slices.Contains(args, "--once") {
						args = append(args, "--events-to", filepath.Join(t.TempDir(), "rest"))
					}
					r := startDial(t, dial, append(args, "-s", "nvr1")...)
					end := status(<-r.ended)
					time.Sleep(time.Minute) // for connection attempts that nobody waits for
					if end.code != exitUnreachable || !strings.Contains(end.message, "http://nvr1:3546: ") ||
						strings.Count(end.message, "\n") != 1 {
						t.Errorf("%+v", end)
					}
					if args[0] == "crops" && r.err.String() != "" {
						t.Errorf("also says %q", r.err.String())
					}
					if args[0] != "stats" && r.out.String() != "" { // stats reports that it is connecting
						t.Errorf("printed %q", r.out.String())
					}
				})
			})
		}
	}
}
