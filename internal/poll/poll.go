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
	"net/http"
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
	// UnwrittenDirs are the folders for unwritten files, tried in order and
	// created when missing.
	UnwrittenDirs []string
	Spool         *Spool // nil for none
	Notify        event.Notify
}

const (
	defaultInterval = 2 * time.Second
	maxRetryAfter   = 5 * time.Minute
)

// UndeliveredError reports that something drained was not delivered, or that the
// spool cannot be used. Err says what happened to it.
type UndeliveredError struct{ Err error }

// Error returns one line.
func (e *UndeliveredError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *UndeliveredError) Unwrap() error { return e.Err }

// Undelivered marks errors that count even if other sources succeeded.
func (e *UndeliveredError) Undelivered() {}

func undelivered(format string, args ...any) error {
	return &UndeliveredError{fmt.Errorf(format, args...)}
}

var (
	// errCut says that a response ended early. Its complete events were delivered,
	// and an unfinished one is in the unwritten file.
	errCut = errors.New("the response was cut off")
	// errLost says that drained items could be neither printed nor saved.
	errLost = errors.New("could be neither printed nor saved")
)

// run is the state of one call of Run.
type run struct {
	*Poll
	to         event.Sink
	unwritten  *Unwritten
	reported   bool // items that are not events were reported
	sinkFailed bool

	// Of the requests.
	connected bool      // there was a response
	failures  int       // in a row
	failing   time.Time // when the first of them began
	backoff   rtapi.Backoff
}

// Run polls until ctx is done. Once a response has begun to arrive, Run reads it
// to its end and puts its events before it returns. Run returns
//   - an error of the sink, unchanged, or joined with an *UndeliveredError if
//     events could not be saved either;
//   - an *UndeliveredError, also if a response held anything that is not an event;
//   - any error of the first request, or with Once of the only one; after that
//     only a *rtapi.StatusError of 401 or 403, as other errors are retried;
//   - ctx.Err().
func (p *Poll) Run(ctx context.Context, to event.Sink) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r := &run{Poll: p, to: to, unwritten: NewUnwritten(p.UnwrittenDirs, p.Instance.ID)}
	if r.Spool != nil {
		return r.finish(ctx, r.runSpooled(ctx))
	}
	return r.finish(ctx, r.drain(ctx, r.deliver))
}

// drain sends requests until ctx is done and passes each response to take, which
// returns retry if another request may follow: its error is then nil or about
// the response.
func (r *run) drain(ctx context.Context, take func(io.ReadCloser) (retry bool, err error)) error {
	for ctx.Err() == nil {
		began := time.Now()
		body, err := r.request(ctx)
		retry := true
		switch {
		case err != nil:
			err = cmp.Or(ctx.Err(), err)
		case body == nil:
			r.answered(nil)
		default:
			if retry, err = take(body); retry {
				r.answered(err)
			}
		}
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

// request sends one request. The end of the run cancels it only as long as there
// is no connection. After that the queue may have been drained, and the response
// is the only copy.
func (r *run) request(ctx context.Context) (io.ReadCloser, error) {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, cancel)
	defer stop()
	own = httptrace.WithClientTrace(own, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { stop() }})
	return r.Client.Drain(own, r.Instance.ID, r.Types)
}

// deliver delivers a response as it arrives.
func (r *run) deliver(body io.ReadCloser) (retry bool, err error) {
	defer body.Close()
	d := &delivery{run: r}
	readErr := r.read(body, r.Instance, time.Time{}, d)
	if err = r.complete(d); err == nil {
		return true, readErr
	}
	if errors.Is(readErr, errCut) {
		r.notify(event.Notice{Kind: event.Lost, Text: readErr.Error()})
	}
	return false, err
}

// complete ends the delivery of a response: each of its events is then written,
// in an unwritten file, or stays in the spool. The error is the sink's, or says
// that events are lost.
func (r *run) complete(d *delivery) error {
	_ = d.Flush()
	r.sinkFailed = d.err != nil && !errors.Is(d.err, event.ErrStop)
	lost := r.unwritten.sync()
	if u := r.unwritten; u.raw > 0 && !r.reported && len(u.paths) > 0 && !r.Once {
		r.reported = true
		r.warn("drained items that are not JSON objects are saved as sent in " + u.paths[0])
	}
	if lost != nil && r.sinkFailed {
		return fmt.Errorf("%w; %w", d.err, lost)
	}
	return cmp.Or(lost, d.err)
}

// finish closes the unwritten file and reports what is in it. It returns err, or
// the error for items that were not delivered.
func (r *run) finish(ctx context.Context, err error) error {
	u := r.unwritten
	u.Close()
	if len(u.paths) > 0 {
		r.warn(fmt.Sprintf("%s not printed: saved in %s; rtev tail - < FILE prints the events in it",
			drained(u.items), strings.Join(u.paths, ", ")))
	}
	lost := errors.Is(err, errLost)
	if lost {
		r.warn(err.Error())
	}
	planned := err == nil || err == ctx.Err() || errors.Is(err, event.ErrStop)
	if _, refused := errors.AsType[*rtapi.NotStreamError](err); u.raw > 0 && !lost && !refused {
		bad := undelivered("%s could not be printed: not a JSON object", drained(u.raw))
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
	status, ok := errors.AsType[*rtapi.StatusError](err)
	denied := ok && (status.Code == http.StatusUnauthorized || status.Code == http.StatusForbidden)
	return denied || !r.connected
}

// failed reports a failed request, or a response that was cut off, and returns
// how long to wait.
func (r *run) failed(ctx context.Context, err error, began time.Time) time.Duration {
	if r.failures == 0 {
		r.failing = began
	}
	r.failures++
	var asked time.Duration
	if status, ok := errors.AsType[*rtapi.StatusError](err); ok {
		asked = min(status.RetryAfter, maxRetryAfter)
	}
	n := event.Notice{Kind: event.Retrying, Text: err.Error(), Span: r.backoff.AtLeast(asked)}
	cut := errors.Is(err, errCut)
	if cut {
		n.Kind = event.Lost
	}
	if ctx.Err() == nil {
		n.Text += fmt.Sprintf("; next request in %v", n.Span.Round(10*time.Millisecond))
	}
	if cut || ctx.Err() == nil {
		r.notify(n)
	}
	return n.Span
}

// answered reports the first response, and the first complete response after
// failures. A response that is not JSON does not count.
func (r *run) answered(err error) {
	_, refused := errors.AsType[*rtapi.NotStreamError](err)
	switch {
	case refused:
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
