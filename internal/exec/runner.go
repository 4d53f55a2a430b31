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
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/term"
)

const (
	maxRunning = 4
	// timeout is how long a command may run, and how long commands may run
	// after the end of the run.
	timeout = 30 * time.Second
	// outputDelay is how long the output of a command that has ended is read
	// when a program that it left in the background holds it open.
	outputDelay = time.Second
)

// errOver is why a command did not run, or was killed, at the end of a run.
var errOver = errors.New("the run ended before the command did")

// Options says where the output of commands goes, and what happens when they
// fail.
type Options struct {
	Output   io.Writer         // receives standard output, in whole lines; safe for concurrent use
	Messages func(line string) // receives each line of standard error; safe for concurrent use
	Notify   event.Notify
	// Save saves the payload of an event whose command failed, and returns the
	// name of the file. Set it for sources that cannot read events again:
	// then Flush waits for the commands. It must be safe for concurrent use.
	Save func(payload []byte) (file string, err error)
}

// Runner runs commands for the sinks of a run. All methods are safe for
// concurrent use.
type Runner struct {
	command Command
	o       Options
	fields  []field
	timeout time.Duration
	slots   chan struct{}   // holds an element per running command
	life    context.Context // when it is done, commands are killed
	kill    context.CancelFunc
	watcher sync.WaitGroup

	mu          sync.Mutex
	ran, failed int
	files       []string // of Save
	broken      error    // why events cannot be delivered any longer
}

// New returns a runner of command. ctx is the run: commands may go on for
// another 30 s after its end. Close must be called.
func New(ctx context.Context, command Command, o Options) *Runner {
	return start(ctx, command, o, timeout)
}

func start(ctx context.Context, command Command, o Options, timeout time.Duration) *Runner {
	r := &Runner{command: command, o: o, fields: fields(), timeout: timeout, slots: make(chan struct{}, maxRunning)}
	r.life, r.kill = context.WithCancel(context.Background())
	r.watcher.Go(func() { r.watch(ctx) })
	return r
}

// watch kills the commands that run for too long after the end of ctx.
func (r *Runner) watch(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-r.life.Done():
		return
	}
	short := r.timeout / 15 // a wait that needs no notice
	for _, step := range []struct {
		after time.Duration
		do    func()
	}{{short, r.reportWaiting}, {r.timeout - short, r.kill}} {
		select {
		case <-time.After(step.after):
			step.do()
		case <-r.life.Done():
			return
		}
	}
}

func (r *Runner) reportWaiting() {
	if n := len(r.slots); n > 0 {
		text := fmt.Sprintf("waiting up to %v for %s to end", r.timeout, term.Count(n, "command"))
		r.o.Notify.Tell(event.Notice{Kind: event.Info, Text: text})
	}
}

// Close ends the runner after the last sink was closed. The error is a
// *FailedError if commands failed.
func (r *Runner) Close() error {
	r.kill()
	r.watcher.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == 0 {
		return nil
	}
	return &FailedError{Program: r.name(), Failed: r.failed, Ran: r.ran, Files: r.files}
}

// FailedError says that commands failed. Each event counts once.
type FailedError struct {
	Program     string
	Failed, Ran int
	Files       []string // that hold the events, if Options.Save is set
}

// Error is one line.
func (e *FailedError) Error() string {
	text := fmt.Sprintf("--exec %s: %s of %s failed", e.Program, term.Number(e.Failed), term.Count(e.Ran, "command"))
	if len(e.Files) > 0 {
		text += "; their events are saved in " + strings.Join(e.Files, ", ") + ", which rtev tail - < FILE reads"
	}
	return text
}

// name returns the program without its arguments, which may hold secrets.
func (r *Runner) name() string { return filepath.Base(r.command.args[0]) }

// job is one command to be run for an event.
type job struct {
	payload []byte // with a line end
	env     []string
	typ     string
	in      *event.Instance
	ended   bool
	err     error // the event is neither delivered nor saved
}

// run runs a command to its end, and saves the event if it fails.
func (r *Runner) run(j *job) {
	err := r.execute(j)
	if err != nil {
		err = r.handle(j, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ran++
	j.ended, j.err = true, err
	j.payload, j.env = nil, nil
}

// execute returns nil if the command ended with status 0.
func (r *Runner) execute(j *job) error {
	ctx, cancel := context.WithTimeout(r.life, r.timeout)
	defer cancel()
	c := exec.CommandContext(ctx, r.command.path)
	c.Args = r.command.args
	c.Env = append(c.Environ(), j.env...)
	c.Stdin = bytes.NewReader(j.payload)
	output := &lineWriter{pass: r.output}
	messages := &lineWriter{pass: r.message}
	c.Stdout, c.Stderr = output, messages
	c.WaitDelay = outputDelay
	isolate(c)
	err := c.Run()
	if errors.Is(err, exec.ErrWaitDelay) { // the program ended with status 0; what it left in the background is not ours
		err = nil
	}
	_ = messages.flush()
	if failed := output.flush(); err == nil {
		err = failed
	}
	switch {
	case err == nil:
		return nil
	case ctx.Err() == context.DeadlineExceeded:
		return fmt.Errorf("killed after %v", r.timeout)
	case ctx.Err() != nil:
		return errOver
	}
	return err
}

// output passes lines of standard output on. Its failure ends the run.
func (r *Runner) output(lines []byte) error {
	_, err := r.o.Output.Write(lines)
	if err != nil {
		r.fail(err)
	}
	return err
}

// message passes lines of standard error on.
func (r *Runner) message(lines []byte) error {
	for line := range bytes.Lines(lines) {
		r.o.Messages(string(bytes.TrimRight(line, "\r\n")))
	}
	return nil
}

// handle reports a failed command and saves its event. The error is why the
// event is not saved; then its source has it.
func (r *Runner) handle(j *job, err error) error {
	if r.failure() != nil {
		return err
	}
	r.report(j, err)
	if r.o.Save == nil {
		return nil
	}
	if r.life.Err() != nil {
		return err
	}
	file, err := r.o.Save(bytes.TrimSuffix(j.payload, []byte{'\n'}))
	if err != nil {
		r.fail(err)
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.files, file) {
		r.files = append(r.files, file)
	}
	return nil
}

// report counts a failure. The first one is a warning, others are for
// --verbose: Close counts them.
func (r *Runner) report(j *job, err error) {
	r.mu.Lock()
	r.failed++
	kind := event.Warning
	if r.failed > 1 {
		kind = event.Detail
	}
	r.mu.Unlock()
	r.o.Notify.Tell(event.Notice{Instance: j.in, Kind: kind, Text: fmt.Sprintf("--exec %s: %v (for %s)", r.name(), err, j.typ)})
}

// fail ends the delivery; the first reason counts.
func (r *Runner) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken == nil {
		r.broken = err
	}
}

// failure returns why events cannot be delivered any longer.
func (r *Runner) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.broken
}
