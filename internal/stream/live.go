package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/rtapi"
	"github.com/rtev/rtev/internal/term"
)

// Time limits of a connection.
const (
	noticeAfter = 3 * time.Second  // until a notice that the response header is late
	checkAfter  = 10 * time.Second // until a check that the server is alive

	longestRetryAfter = 5 * time.Minute // of Retry-After
	healthy           = 2 * time.Second // a connection that lasted this long resets the back-off

	// goneAfter is how long 404 is retried: a restarted server may still be
	// loading its instances.
	goneAfter = 2 * time.Minute
)

// Live is the event.Source of one instance's live stream. It reconnects until its
// context is done. Set the fields before Run and do not change them afterwards. A
// Live may run several times at once.
type Live struct {
	Client   *rtapi.Client
	Instance *event.Instance
	Types    []string // sent with the request; nil means all
	Retry    bool     // also retry if the first connection fails
	// IdleTimeout is how long a connection may be silent before Live reconnects.
	// 0 means forever, since a quiet stream is not an error.
	IdleTimeout time.Duration
	// Notify receives Connected, Waiting, Lost, Retrying, Reconnected (with the
	// length of the gap), Skipped and Oversize, and Ended when Run returns an
	// error that is neither the sink's nor ctx's.
	Notify event.Notify
}

// Run follows the stream. It returns an error of the sink unchanged; ctx.Err();
// the error of the first connection, unless Retry is set or the server turned out
// to be alive; or, at any time, a *rtapi.StatusError of 401, 403, or of 404 that
// persists. It reports and retries every other failure.
func (l *Live) Run(ctx context.Context, to event.Sink) error {
	s := &session{Live: l, feed: feed{ctx: ctx, sink: to, notify: l.Notify, limit: l.IdleTimeout}}
	s.maker = event.Maker{Instance: l.Instance, Bad: s.bad}
	err := s.run()
	switch {
	case s.failed != nil:
		return s.failed
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
	wait    rtapi.Backoff
	lastID  []byte
	since   time.Time // when the last connection began; zero: there was none
	lost    time.Time // when it ended
	missing time.Time // when the server began to respond with 404; zero if it does not
	alive   bool      // the server responded to a check in this run
}

// run connects and reads until an error is final.
func (s *session) run() error {
	for {
		kind, why := event.Retrying, ""
		opened, err := s.connect()
		if opened {
			kind, why = event.Lost, "connection lost: "
		}
		if s.flush() != nil || s.ctx.Err() != nil {
			return err
		}
		if final := s.final(err); final != nil {
			return final
		}
		wait := s.next(err)
		text := fmt.Sprintf("%s%v; trying again in %s", why, err, term.Duration(wait))
		s.tell(event.Notice{Kind: kind, Text: text, Span: wait})
		rtapi.Sleep(s.ctx, wait)
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
	s.r = body
	if s.limit > 0 {
		s.idle = time.AfterFunc(s.limit, func() { cancel(fmt.Errorf("no byte for %s", term.Duration(s.limit))) })
		s.idle.Stop()
	}
	d := newDecoder(s, event.MaxPayload)
	d.lastID = s.lastID
	err = s.feed.run(d, func(typ, id, data []byte) error {
		return s.maker.Record(typ, id, data, s.at, s.sink)
	})
	if cause := context.Cause(ctx); cause != nil {
		err = cause
	}
	s.lost, s.lastID = time.Now(), d.lastID
	if s.lost.Sub(s.since) >= healthy {
		s.wait.Reset()
	}
	return true, reason(err, d.unfinished())
}

// open opens the stream. The response header may come only with the first event,
// hours later, so open waits for it as long as the server is alive.
func (s *session) open(ctx context.Context, cancel context.CancelCauseFunc) (io.ReadCloser, error) {
	waiting, stop := context.WithCancel(ctx)
	var watch sync.WaitGroup
	answered := false
	watch.Go(func() { answered = s.watch(waiting, cancel) })
	body, err := s.Client.Stream(ctx, s.Instance.ID, s.Types, string(s.lastID))
	stop()
	watch.Wait()
	s.alive = s.alive || answered
	if err != nil && answered {
		s.wait.Reset() // a proxy ended a quiet stream
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	return body, err
}

// watch reports that the source waits, and checks once that the server is alive. If
// it is not, watch ends the attempt with the reason.
func (s *session) watch(waiting context.Context, end context.CancelCauseFunc) (answered bool) {
	if rtapi.Sleep(waiting, noticeAfter) != nil {
		return false
	}
	text := fmt.Sprintf("waiting for %s: no response to the stream request yet", s.Instance.Name)
	s.tell(event.Notice{Kind: event.Waiting, Text: text, Span: noticeAfter})
	if rtapi.Sleep(waiting, checkAfter-noticeAfter) != nil {
		return false
	}
	err := s.Client.Check(waiting, s.Instance.ID)
	if err != nil && waiting.Err() == nil {
		end(err)
	}
	return err == nil
}

// begin records and reports that a connection was opened.
func (s *session) begin() {
	first := s.since.IsZero()
	s.since, s.missing = time.Now(), time.Time{}
	if first {
		s.tell(event.Notice{Kind: event.Connected, Text: "connected to " + s.Instance.Name})
		return
	}
	gap := s.since.Sub(s.lost)
	text := fmt.Sprintf("reconnected after %s; events in between were not sent", term.Duration(gap))
	s.tell(event.Notice{Kind: event.Reconnected, Text: text, Span: gap})
}

// final returns the error that ends the run after err, or nil if the
// connection is retried.
func (s *session) final(err error) error {
	status, refused := errors.AsType[*rtapi.StatusError](err)
	_, page := errors.AsType[*rtapi.NotStreamError](err)
	missing := refused && status.Code == http.StatusNotFound
	if !missing {
		s.missing = time.Time{}
	}
	switch {
	case refused && (status.Code == http.StatusUnauthorized || status.Code == http.StatusForbidden):
		return err
	case s.since.IsZero() && s.Retry:
	case s.since.IsZero() && refused && rtapi.IsGateway(status.Code): // which may time out a quiet stream
		if !s.alive && s.Client.Check(s.ctx, s.Instance.ID) != nil {
			return err
		}
	case s.since.IsZero() && (refused || page || !s.alive):
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
	return s.wait.Next()
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
