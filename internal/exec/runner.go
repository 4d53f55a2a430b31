// Package exec runs a command for each event.
//
// A Runner belongs to one run of the program; every source has a Sink of its
// own on it. The payload is the command's standard input, and fields of the
// event are in its environment. At most four commands run at once, and nothing
// waits in memory: while all four are busy, Put blocks and the reading slows
// down. A command that takes longer than 30 s is killed together with its
// process group.
package exec

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/term"
)

// errOver is why a command did not run, or was killed, at the end of a run.
var errOver = errors.New("the run ended before the command did")

// Options says where the output of commands goes, and what happens when they
// fail.
type Options struct {
	Output io.Writer // receives standard output, in whole lines; safe for concurrent use
	// Terminal says that Output is a terminal. Control characters become U+FFFD,
	// because they may be a server's.
	Terminal bool
	Messages func(line string) // receives each line of standard error; safe for concurrent use
	Notify   event.Notify
	// Save saves the payload of an event whose command failed, and returns the
	// name of the file. Set it for events that exist nowhere else: then Flush waits
	// for the commands, and its error says which events it leaves to the source.
	Save func(payload []byte) (file string, err error)
	End  func(cause error) // ends the run, because Output or Save fails
}

// Runner runs commands for the sinks of a run. All methods are safe for
// concurrent use.
type Runner struct {
	words   []string // of the command
	o       Options
	timeout time.Duration   // of a command, and of all commands after the end of the run
	slots   chan struct{}   // holds an element per running command
	life    context.Context // when it is done, commands are killed
	kill    context.CancelCauseFunc

	mu          sync.Mutex
	ran, failed int
	file        string // of Save
	broken      error  // why Output or Save fails
}

// New returns a runner of a command, which Parse made. ctx is the run: commands
// may go on for another 30 s after its end. Close must be called.
func New(ctx context.Context, words []string, o Options) *Runner {
	r := &Runner{words: words, o: o, timeout: 30 * time.Second, slots: make(chan struct{}, 4)}
	r.life, r.kill = context.WithCancelCause(context.Background())
	context.AfterFunc(ctx, func() { time.AfterFunc(r.timeout, func() { r.kill(errOver) }) })
	return r
}

// Close ends the runner after the last sink was closed. The error is an
// *event.WriteError if commands failed.
func (r *Runner) Close() error {
	r.kill(nil)
	if r.failed == 0 {
		return nil
	}
	err := fmt.Errorf("--exec %s: %s of %s failed", r.name(), term.Number(r.failed), term.Count(r.ran, "command"))
	if r.file != "" {
		err = fmt.Errorf("%w; their events are saved in %s, which rtev tail - < FILE reads", err, r.file)
	}
	return &event.WriteError{Err: err}
}

// name returns the program without its arguments, which may hold secrets.
func (r *Runner) name() string { return filepath.Base(r.words[0]) }

// job is one command to be run for an event.
type job struct {
	payload []byte // with a line end
	env     []string
	typ     string
	in      *event.Instance
}

// run runs a command to its end, and saves the event if it fails. The error is
// why the event is neither delivered nor saved.
func (r *Runner) run(j job) error {
	if r.life.Err() != nil {
		return errOver
	}
	err := r.execute(j)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ran++
	switch {
	case err == nil:
		return nil
	case r.broken != nil:
		return r.broken
	}
	r.failed++
	kind := event.Warning
	if r.failed > 1 { // Close counts them
		kind = event.Detail
	}
	r.o.Notify.Tell(event.Notice{Instance: j.in, Kind: kind,
		Text: fmt.Sprintf("--exec %s: %v (for %s)", r.name(), err, j.typ)})
	switch {
	case r.o.Save == nil:
		return nil
	case r.life.Err() != nil:
		return errOver
	}
	file, err := r.o.Save(bytes.TrimSuffix(j.payload, []byte{'\n'}))
	if err != nil {
		r.fail(err)
		return err
	}
	r.file = file
	return nil
}

// execute returns nil if the command ended with status 0.
func (r *Runner) execute(j job) error {
	ctx, cancel := context.WithTimeoutCause(r.life, r.timeout, fmt.Errorf("killed after %v", r.timeout))
	defer cancel()
	c := exec.CommandContext(ctx, r.words[0], r.words[1:]...)
	c.Env = append(c.Environ(), j.env...)
	c.Stdin = bytes.NewReader(j.payload)
	output, messages := &lines{pass: r.output}, &lines{pass: r.message}
	c.Stdout, c.Stderr = output, messages
	// A program that is left in the background may hold the output open.
	c.WaitDelay = time.Second
	isolate(c)
	err := c.Run()
	if errors.Is(err, exec.ErrWaitDelay) { // the command itself ended with status 0
		err = nil
	}
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	_ = messages.pass(messages.rest)
	return cmp.Or(err, output.pass(output.rest))
}

// output passes lines of standard output on.
func (r *Runner) output(text []byte) error {
	if r.o.Terminal {
		text = bytes.Map(visible, text)
	}
	_, err := r.o.Output.Write(text)
	if err != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.fail(err)
	}
	return err
}

// visible replaces characters that a terminal obeys or hides.
func visible(c rune) rune {
	if c == '\n' || c == '\t' || term.Shown(c) {
		return c
	}
	return utf8.RuneError
}

// message passes lines of standard error on.
func (r *Runner) message(text []byte) error {
	for line := range bytes.Lines(text) {
		r.o.Messages(string(bytes.TrimRight(line, "\r\n")))
	}
	return nil
}

// fail ends the run because of err. The caller holds r.mu.
func (r *Runner) fail(err error) {
	r.broken = cmp.Or(r.broken, err)
	r.o.End(err)
}

// lines passes on whole lines, so that lines of commands that run at the same
// time are not mixed. A line of more than 64 KiB is passed on in pieces.
type lines struct {
	pass func(text []byte) error
	rest []byte // the beginning of a line
}

// Write implements io.Writer.
func (w *lines) Write(p []byte) (int, error) {
	w.rest = append(w.rest, p...)
	end := bytes.LastIndexByte(w.rest, '\n') + 1
	if end == 0 && len(w.rest) > 64<<10 {
		end = len(w.rest)
	}
	err := w.pass(w.rest[:end])
	w.rest = append(w.rest[:0], w.rest[end:]...)
	return len(p), err
}
