package cmd

import (
	"bytes"
	"context"
	"io"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/exec"
	"github.com/rtev/rtev/internal/poll"
	"github.com/rtev/rtev/internal/term"
)

// execFlag adds --exec.
func execFlag(c *cobra.Command, command *string) {
	c.Flags().StringVar(command, "exec", "", "run `CMD` for each event instead of printing it: payload on stdin, fields in RTEV_TYPE, RTEV_PLACE, ...; no shell")
}

// executing returns what output returns, for commands that run for each event.
// queue is set if events exist nowhere else once they were drained: then those
// whose command failed are saved.
func (s *session) executing(c *cobra.Command, to publishing, queue bool) (open func() event.Sink, closed func(error) error, err error) {
	err = withoutEffect(c, "with --exec, whose command gets the payload",
		"to", "output", "columns", "template", "no-header", "delimiter", "bom", "no-image", "time", "utc", "frame")
	if err != nil {
		return nil, nil, err
	}
	words, err := exec.Parse(to.exec)
	if err != nil {
		return nil, nil, usagef("--exec: %v", err)
	}
	var output io.Writer = s.out
	if s.outTTY {
		output = safeWriter{s.out}
	}
	s.outTTY = false // no event is shown
	options := exec.Options{Output: output, Messages: s.out.Notice, Notify: s.notices.Report, End: s.cancel}
	unwritten := poll.NewUnwritten(s.unwrittenDirs(), "exec")
	if queue {
		options.Save = unwritten.Save
	}
	runner := exec.New(s.ctx, words, options)
	return func() event.Sink { return runner.Sink() }, func(err error) error {
		defer unwritten.Close()
		failed := runner.Close()
		switch {
		case err == nil && failed != nil && !queue && is[*signalError](context.Cause(s.ctx)):
			s.notices.Warn("%v", failed) // the run ends by the signal
			return nil
		}
		return both(err, failed)
	}, nil
}

// safeWriter replaces what a terminal would obey by U+FFFD: a command may print
// text of the server.
type safeWriter struct{ to io.Writer }

// Write writes lines.
func (w safeWriter) Write(lines []byte) (int, error) {
	safe := bytes.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || term.Shown(r) {
			return r
		}
		return utf8.RuneError
	}, lines)
	if _, err := w.to.Write(safe); err != nil {
		return 0, err
	}
	return len(lines), nil
}
