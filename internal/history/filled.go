package history

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/rtapi"
	"github.com/rtev/rtev/internal/term"
)

const (
	// margin widens a gap at both ends, for clocks that differ and for an
	// event that was on its way.
	margin = 5 * time.Second
	// lateAfter is when a gap is asked for again, for rows written late.
	lateAfter = 5 * time.Second
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
	// Notify receives the live source's notices, and how each gap was filled.
	Notify event.Notify
}

// Run puts stored and live events until the live source ends. Errors: as the
// live source's. A query that fails is reported, once where the server has no
// database, and the live source goes on.
func (f *Filled) Run(ctx context.Context, to event.Sink) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &filling{Filled: f, ctx: ctx, stop: cancel, to: to, seen: newSeen(), began: time.Now(), past: make(chan struct{})}
	if f.Since.IsZero() {
		close(r.past)
	}
	err := f.Live(r.notice).Run(ctx, (*liveSink)(r))
	cancel()
	r.work.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken != nil {
		return r.broken
	}
	return err
}

// filling is one Run of a Filled.
type filling struct {
	*Filled
	ctx   context.Context
	stop  context.CancelFunc
	seen  *seen
	began time.Time
	work  sync.WaitGroup
	once  sync.Once
	past  chan struct{} // closed when the stored events since Since were put

	mu     sync.Mutex // over the sink and the fields below
	to     event.Sink
	broken error         // the first error of the sink
	newest time.Time     // of the live events, by the server's clock
	ahead  time.Duration // the server's clock minus ours, as the newest event shows
	none   bool          // the server has no database
}

// liveSink takes the live events of a filling.
type liveSink filling

// Put waits for the past, and leaves out an event that came from there.
func (s *liveSink) Put(e *event.Event) error {
	r := (*filling)(s)
	select {
	case <-r.past:
	case <-r.ctx.Done():
		return event.ErrStop
	}
	again := r.seen.again(e, live)
	r.mu.Lock()
	defer r.mu.Unlock()
	if at, ok := e.Time(); ok && at.After(r.newest) {
		r.newest = at
		if !e.Received.IsZero() {
			r.ahead = at.Sub(e.Received)
		}
	}
	if again {
		return r.broken
	}
	return r.put(e)
}

// Flush flushes the sink.
func (s *liveSink) Flush() error {
	r := (*filling)(s)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.broken == nil {
		r.broken = r.to.Flush()
	}
	return r.broken
}

// put puts an event and remembers the sink's error. The lock is held.
func (r *filling) put(e *event.Event) error {
	if r.broken == nil {
		r.broken = r.to.Put(e)
	}
	return r.broken
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
	err := s.put(e)
	if err == nil {
		s.events++
	} else {
		s.stop()
	}
	return err
}

// Flush flushes the sink.
func (s *storedSink) Flush() error { return (*liveSink)(s.filling).Flush() }

// notice passes notices on, and starts a query when a connection was made.
func (r *filling) notice(n event.Notice) {
	switch n.Kind {
	case event.Connected, event.Waiting:
		r.once.Do(func() {
			if !r.Since.IsZero() {
				r.work.Go(r.fillPast)
			}
		})
	case event.Reconnected:
		if r.Gaps {
			n.Text = "reconnected after " + term.Duration(n.Span) + "; asking the database for the events in between"
			r.mu.Lock()
			since, until := r.newest.Add(-margin), time.Now().Add(r.ahead+margin)
			if r.newest.IsZero() {
				since = time.Now().Add(-n.Span - margin)
			}
			r.mu.Unlock()
			r.work.Go(func() { r.fillGap(since, until) })
		}
	}
	r.Notify.Tell(n)
}

// fillPast puts the stored events since Since.
func (r *filling) fillPast() {
	until := time.Now().Add(margin)
	_, err := r.query(r.Since, until)
	close(r.past)
	if err != nil {
		r.failed(err, r.Since, until)
		return
	}
	if !rest(r.ctx, lateAfter) {
		return
	}
	if _, err := r.query(until.Add(-3*margin), until); err != nil {
		r.failed(err, until.Add(-3*margin), until)
	}
}

// fillGap puts the stored events of a gap, and asks once more for late ones.
func (r *filling) fillGap(since, until time.Time) {
	total := 0
	for attempt := range 2 {
		if attempt > 0 && !rest(r.ctx, lateAfter) {
			return
		}
		n, err := r.query(since, until)
		total += n
		if err != nil {
			r.failed(err, since, until)
			return
		}
	}
	r.Notify.Tell(event.Notice{Kind: event.Info, Instance: r.instance(), Text: fmt.Sprintf(
		"%s of the gap from the database; tracks, crops and attributes of that time are not stored", term.Count(total, "event"))})
}

// query puts what was stored in a range and was not put before.
func (r *filling) query(since, until time.Time) (events int, err error) {
	r.mu.Lock()
	none := r.none
	r.mu.Unlock()
	if none {
		return 0, errNoDatabase
	}
	source := r.Stored
	source.Since, source.Until, source.Notify = since, until, r.Notify
	sink := &storedSink{filling: r}
	err = source.Run(r.ctx, sink)
	return sink.events, err
}

// errNoDatabase says what was reported before.
var errNoDatabase = errors.New("this server has no event database")

// failed reports that a range could not be read. The end of the run and the
// sink's errors are reported elsewhere.
func (r *filling) failed(err error, since, until time.Time) {
	r.mu.Lock()
	over := r.ctx.Err() != nil || r.broken != nil || r.none
	if status, ok := errors.AsType[*rtapi.StatusError](err); ok && status.Code == 404 && !r.none {
		r.none = true
		err = errNoDatabase
	}
	r.mu.Unlock()
	if over {
		return
	}
	r.Notify.Tell(event.Notice{Kind: event.Warning, Instance: r.instance(), Text: fmt.Sprintf("%s to %s could not be filled: %v",
		since.Add(margin).Local().Format(time.TimeOnly), until.Add(-margin).Local().Format(time.TimeOnly), err)})
}

// instance returns the instance that notices are about.
func (r *filling) instance() *event.Instance { return r.Stored.Locate(r.Stored.InstanceID) }

// rest waits for d and reports whether the run goes on.
func rest(ctx context.Context, d time.Duration) bool {
	rtapi.Sleep(ctx, d)
	return ctx.Err() == nil
}
