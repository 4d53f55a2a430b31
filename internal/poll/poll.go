// Package poll drains an instance's polling queue so that nothing drained is
// lost. Asking takes: an answer exists nowhere else once it was sent. So every
// drained event is given to the sink until that says it was written; what was
// not is kept in a file that is named (Keep), or stays in the spool, where each
// answer is on disk before its first event is given on (Spool).
package poll

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/rtapi"
)

// Client asks a server; *rtapi.Client does.
type Client interface {
	// Drain takes what waits in an instance's queue. Nil and no error: nothing.
	Drain(ctx context.Context, id string, types []string) (io.ReadCloser, error)
}

// Poll is the event.Source of one instance's polling queue. Set the fields
// before Run and leave them alone then. A Poll runs once at a time.
type Poll struct {
	Client   Client
	Instance *event.Instance
	Types    []string      // sent with the request; nil: all. The server may not care: Match decides
	Interval time.Duration // from the start of one request to the start of the next; 0: 2 s
	Once     bool          // one request, one answer, and the end
	// Match tells which events are wanted; nil: all. It stands here and not in
	// a sink behind, so that every event that is put is one that the output
	// owes, and an event.WriteError tells which of them are not written.
	Match func(*event.Event) bool
	// Hold is how many bytes of payload may wait for a Flush while more of the
	// answer is still to come. 0: flushed before every read, so that nothing
	// waits longer than it must. More is for sinks that want what belongs
	// together before a Flush, as pictures and their events.
	Hold int
	// Keep names the folders for what could not be written, tried in order and
	// made when missing.
	Keep   []string
	Spool  *Spool // nil: none
	Notify event.Notify
}

const (
	defaultInterval = 2 * time.Second
	mostAsked       = 5 * time.Minute // of Retry-After
)

// run is one Run of a Poll.
type run struct {
	*Poll
	to       event.Sink
	answered bool // a request was answered
	failures int  // in a row
	wait     rtapi.Backoff
	since    time.Time // when the first of them began
	load     load
}

// Run asks, puts and flushes until ctx is done. An answer that has begun to
// come is read to its end and put before Run returns. Its errors: an error of
// the sink, unchanged (joined with a *LostError where keeping failed, too);
// *SpoolError; ctx.Err(); of the first request any error, later only a
// *rtapi.StatusError of 401 or 403: every other failure is tried again. With
// Once also a *CutError.
func (p *Poll) Run(ctx context.Context, to event.Sink) error {
	r := &run{Poll: p, to: to}
	if err := ctx.Err(); err != nil {
		return err
	}
	if p.Spool != nil {
		if err := p.Spool.leftOver(func() error { return r.reprint(ctx) }); err != nil {
			return err
		}
	}
	for ctx.Err() == nil {
		began := time.Now()
		again, err := r.drain(ctx)
		switch {
		case !again:
			return err
		case p.Once, err != nil && r.final(err):
			return r.ended(err)
		case err == nil:
			r.failures = 0
			r.wait.Reset()
			sleep(ctx, time.Until(began.Add(p.interval())))
		default:
			sleep(ctx, r.failed(ctx, err, began))
		}
	}
	return ctx.Err()
}

func (p *Poll) interval() time.Duration {
	if p.Interval <= 0 {
		return defaultInterval
	}
	return p.Interval
}

// drain is one request and its answer. An error with again is none of ours:
// the next request may do better.
func (r *run) drain(ctx context.Context) (again bool, err error) {
	q := ask(ctx)
	defer q.end()
	body, err := r.Client.Drain(q.ctx, r.Instance.ID, r.Types)
	if err != nil {
		return true, q.why(err, r.Instance.Server)
	}
	if body == nil {
		r.heard(nil)
		r.load.answer(0)
		err := r.to.Flush()
		return err == nil, err
	}
	defer body.Close()
	if again, err = r.take(q.reader(body)); again {
		r.heard(err)
	}
	return again, err
}

// take puts one answer, through the spool where there is one.
func (r *run) take(body io.Reader) (again bool, err error) {
	d := r.delivery()
	var s *stored
	if r.Spool != nil {
		s, body, err = r.Spool.receive(r.Instance.ID, body)
		if body == nil {
			return false, r.ended(err)
		}
		if err == nil {
			d.intoSpool(s)
		}
	}
	broken := err // the spool's: this answer is put all the same, and is the last
	got := r.decode(body, r.Instance, time.Time{}, d)
	r.pressed(got.events)
	err = r.settle(d, s, unreadable(got.err))
	if err == nil && broken == nil {
		return true, got.err
	}
	r.cut(got.err, "")
	switch {
	case err == nil, errors.Is(err, event.ErrStop) && broken != nil:
		return false, r.ended(broken)
	case broken != nil:
		r.warn(broken.Error())
	}
	return false, err
}

// ended tells of an error that ends the run and is not the sink's nor of its ctx.
func (r *run) ended(err error) error {
	if err != nil && err != context.Canceled && err != context.DeadlineExceeded {
		r.tell(event.Notice{Kind: event.Ended, Text: err.Error()})
	}
	return err
}

// final tells whether an error ends the run instead of being tried again.
func (r *run) final(err error) bool {
	var status *rtapi.StatusError
	if errors.As(err, &status) && (status.Code == 401 || status.Code == 403) {
		return true
	}
	return !r.answered
}

// failed tells of a failure and returns how long to wait.
func (r *run) failed(ctx context.Context, err error, began time.Time) time.Duration {
	if r.failures == 0 {
		r.since = began
	}
	r.failures++
	var status *rtapi.StatusError
	var want time.Duration
	if errors.As(err, &status) {
		want = min(status.RetryAfter, mostAsked)
	}
	wait := r.wait.AtLeast(want)
	next := fmt.Sprintf("; asking again in %v", wait.Round(10*time.Millisecond))
	if ctx.Err() != nil {
		next = ""
	}
	if !r.cut(err, next) && next != "" {
		r.tell(event.Notice{Kind: event.Retrying, Text: err.Error() + next, Span: wait})
	}
	return wait
}

// cut tells of an answer that was cut off, if that is what err says.
func (r *run) cut(err error, next string) bool {
	var cut *CutError
	if !errors.As(err, &cut) {
		return false
	}
	r.tell(event.Notice{Kind: event.Lost, Text: err.Error() + next, Bytes: cut.Lost})
	return true
}

// heard tells of the first answer, and of the first whole one after failures.
// What is no answer at all does not count.
func (r *run) heard(err error) {
	var not *rtapi.NotStreamError
	switch {
	case errors.As(err, &not):
	case !r.answered:
		r.answered = true
		r.tell(event.Notice{Kind: event.Connected, Text: "polling " + r.Instance.Name})
	case err == nil && r.failures > 0:
		gap := time.Since(r.since)
		text := fmt.Sprintf("answered again after %v", gap.Round(100*time.Millisecond))
		r.tell(event.Notice{Kind: event.Reconnected, Text: text, Span: gap})
	}
}

func (r *run) pressed(events int) {
	if text := r.load.answer(events); text != "" {
		r.warn(text + ": older events may have been lost; poll faster, with a smaller --interval")
	}
}

func (r *run) tell(n event.Notice) {
	n.Instance = r.Instance
	r.Notify.Tell(n)
}

func (r *run) warn(text string) { r.tell(event.Notice{Kind: event.Warning, Text: text}) }

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
