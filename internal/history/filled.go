package history

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/rtapi"
	"github.com/rtev/rtev/internal/term"
)

const (
	// margin widens a gap at both ends, to include events that were in transit.
	margin = 5 * time.Second
	// lateAfter is how long after a query it is repeated, for rows written late.
	lateAfter = 5 * time.Second
	// clockError is how far the server's clock may be ahead of ours until an
	// event shows the difference.
	clockError = 24 * time.Hour
)

// Filled is a live source that also reads events from before the run, and events
// missed between two connections, from the server's database. These events have
// Stored set and are put oldest first. An event that is both live and stored is
// put once; type and event_id identify it. Set the fields before Run and do not
// change them afterwards.
type Filled struct {
	// Live returns the live source, which must report Connected, Waiting and
	// Reconnected to notify.
	Live func(notify event.Notify) event.Source
	// Stored is the query. Filled sets its Since, Until and Notify.
	Stored Source
	// Since, if not zero, is the time from which stored events are put before
	// any live event. Meanwhile live events wait in the connection.
	Since time.Time
	Gaps  bool // fill gaps after a reconnect; live events do not wait for that
	// Missing is set once the server turns out to have no database. Sources that
	// share it report this once.
	Missing *atomic.Bool
	// Notify receives the notices of the live source and of filling gaps.
	Notify event.Notify
}

// Run puts stored and live events until the live source ends, and returns its
// error or the sink's. It reports a failed query and continues with live events.
func (f *Filled) Run(ctx context.Context, to event.Sink) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &filling{Filled: f, ctx: ctx, stop: cancel, to: to, past: make(chan struct{})}
	r.seen = &seen{from: map[uint64]origin{}}
	r.seen.hash.SetSeed(maphash.MakeSeed())
	if f.Since.IsZero() {
		close(r.past)
	}
	err := f.Live(r.notice).Run(ctx, liveSink{r})
	cancel()
	r.work.Wait()
	if r.sinkErr != nil {
		return r.sinkErr
	}
	return err
}

// filling is one Run of a Filled.
type filling struct {
	*Filled
	ctx  context.Context
	stop context.CancelFunc
	seen *seen
	work sync.WaitGroup
	once sync.Once
	past chan struct{} // closed when the stored events from Since on were put

	mu      sync.Mutex // guards the fields below, and calls of the sink
	to      event.Sink
	sinkErr error         // the first error of the sink
	latest  time.Time     // of the last live event, by the server's clock
	ahead   time.Duration // the server's clock minus ours; 0 if unknown
}

// put puts an event, and ends the run if the sink fails. The caller holds r.mu.
func (r *filling) put(e *event.Event) error {
	if r.sinkErr == nil {
		r.sinkErr = r.to.Put(e)
	}
	if r.sinkErr != nil {
		r.stop()
	}
	return r.sinkErr
}

// Flush flushes the sink.
func (r *filling) Flush() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sinkErr == nil {
		r.sinkErr = r.to.Flush()
	}
	return r.sinkErr
}

// liveSink takes the live events of a filling.
type liveSink struct{ *filling }

// Put waits until the events from before the run were put. It drops an event
// that was among them.
func (s liveSink) Put(e *event.Event) error {
	select {
	case <-s.past:
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
	again := s.seen.again(e, live)
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, ok := e.Time(); ok && !e.Received.IsZero() {
		// The largest difference counts: an event that arrives late makes it smaller.
		if ahead := at.Sub(e.Received); s.latest.IsZero() || ahead > s.ahead {
			s.ahead = ahead
		}
		s.latest = at
	}
	if again {
		return s.sinkErr
	}
	return s.put(e)
}

// storedSink takes stored events and counts those that are new.
type storedSink struct {
	*filling
	events int
}

// Put drops an event that was put before.
func (s *storedSink) Put(e *event.Event) error {
	if s.seen.again(e, stored) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events++
	return s.put(e)
}

// notice passes notices on, and starts a query after a connection was made.
func (r *filling) notice(n event.Notice) {
	switch n.Kind {
	case event.Connected, event.Waiting:
		if !r.Since.IsZero() {
			r.once.Do(func() { r.work.Go(r.fillPast) })
		}
	case event.Reconnected:
		if r.Gaps && !r.Missing.Load() {
			n.Text = "reconnected after " + term.Duration(n.Span) + "; asking the database for the events in between"
			ahead, since := r.clock() // before the next event changes them
			end := time.Now().Add(ahead)
			if since.IsZero() || since.After(end) {
				since = end.Add(-n.Span)
			}
			r.work.Go(func() { r.fillGap(since, end) })
		}
	}
	r.Notify.Tell(n)
}

// fillPast puts the stored events from Since on.
func (r *filling) fillPast() {
	connected := time.Now()
	_, err := r.query(r.Since, connected.Add(clockError))
	close(r.past)
	if err == nil && sleep(r.ctx, lateAfter) {
		ahead, _ := r.clock()
		_, err = r.query(connected.Add(ahead-2*margin), connected.Add(ahead+margin))
	}
	r.failed("stored events since "+r.Since.Local().Format(time.DateTime), err)
}

// fillGap puts the stored events of a gap. Both times are by the server's clock;
// since is the time of the last live event, which may be long before the lost
// connection was noticed.
func (r *filling) fillGap(since, end time.Time) {
	total, err := r.query(since.Add(-margin), end.Add(margin))
	if err == nil && sleep(r.ctx, lateAfter) {
		var late int
		late, err = r.query(since.Add(-margin), end.Add(margin))
		total += late
	}
	if err != nil {
		r.failed(fmt.Sprintf("the gap from %s to %s", since.Local().Format(time.TimeOnly), end.Local().Format(time.TimeOnly)), err)
	} else if r.ctx.Err() == nil {
		r.Notify.Tell(event.Notice{Kind: event.Filled, Instance: r.instance(), Count: total,
			Text: term.Count(total, "missed event") + " came from the database"})
	}
}

// clock returns how far the server's clock is ahead of ours, and the time of
// the last live event by the server's clock.
func (r *filling) clock() (ahead time.Duration, latest time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.ahead, r.latest
}

// query puts the stored events of a time range that were not put before, and
// returns their number.
func (r *filling) query(since, until time.Time) (events int, err error) {
	source := r.Stored
	source.Since, source.Until, source.Notify = since, until, r.Notify
	sink := &storedSink{filling: r}
	err = source.Run(r.ctx, sink)
	return sink.events, err
}

// failed reports that a time range was not read completely. The end of the run
// and errors of the sink are reported elsewhere.
func (r *filling) failed(what string, err error) {
	_, missing := errors.AsType[*NoDatabaseError](err)
	if err == nil || r.ctx.Err() != nil || missing && r.Missing.Swap(true) {
		return
	}
	r.Notify.Tell(event.Notice{Kind: event.Warning, Instance: r.instance(), Text: what + " could not be filled: " + err.Error()})
}

// instance returns the instance that notices are about.
func (r *filling) instance() *event.Instance { return r.Stored.Locate(r.Stored.InstanceID) }

// sleep waits for d and reports whether the run goes on.
func sleep(ctx context.Context, d time.Duration) bool {
	rtapi.Sleep(ctx, d)
	return ctx.Err() == nil
}
