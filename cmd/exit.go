package cmd

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/rtev/rtev/internal/config"
	"github.com/rtev/rtev/internal/crop"
	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/filter"
	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/poll"
	"github.com/rtev/rtev/internal/rtapi"
)

// exitHelp stands in the help of every command that reads.
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
	errTimeUp = errors.New("time is up before the events asked for have come")
	// errForOver is why a run's context ended when --for is over.
	errForOver = errors.New("--for is over")
	// errLimit is why a run's context ended when -n is reached.
	errLimit = errors.New("-n is reached")
)

// usageError is a mistake in the command line.
type usageError struct {
	msg  string
	hint string // a command line or a sentence that helps on; may be empty
}

func (e *usageError) Error() string { return e.msg }

// usagef makes a usageError without a hint.
func usagef(format string, args ...any) error { return &usageError{msg: fmt.Sprintf(format, args...)} }

// signalError is why a run's context ended when a signal came.
type signalError struct{ signal syscall.Signal }

func (e *signalError) Error() string { return e.signal.String() }

// noInstanceError says that an INSTANCE argument fits nothing.
type noInstanceError struct{ msg, hint string }

func (e *noInstanceError) Error() string { return e.msg }

// ending is how the process ends.
type ending struct {
	code   int
	signal syscall.Signal // die of it; 0: just exit
	say    string         // whole lines for stderr, safe to print
}

// status is the one table from error to exit status.
func status(err error) ending {
	var sig *signalError
	switch {
	case err == nil:
		return ending{}
	case errors.As(err, &sig):
		return ending{code: 128 + int(sig.signal), signal: sig.signal}
	case errors.Is(err, syscall.EPIPE):
		return ending{code: 128 + int(syscall.SIGPIPE), signal: syscall.SIGPIPE}
	}
	code, hint := classify(err)
	return ending{code: code, say: errorLines(err, hint)}
}

func classify(err error) (code int, hint string) {
	var (
		usage  *usageError
		conf   *config.Error
		syntax *filter.SyntaxError
		name   *crop.NameError
		option *rtapi.OptionError
		none   *noInstanceError
		far    *rtapi.UnreachableError
		no     *rtapi.StatusError
		html   *rtapi.NotStreamError
		write  *event.WriteError
		spool  *poll.SpoolError
		lost   *poll.LostError
	)
	switch {
	case errors.As(err, &usage):
		return exitUsage, usage.hint
	case errors.As(err, &syntax):
		return exitUsage, "rtev help filters"
	case errors.As(err, &conf), errors.As(err, &name), errors.As(err, &option):
		return exitUsage, ""
	case errors.As(err, &far) && far.URL == config.DefaultServer: // perhaps none was named
		return exitUnreachable, "-s SERVER, or --demo without a server"
	case errors.As(err, &far):
		return exitUnreachable, ""
	case errors.As(err, &none):
		return exitRefused, none.hint
	case errors.As(err, &no), errors.As(err, &html):
		return exitRefused, ""
	case errors.As(err, &write), errors.As(err, &spool), errors.As(err, &lost):
		return exitOutput, ""
	case errors.Is(err, errTimeUp):
		return exitTimeUp, ""
	}
	return exitUnexpected, ""
}

// errorLines is the error as the user reads it: one line, with the place under
// an expression where there is one, and a hint.
func errorLines(err error, hint string) string {
	var b strings.Builder
	var syntax *filter.SyntaxError
	fmt.Fprintf(&b, "rtev: %s\n", format.AppendSafe(nil, err.Error()))
	if errors.As(err, &syntax) {
		for line := range strings.Lines(syntax.Caret()) {
			fmt.Fprintf(&b, "  %s\n", strings.TrimRight(line, "\n"))
		}
	}
	if hint != "" {
		fmt.Fprintf(&b, "rtev: try: %s\n", format.AppendSafe(nil, hint))
	}
	return b.String()
}
