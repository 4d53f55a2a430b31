package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/rtapi"
	"github.com/rtev/rtev/internal/term"
)

// Time limits of a connection.
const (
	longestRetry      = 30 * time.Second // of the stream's retry field
	longestRetryAfter = 5 * time.Minute  // of Retry-After
	healthy           = 10 * time.Second // a connection that lasted this long resets the back-off
	healthyData       = time.Second      // the same for one that brought a record
	goneAfter         = 2 * time.Minute  // how long 404 is retried: a restarted server may still be loading its instances
)

// Client opens live streams. *rtapi.Client implements it.
type Client interface {
	// Stream opens an instance's live stream. It waits for the response header
	// without a time limit.
	Stream(ctx context.Context, id string, types []string, lastID string) (io.ReadCloser, error)
	// Check returns nil if the server is alive. It is called while Stream waits.
	Check(ctx context.Context, id string) error
}

// Live is the event.Source of one instance's live stream. It reconnects until its
// context is done. Set the fields before Run and do not change them afterwards. A
// Live may run several times at once.
type Live struct {
	Client   Client
	Instance *event.Instance
	Types    []string // sent with the request; nil means all
	Retry    bool     // also retry if the first connection fails
	// IdleTimeout is how long a connection may be silent before Live reconnects.
	// 0 means forever, since a quiet stream is not an error.
	IdleTimeout time.Duration
	// Notify receives Connected, Waiting, Lost, Retrying, Reconnected (with the
	// length of the gap), Skipped and Oversize, and Ended when Run returns an
	// error that is neither the sink's nor ctx's.
	Notify  event.Notify
	Backoff rtapi.Backoff // the waits between attempts
}

// Run follows the stream. It returns an error of the sink unchanged; ctx.Err();
// the error of the first connection, unless Retry is set or the server turned out
// to be alive; or, at any time, a *rtapi.StatusError of 401, 403, or of 404 that
// persists. It reports and retries every other failure.
func (l *Live) Run(ctx context.Context, to event.Sink) error {
	s := &session{Live: l, ctx: ctx, wait: l.Backoff}
	s.feed = feed{sink: sink{Sink: to}, notify: l.Notify, maker: event.Maker{Instance: l.Instance, Bad: s.bad}}
	err := s.run()
	switch {
	case s.sink.err != nil:
		return s.sink.err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	s.tell(event.Notice{Kind: event.Ended, Text: err.Error()})
	return err
}

// session is one Run of a Live.
type session struct {
	*Live
	feed
	ctx     context.Context
	wait    rtapi.Backoff
	waited  time.Duration // before the current connection
	lastID  string
	retry   time.Duration // requested by the stream
	since   time.Time     // when the last connection began; zero: there was none
	lost    time.Time     // when it ended
	missing time.Time     // when the server began to respond with 404; zero if it does not
	alive   bool          // the server responded to a check in this run
}

// run connects and reads until an error is final.
func (s *session) run() error {
	for {
		kind, why := event.Retrying, ""
		opened, err := s.connect()
		if opened {
			kind, why = event.Lost, "connection lost: "
		}
		if errFlush := s.sink.Flush(); errFlush != nil || s.ctx.Err() != nil {
			return err
		}
		if final := s.final(err); final != nil {
			return final
		}
		s.waited = s.next(err)
		s.tell(event.Notice{Kind: kind, Text: fmt.Sprintf("%s%v; trying again in %s", why, err, term.Duration(s.waited)), Span: s.waited})
		rtapi.Sleep(s.ctx, s.waited)
	}
}

// connect opens the stream and reads it to its end. It reports whether it opened
// the stream, and returns why the stream ended or was not opened.
func (s *session) connect() (opened bool, err error) {
	ctx, cancel := context.WithCancelCause(s.ctx)
	defer cancel(nil)
	body, err := s.open(ctx, cancel)
	if err != nil {
		return false, err
	}
	defer body.Close()
	s.begin()
	in := &flushingReader{ctx: s.ctx, r: body, sink: &s.sink}
	if s.IdleTimeout > 0 {
		in.limit = s.IdleTimeout
		in.idle = time.AfterFunc(in.limit, func() { cancel(fmt.Errorf("no byte for %s", term.Duration(in.limit))) })
		in.idle.Stop()
	}
	d := NewDecoder(in, event.MaxPayload)
	err = s.feed.run(d, &in.at)
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	s.end(d)
	return true, reason(err, d.Unfinished())
}

// begin records and reports that a connection was opened.
func (s *session) begin() {
	first, now := s.since.IsZero(), time.Now()
	s.since, s.seen, s.missing = now, time.Time{}, time.Time{}
	if first {
		s.tell(event.Notice{Kind: event.Connected, Text: "connected to " + s.Instance.Name})
		return
	}
	gap := now.Sub(s.lost)
	s.tell(event.Notice{Kind: event.Reconnected, Text: fmt.Sprintf("reconnected after %s; events in between were not sent", term.Duration(gap)), Span: gap})
}

// end records the state that the next connection needs.
func (s *session) end(d *Decoder) {
	s.lost = time.Now()
	if id, ok := d.LastID(); ok {
		s.lastID = id
	}
	if wait, ok := d.Retry(); ok {
		s.retry = min(wait, longestRetry)
	}
	lasted := s.lost.Sub(s.since)
	// A server that ends each connection after one record must not be asked
	// faster and faster: a connection with data also has to last longer than the
	// wait before it.
	if lasted >= healthy || !s.seen.IsZero() && lasted >= max(healthyData, s.waited) {
		s.wait.Reset()
	}
}

// final returns the error that ends the run after err, or nil if the
// connection is retried.
func (s *session) final(err error) error {
	status, ok := errors.AsType[*rtapi.StatusError](err)
	if ok && (status.Code == http.StatusUnauthorized || status.Code == http.StatusForbidden) {
		return err
	}
	missing := ok && status.Code == http.StatusNotFound
	if !missing {
		s.missing = time.Time{}
	}
	switch {
	case s.since.IsZero() && s.Retry:
		return nil
	case s.since.IsZero() && (missing || !s.serves(err)):
		return err
	case missing && s.missing.IsZero():
		s.missing = time.Now()
	case missing && time.Since(s.missing) >= goneAfter:
		gone := *status
		gone.Gone = true
		return &gone
	}
	return nil
}

// next returns how long to wait after err.
func (s *session) next(err error) time.Duration {
	if status, ok := errors.AsType[*rtapi.StatusError](err); ok && status.RetryAfter > 0 {
		return s.wait.AtLeast(min(status.RetryAfter, longestRetryAfter))
	}
	return s.wait.AtLeast(s.retry)
}

// reason describes why a connection ended, with the size of an unfinished record.
func reason(err error, lost int64) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		err = errors.New("it was cut off")
	case errors.Is(err, io.EOF):
		err = errors.New("the server closed it")
	}
	if lost > 0 {
		return fmt.Errorf("%w, inside a record (%d bytes)", err, lost)
	}
	return err
}
