package cmd

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/rtev/rtev/internal/broker"
	"github.com/rtev/rtev/internal/config"
	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/filter"
	"github.com/rtev/rtev/internal/poll"
	"github.com/rtev/rtev/internal/rtapi"
	"github.com/rtev/rtev/internal/target"
	"github.com/rtev/rtev/internal/term"
)

// exitHelp ends the help of every command that reads events.
const exitHelp = `

Exit status: 0 done, 2 usage, 3 server not reachable, 4 server said no, 5 output
cannot be written, 124 --for ran out before -n; see rtev help exit-codes.`

// The exit statuses of the contract.
const (
	exitOK          = 0
	exitUnexpected  = 1
	exitUsage       = 2
	exitUnreachable = 3
	exitRefused     = 4
	exitOutput      = 5
	exitTimeUp      = 124
)

var (
	// errTimeUp: -n was given and --for ran out first.
	errTimeUp = errors.New("--for ended before -n events arrived")
	// errForOver is the cause of a run's context when --for is over.
	errForOver = errors.New("--for is over")
	// errLimit is the cause of a run's context when -n is reached.
	errLimit = errors.New("-n is reached")
	// errOutShut: a command that drains a queue does not start without stdout.
	errOutShut = &event.WriteError{Err: errors.New(
		"standard output is closed, so drained events would be lost; redirect it" +
			" (> FILE, or > /dev/null to discard them)")}
)

// usageError is a mistake in the command line.
type usageError struct {
	msg  string
	hint string // a command line or a sentence to try next; may be empty
}

func (e *usageError) Error() string { return e.msg }

// usagef makes a usageError without a hint.
func usagef(format string, args ...any) error { return &usageError{msg: fmt.Sprintf(format, args...)} }

// signalError is the cause of a run's context when a signal came.
type signalError struct{ signal syscall.Signal }

func (e *signalError) Error() string { return e.signal.String() }

// stdoutError says that standard output cannot be written.
type stdoutError struct{ err error }

func (e *stdoutError) Error() string { return "standard output: " + e.err.Error() }
func (e *stdoutError) Unwrap() error { return e.err }

// hintError is an error with something to try next. It has the exit status of
// its cause.
type hintError struct {
	err  error
	hint string
}

func (e *hintError) Error() string { return e.err.Error() }
func (e *hintError) Unwrap() error { return e.err }

// ending is how the process ends.
type ending struct {
	code    int
	signal  syscall.Signal // that ends the process; 0: none
	message string         // whole lines for stderr, safe to print
}

// runError returns the error that a run ends with: err, unless err only says
// that the run's own context is done. Then the context's cause decides. An
// error with an exit status of its own is never dropped: a time-out of the
// network is a context.DeadlineExceeded too.
func runError(ctx context.Context, err error, counted bool) error {
	cause := context.Cause(ctx)
	code, _ := classify(err)
	ended := cause != nil && code == exitUnexpected && (errors.Is(err, ctx.Err()) || errors.Is(err, cause))
	switch {
	case err != nil && !ended:
		return err
	case is[*signalError](cause):
		return cause
	case cause == errForOver && counted:
		return errTimeUp
	}
	return nil
}

// status maps an error to the end of the process. It is the only place that
// does.
func status(err error) ending {
	if err == nil {
		return ending{}
	}
	if sig, ok := errors.AsType[*signalError](err); ok {
		return ending{code: 128 + int(sig.signal), signal: sig.signal}
	}
	if is[*stdoutError](err) && errors.Is(err, syscall.EPIPE) {
		return ending{code: 128 + int(syscall.SIGPIPE), signal: syscall.SIGPIPE}
	}
	code, hint := classify(err)
	if better, ok := errors.AsType[*hintError](err); ok {
		hint = better.hint
	}
	return ending{code: code, message: errorLines(err, hint)}
}

// is reports whether an error of type T is in the tree of err.
func is[T error](err error) bool {
	_, ok := errors.AsType[T](err)
	return ok
}

// classify returns the exit status of an error and what to try next. Output comes
// first: an error of the output and of something else means that events may be lost.
func classify(err error) (code int, hint string) {
	usage, wrong := errors.AsType[*usageError](err)
	far, away := errors.AsType[*rtapi.UnreachableError](err)
	switch {
	case is[*event.WriteError](err), is[*stdoutError](err), is[*poll.UndeliveredError](err):
		return exitOutput, ""
	case wrong:
		return exitUsage, usage.hint
	case is[*filter.SyntaxError](err):
		return exitUsage, "rtev help filters"
	case is[*config.Error](err), is[*rtapi.OptionError](err):
		return exitUsage, ""
	case away && far.URL == config.DefaultServer: // perhaps no server was named
		return exitUnreachable, "-s SERVER, or --demo without a server"
	case away, errors.Is(err, broker.ErrUnreachable):
		return exitUnreachable, ""
	case is[*target.NotFoundError](err):
		return exitRefused, "rtev instances"
	case is[*rtapi.StatusError](err), is[*rtapi.NotStreamError](err), errors.Is(err, broker.ErrRefused):
		return exitRefused, ""
	case errors.Is(err, errTimeUp):
		return exitTimeUp, ""
	}
	return exitUnexpected, ""
}

// errorLines returns what is printed for an error: one line, the expression with a
// caret if it is about one, and a hint.
func errorLines(err error, hint string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "rtev: %s\n", term.Safe(err.Error()))
	if syntax, ok := errors.AsType[*filter.SyntaxError](err); ok {
		for line := range strings.Lines(syntax.Caret()) {
			fmt.Fprintf(&b, "  %s\n", strings.TrimRight(line, "\n"))
		}
	}
	if hint != "" {
		fmt.Fprintf(&b, "rtev: try: %s\n", term.Safe(hint))
	}
	return b.String()
}
