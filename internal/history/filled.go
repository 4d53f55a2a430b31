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
	// margin widens a gap at both ends, for events that were on their way.
	margin = 5 * time.Second
	// lateAfter is when a range is queried again, for rows written late.
	lateAfter = 5 * time.Second
	// clockError is how far the server's clock may be ahead of ours while
	// nothing is known of it.
	clockError = 24 * time.Hour
)

// Filled is a live source whose past, and whose gaps between two connections,
// come from the server's database. Stored events have Stored set and are put
// oldest first; one that also came live is put once (by type and event_id).
// Set the fields before Run and do not change them then.
type Filled struct {
	// Live makes the live source. It must report Connected, Waiting and
	// Reconnected to notify.
	Live func(notify event.Notify) event.Source
	// Stored is the query; Since, Until and Notify are set for each use.
	Stored Source
	// Since, if not zero, is where the stored events begin that come first.
	// Live events wait in the connection until those are put.
	Since time.Time
	Gaps  bool // fill gaps after a reconnect; live events do not wait for it
	// Missing is set when the server turns out to have no database, which is
	// then reported once by all that share it.
	Missing *atomic.Bool
	// Notify receives the live source's notices, and how each gap was filled.
	Notify event.Notify
}

// Run puts stored and live events until the live source ends. Errors: as the
// live source's. A query that fails is reported, and the live source goes on.
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
	if r.broken != nil {
		return r.broken
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
	past chan struct{} // closed when the stored events since Since were put

	mu     sync.Mutex // over the sink and the fields below
	to     event.Sink
	broken error         // the first error of the sink
	latest time.Time     // of the last live event, by the server's clock
	ahead  time.Duration // the server's clock minus ours; 0 if unknown
}

// put puts an event, and ends the run if the sink fails.
func (r *filling) put(e *event.Event) error {
	if r.broken == nil {
		r.broken = r.to.Put(e)
	}
	if r.broken != nil {
		r.stop()
	}
	return r.broken
}

// Flush flushes the sink.
func (r *filling) Flush() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken == nil {
		r.broken = r.to.Flush()
	}
	return r.broken
}

// liveSink takes the live events of a filling.
type liveSink struct{ *filling }

// Put waits for the past, and leaves out an event that came from there.
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
		// An event that is late makes the difference of the clocks too small.
		if ahead := at.Sub(e.Received); s.latest.IsZero() || ahead > s.ahead {
			s.ahead = ahead
		}
		s.latest = at
	}
	if again {
		return s.broken
	}
	return s.put(e)
}

// storedSink takes stored events and counts those that are new.
type storedSink struct {
	*filling
	events int
}

// Put leaves out an event that was put before.
func (s *storedSink) Put(e *event.Event) error {
	if s.seen.again(e, stored) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events++
	return s.put(e)
}

// notice passes notices on, and starts a query when a connection was made.
func (r *filling) notice(n event.Notice) {
	switch n.Kind {
	case event.Connected, event.Waiting:
		if !r.Since.IsZero() {
			r.once.Do(func() { r.work.Go(r.fillPast) })
		}
	case event.Reconnected:
		if r.Gaps && !r.Missing.Load() {
			n.Text = "reconnected after " + term.Duration(n.Span) + "; asking the database for the events in between"
			ahead, since := r.clock() // before another event comes
			end := time.Now().Add(ahead)
			if since.IsZero() || since.After(end) {
				since = end.Add(-n.Span)
			}
			r.work.Go(func() { r.fillGap(since, end) })
		}
	}
	r.Notify.Tell(n)
}

// fillPast puts the stored events since Since.
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

// fillGap puts the stored events of a gap, by the server's clock. It begins with
// the last live event, not when the break was noticed.
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

// query puts what was stored in a range and was not put before.
func (r *filling) query(since, until time.Time) (events int, err error) {
	source := r.Stored
	source.Since, source.Until, source.Notify = since, until, r.Notify
	sink := &storedSink{filling: r}
	err = source.Run(r.ctx, sink)
	return sink.events, err
}

// failed reports that a range was not read, or not to its end. The end of the
// run and the sink's errors are reported elsewhere.
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
