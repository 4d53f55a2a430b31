// Package poll drains an instance's polling queue without losing an event.
//
// Polling removes events from the server: the response is the only copy. The
// package therefore keeps every drained event until the sink reports it as
// written. What cannot be written, and what is not an event, goes to an
// unwritten file whose name is reported. With a Spool each response is on disk
// before its first event is put.
package poll

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptrace"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/rtapi"
)

// Client sends polling requests; *rtapi.Client implements it.
type Client interface {
	// Drain removes and returns the events in an instance's queue. A nil body
	// without an error means that the queue is empty.
	Drain(ctx context.Context, id string, types []string) (io.ReadCloser, error)
}

// Poll is the event.Source of one instance's polling queue. Set the fields
// before Run and do not change them afterwards. A Poll runs once at a time.
type Poll struct {
	Client   Client
	Instance *event.Instance
	Types    []string      // sent with each request, but the server may ignore them; nil means all
	Interval time.Duration // from the start of one request to the start of the next; 0 means 2 s
	Once     bool          // send one request, deliver its response and return
	// Match reports whether an event is wanted; nil means that all are. Poll
	// applies it, rather than a sink, because an event.WriteError counts the
	// events that were put.
	Match func(*event.Event) bool
	// Hold is how many bytes of payload may be put without a Flush while the
	// rest of the response arrives. 0 flushes before every read. A larger value
	// is for sinks that combine several events, such as a picture and its event.
	Hold int
	// UnwrittenDirs are the directories for unwritten files, tried in order and
	// created when missing.
	UnwrittenDirs []string
	Spool         *Spool // nil for none
	Notify        event.Notify
}

const (
	defaultInterval = 2 * time.Second
	maxRetryAfter   = 5 * time.Minute
)

// run is the state of one call of Run.
type run struct {
	*Poll
	to        event.Sink
	unwritten *unwritten
	connected bool      // there was a response
	failures  int       // in a row
	failing   time.Time // when the first of them began
	backoff   rtapi.Backoff
	reported  bool // items that are not events were reported

	sinkFailed bool
}

// Run polls until ctx is done. Once a response has begun to arrive, Run reads it
// to its end and puts its events before it returns. Run returns
//   - an error of the sink, unchanged, or joined with a *LostError;
//   - a *SpoolError or a *LostError;
//   - any error of the first request, or with Once of the only one; after that
//     only a *rtapi.StatusError of 401 or 403, as other errors are retried;
//   - a *UnwrittenError, also joined with the errors above, if a response held
//     anything that is not an event;
//   - ctx.Err().
func (p *Poll) Run(ctx context.Context, to event.Sink) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := &run{Poll: p, to: to, unwritten: newUnwritten(p.UnwrittenDirs, p.Instance.ID)}
	return r.finish(ctx, r.loop(ctx))
}

func (r *run) loop(ctx context.Context) error {
	if r.Spool != nil {
		if err := r.Spool.leftovers(func() error { return r.deliverLeftovers(ctx) }); err != nil {
			return err
		}
	}
	for ctx.Err() == nil {
		began := time.Now()
		retry, err := r.request(ctx)
		switch {
		case !retry, r.Once, err != nil && r.final(err):
			return err
		case err == nil:
			r.failures = 0
			r.backoff.Reset()
			rtapi.Sleep(ctx, time.Until(began.Add(cmp.Or(r.Interval, defaultInterval))))
		default:
			rtapi.Sleep(ctx, r.failed(ctx, err, began))
		}
	}
	return ctx.Err()
}

// request sends one request and delivers its response. It returns retry if
// another request may follow: err is then nil or comes from the server or the
// network.
func (r *run) request(ctx context.Context) (retry bool, err error) {
	own, end := requestContext(ctx)
	defer end()
	body, err := r.Client.Drain(own, r.Instance.ID, r.Types)
	if err != nil {
		return true, cmp.Or(ctx.Err(), err)
	}
	if body == nil {
		r.answered(nil)
		err := r.to.Flush()
		return err == nil, err
	}
	defer body.Close()
	if retry, err = r.response(ctx, body); retry {
		r.answered(err)
	}
	return retry, err
}

// requestContext returns the context of one request. The end of the run cancels
// it only as long as there is no connection. After that the queue may have been
// drained, and the response is the only copy. Call end to release the context.
func requestContext(run context.Context) (ctx context.Context, end func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(run))
	stop := context.AfterFunc(run, cancel)
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { stop() }})
	return ctx, func() {
		stop()
		cancel()
	}
}

// response delivers one response, through the spool if there is one, and then
// the responses that were drained into the spool meanwhile. If the spool fails,
// the response is still delivered and is the last.
func (r *run) response(ctx context.Context, body io.Reader) (retry bool, err error) {
	next := r.receive(body)
	for backlog := []received(nil); ; next, backlog = backlog[0], backlog[1:] {
		drained := r.drainMeanwhile(ctx)
		retry, err = r.deliverReceived(next)
		backlog = append(backlog, drained()...)
		if !retry {
			if worse := r.saveUnspooled(backlog); worse != nil {
				err = fmt.Errorf("%w; %w", err, worse)
			}
			return false, err
		}
		if len(backlog) == 0 || ctx.Err() != nil {
			return true, err // the rest of the backlog is in the spool
		}
	}
}

// received is a response that is not delivered yet.
type received struct {
	stored *stored   // nil without a spool
	body   io.Reader // the whole response, ending like it; nil if it is in the spool
	spool  error     // why the spool does not have all of it
	close  func()    // ends its request; nil if the caller does
}

// receive stores a response in the spool, if there is one.
func (r *run) receive(body io.Reader) (next received) {
	next.body = body
	if r.Spool != nil {
		next.stored, next.body, next.spool = r.Spool.store(r.Instance.ID, body)
	}
	return next
}

func (r *run) deliverReceived(next received) (retry bool, err error) {
	if next.close != nil {
		defer next.close()
	}
	if next.body == nil && next.spool == nil {
		_, err := r.deliverLeftover(next.stored)
		return err == nil, err
	}
	if next.body == nil {
		return false, next.spool
	}
	d := r.newDelivery()
	d.spooled = next.stored != nil && next.spool == nil
	readErr := r.read(next.body, r.Instance, time.Time{}, d)
	err = r.deliver(d, next.stored, readErr)
	if err == nil && next.spool == nil {
		return true, readErr
	}
	r.reportCut(readErr, "")
	if next.spool != nil && (err == nil || errors.Is(err, event.ErrStop)) {
		return false, next.spool
	}
	if next.spool != nil {
		r.warn(next.spool.Error())
	}
	return false, err
}

// deliver completes the delivery of one response. Afterwards each of its events
// is written, in an unwritten file, or still in the spool. s is the spooled
// response, or nil. The error is the sink's or a *LostError.
func (r *run) deliver(d *delivery, s *stored, readErr error) error {
	_ = d.Flush()
	r.sinkFailed = d.err != nil && !errors.Is(d.err, event.ErrStop)
	lost := r.unwritten.sync()
	if u := r.unwritten; u.raw > 0 && !r.reported && len(u.paths) > 0 && !r.Once {
		r.reported = true
		r.warn("drained items that are not JSON objects are saved as sent in " + u.paths[0])
	}
	switch {
	case s == nil:
	case lost != nil:
		s.close() // the next run delivers all of it again
	case d.spooled:
		r.release(s, d, readErr)
	default:
		r.remove(s)
	}
	switch {
	case lost == nil:
		return d.err
	case d.err == nil, errors.Is(d.err, event.ErrStop):
		return lost
	}
	return fmt.Errorf("%w; %w", d.err, lost)
}

// finish closes the unwritten file and reports what is in it. It returns err, or
// the error for items that were not delivered.
func (r *run) finish(ctx context.Context, err error) error {
	u := r.unwritten
	u.closeFile()
	if len(u.paths) > 0 {
		text := u.contents() + ": saved in " + strings.Join(u.paths, ", ")
		if u.events > 0 {
			text += "; rtev tail - < FILE prints the events in it"
		}
		r.warn(text)
	}
	var lost *LostError
	if errors.As(err, &lost) {
		r.warn(lost.Error())
	}
	planned := err == nil || err == ctx.Err() || errors.Is(err, event.ErrStop)
	var not *rtapi.NotStreamError
	if u.raw > 0 && lost == nil && !errors.As(err, &not) {
		bad := &UnwrittenError{Items: u.raw, Files: u.paths}
		switch {
		case planned:
			err, planned = bad, false
		case !r.sinkFailed:
			err = fmt.Errorf("%w; %w", err, bad)
		}
	}
	if !planned && !r.sinkFailed {
		r.notify(event.Notice{Kind: event.Ended, Text: err.Error()})
	}
	return err
}

// final reports whether an error ends the run instead of being retried.
func (r *run) final(err error) bool {
	var status *rtapi.StatusError
	if errors.As(err, &status) && (status.Code == 401 || status.Code == 403) {
		return true
	}
	return !r.connected
}

// failed reports a failed request and returns how long to wait.
func (r *run) failed(ctx context.Context, err error, began time.Time) time.Duration {
	if r.failures == 0 {
		r.failing = began
	}
	r.failures++
	var status *rtapi.StatusError
	var asked time.Duration
	if errors.As(err, &status) {
		asked = min(status.RetryAfter, maxRetryAfter)
	}
	wait := r.backoff.AtLeast(asked)
	next := fmt.Sprintf("; next request in %v", wait.Round(10*time.Millisecond))
	if ctx.Err() != nil {
		next = ""
	}
	if !r.reportCut(err, next) && next != "" {
		r.notify(event.Notice{Kind: event.Retrying, Text: err.Error() + next, Span: wait})
	}
	return wait
}

// reportCut reports a response that was cut off, and returns false if err is not
// about one.
func (r *run) reportCut(err error, next string) bool {
	var cut *CutError
	if !errors.As(err, &cut) {
		return false
	}
	r.notify(event.Notice{Kind: event.Lost, Text: err.Error() + next, Bytes: cut.Unfinished})
	return true
}

// answered reports the first response, and the first complete response after
// failures. A response that is not JSON does not count.
func (r *run) answered(err error) {
	var not *rtapi.NotStreamError
	switch {
	case errors.As(err, &not):
	case !r.connected:
		r.connected = true
		r.notify(event.Notice{Kind: event.Connected, Text: "polling " + r.Instance.Name})
	case err == nil && r.failures > 0:
		gap := time.Since(r.failing)
		text := fmt.Sprintf("responded again after %v", gap.Round(100*time.Millisecond))
		r.notify(event.Notice{Kind: event.Reconnected, Text: text, Span: gap})
	}
}

func (r *run) notify(n event.Notice) {
	n.Instance = r.Instance
	r.Notify.Tell(n)
}

func (r *run) warn(text string) { r.notify(event.Notice{Kind: event.Warning, Text: text}) }
