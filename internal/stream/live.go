package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/rtapi"
)

// What a server may ask for at most, and when a connection counts as healthy.
const (
	mostRetry   = 30 * time.Second // of the stream's retry field
	mostLater   = 5 * time.Minute  // of Retry-After
	healthy     = 10 * time.Second // it lasted so long, whether or not anything came
	healthyData = time.Second      // it lasted so long, and a record came
)

// Client opens live streams; *rtapi.Client does.
type Client interface {
	Stream(ctx context.Context, id string, types []string, lastID string) (io.ReadCloser, error)
}

// Live is the event.Source of one instance's live stream, for as long as it is
// wanted: a connection that ends is opened again. Set the fields before Run
// and leave them alone then. A Live may run several times at once.
type Live struct {
	Client   Client
	Instance *event.Instance
	Types    []string // sent with the request; nil: all
	Retry    bool     // a first connection that fails is tried again, too
	// IdleTimeout is after how long without a byte the connection is opened
	// anew. 0: a quiet stream is no error.
	IdleTimeout time.Duration
	// Notify is told what happens beside the events: Connected, Lost, Retrying,
	// Reconnected with the gap, Skipped, Oversize, and Ended when Run returns
	// an error that is neither the sink's nor ctx's.
	Notify event.Notify
	// Gap puts what was missed while there was no connection, and returns how
	// many events it put. from is when the last record came, else when the
	// last connection began. Nil: gaps are told, not filled.
	Gap     func(ctx context.Context, from, until time.Time, to event.Sink) (int, error)
	Backoff rtapi.Backoff // the waits between attempts
}

// Run follows the stream. Its errors: an error of the sink, unchanged;
// ctx.Err(); what the first connection failed with, unless Retry is set; and
// at any time a *rtapi.StatusError of 401 or 403. Every other failure is told
// and tried again.
func (l *Live) Run(ctx context.Context, to event.Sink) error {
	s := &session{Live: l, ctx: ctx, wait: l.Backoff}
	s.feed = feed{to: to, notify: l.Notify, maker: event.Maker{Instance: l.Instance, Bad: s.bad}}
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
	ctx    context.Context
	wait   rtapi.Backoff
	waited time.Duration // before the connection at hand
	lastID string
	retry  time.Duration // what the stream asked for
	since  time.Time     // when the last connection began; zero: there was none
	lost   time.Time     // when it ended
}

// run connects and reads, again and again, until something ends it for good.
func (s *session) run() error {
	for {
		kind, why := event.Retrying, ""
		opened, err := s.connect()
		if opened {
			kind, why = event.Lost, "connection lost: "
		}
		if errFlush := s.Flush(); errFlush != nil || s.ctx.Err() != nil || s.final(err) {
			return err
		}
		s.waited = s.next(err)
		s.tell(event.Notice{Kind: kind, Text: fmt.Sprintf("%s%v; trying again in %s", why, err, words(s.waited)), Span: s.waited})
		sleep(s.ctx, s.waited)
	}
}

// connect opens the stream and reads it to its end; err is why it ended, or
// why it was not opened.
func (s *session) connect() (opened bool, err error) {
	ctx, cancel := context.WithCancelCause(s.ctx)
	defer cancel(nil)
	body, err := s.Client.Stream(ctx, s.Instance.ID, s.Types, s.lastID)
	if err != nil {
		return false, err
	}
	defer body.Close()
	if err := s.begin(); err != nil {
		return true, err
	}
	in := &tap{ctx: s.ctx, r: body, sink: &s.feed}
	if s.IdleTimeout > 0 {
		in.time = s.IdleTimeout
		in.idle = time.AfterFunc(in.time, func() { cancel(fmt.Errorf("no byte for %s", words(in.time))) })
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

// begin notes and tells that a connection stands, and fills the gap before it.
// Its error is the sink's.
func (s *session) begin() error {
	from, now := s.since, time.Now()
	if !s.seen.IsZero() {
		from = s.seen
	}
	first := s.since.IsZero()
	s.since, s.seen = now, time.Time{}
	if first {
		s.tell(event.Notice{Kind: event.Connected, Text: "connected to " + s.Instance.Name})
		return nil
	}
	gap, missed := now.Sub(s.lost), "events in between were not sent"
	if s.Gap != nil {
		n, err := s.Gap(s.ctx, from, now, &s.feed)
		switch {
		case s.failed != nil:
			return s.failed
		case err != nil:
			missed = fmt.Sprintf("%d events in between were fetched, then: %v", n, err)
		default:
			missed = fmt.Sprintf("%d events in between were fetched", n)
		}
	}
	s.tell(event.Notice{Kind: event.Reconnected, Text: fmt.Sprintf("reconnected after %s; %s", words(gap), missed), Span: gap})
	return nil
}

// end notes what a connection that ended has left.
func (s *session) end(d *Decoder) {
	s.lost = time.Now()
	if id := d.LastID(); id != "" {
		s.lastID = id
	}
	if wait, ok := d.Retry(); ok {
		s.retry = min(wait, mostRetry)
	}
	lasted := s.lost.Sub(s.since)
	// A server that ends each connection after a record must not be asked ever
	// faster: with data, too, it has to last longer than the wait before it.
	if lasted >= healthy || !s.seen.IsZero() && lasted >= max(healthyData, s.waited) {
		s.wait.Reset()
	}
}

// final tells whether an error is not tried again.
func (s *session) final(err error) bool {
	var status *rtapi.StatusError
	if errors.As(err, &status) && (status.Code == 401 || status.Code == 403) {
		return true
	}
	return s.since.IsZero() && !s.Retry
}

// next is how long to wait after err.
func (s *session) next(err error) time.Duration {
	var status *rtapi.StatusError
	if errors.As(err, &status) && status.RetryAfter > 0 {
		return s.wait.AtLeast(min(status.RetryAfter, mostLater))
	}
	return s.wait.AtLeast(s.retry)
}

// reason says in words why a connection ended, of which so many bytes could
// not be used.
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

// words is d as it is read: 12.4 s, 9h0m12s.
func words(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%.2f s", d.Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}

// sleep waits for d, or until ctx is done.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
