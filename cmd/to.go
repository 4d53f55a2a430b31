package cmd

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/broker"
	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/exec"
	"github.com/rtev/rtev/internal/format"
	"github.com/rtev/rtev/internal/poll"
	"github.com/rtev/rtev/internal/rtapi"
)

// publishing is where events go instead of standard output, as typed.
type publishing struct{ to, exec string }

func (p *publishing) flags(c *cobra.Command) {
	c.Flags().StringVar(&p.to, "to", "",
		"publish to a broker: `URL` nats://HOST/SUBJECT, mqtt://HOST/TOPIC or kafka://HOST/TOPIC; {fields} in braces")
	c.Flags().StringVar(&p.exec, "exec", "",
		"run `CMD` for each event instead of printing it: payload on stdin, fields in RTEV_TYPE, RTEV_PLACE, ...; no shell")
}

// onStdout reports whether events are printed.
func (p *publishing) onStdout() bool { return p.to == "" && p.exec == "" }

// output returns what makes the last sink of a chain, and what to call after
// the run with its error. live is for sources that cannot read an event again:
// a broker's Flush does not wait, and what is not acknowledged at the end is saved.
func (s *session) output(
	c *cobra.Command, p printing, to publishing, live bool,
) (open func() event.Sink, closed func(error) error, err error) {
	if c.Flags().Changed("exec") || to.exec != "" {
		return s.executing(c, to.exec, live)
	}
	if to.to == "" {
		encoder, err := s.encoder(p)
		return func() event.Sink { return format.NewWriter(encoder(), s.out) }, func(err error) error { return err }, err
	}
	address, err := broker.ParseAddress(to.to)
	if err != nil {
		return nil, nil, usagef("--to: %v", err)
	}
	if !c.Flags().Changed("output") && p.template == "" {
		s.cfg.Output = "ndjson"
	}
	s.outTTY = false // a message is not for the terminal
	body, err := s.encoder(p)
	if err != nil {
		return nil, nil, err
	}
	p.noImage = s.cfg.Output == "ndjson"
	small, err := s.encoder(p)
	if err != nil {
		return nil, nil, err
	}
	options := rtapi.Options{CACert: s.cacert, Cert: s.cert, Key: s.key, Insecure: s.insecure}
	secure, err := options.TLS()
	if err != nil {
		return nil, nil, err
	}
	unwritten := poll.NewUnwritten(s.unwrittenDirs(), "broker")
	b, err := broker.Dial(s.ctx, address, broker.Options{
		TLS: secure, Notify: s.notices.Report, WithoutImage: small(), Save: unwritten.Save, Live: live, End: s.cancel,
	})
	if err != nil {
		return nil, nil, err
	}
	return func() event.Sink { return b.Sink(body()) }, func(err error) error {
		defer unwritten.Close()
		return both(err, b.Close())
	}, nil
}

// executing returns what output returns, for a command that is run for each event.
// Drained events whose command failed are saved.
func (s *session) executing(
	c *cobra.Command, command string, live bool,
) (open func() event.Sink, closed func(error) error, err error) {
	err = withoutEffect(c, "with --exec, whose command gets the payload",
		"to", "output", "columns", "template", "no-header", "delimiter", "bom", "no-image", "time", "utc", "frame")
	if err != nil {
		return nil, nil, err
	}
	words, err := exec.Parse(command)
	if err != nil {
		return nil, nil, usagef("--exec: %v", err)
	}
	options := exec.Options{
		Output: s.out, Terminal: s.outTTY, Messages: s.out.Notice, Notify: s.notices.Report, End: s.cancel,
	}
	s.outTTY = false // no event is shown
	unwritten := poll.NewUnwritten(s.unwrittenDirs(), "exec")
	if !live {
		options.Save = unwritten.Save
	}
	runner := exec.New(s.ctx, words, options)
	return func() event.Sink { return runner.Sink() }, func(err error) error {
		defer unwritten.Close()
		failed := runner.Close()
		if err == nil && failed != nil && live && is[*signalError](context.Cause(s.ctx)) {
			s.notices.Warn("%v", failed) // the run ends by the signal
			return nil
		}
		return both(err, failed)
	}, nil
}

// both returns the errors of a run and of what was done at its end, of which
// either may be nil.
func both(run, end error) error {
	if run == nil || end == nil {
		return cmp.Or(run, end)
	}
	return fmt.Errorf("%w; %w", run, end)
}
