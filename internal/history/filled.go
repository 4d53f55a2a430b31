package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/rtapi"
	"github.com/rtev/rtev/internal/term"
)

const (
	margin  = 5 * time.Second // for events in transit, rows written late, and a clock that is ahead
	maxSeen = 50_000          // events that are remembered, and as many older ones, in 4 MB
)

// Filled is a live source that also reads events from before the run, and those missed
// between two connections, from the server's database, oldest first. An event that is
// both live and stored is put once. Set the fields before Run and do not change them.
type Filled struct {
	Live   func(notify event.Notify) event.Source // notify receives its connections
	Stored Source                                 // of one instance; Filled sets its time range
	Since  time.Time                              // from which stored events come before any live one; zero: none
	Gaps   bool                                   // fill gaps after a reconnect; live events do not wait for that
	Notify event.Notify                           // receives the notices of Live, Info and Unfilled
}

// Run puts stored and live events until Live ends, and returns its error or the
// sink's. It reports a query that fails and goes on with live events.
func (f *Filled) Run(ctx context.Context, to event.Sink) error {
	r := &filling{Filled: f, to: to, turn: make(chan struct{}, 1), seen: map[uint64]bool{}}
	r.ctx, r.stop = context.WithCancel(ctx)
	r.past, r.open = context.WithCancel(r.ctx)
	if f.Since.IsZero() {
		r.begin.Do(r.open)
	}
	err := f.Live(r.notice).Run(r.ctx, r)
	r.stop()
	r.work.Wait()
	return cmp.Or(r.failed, err)
}

// filling is one Run of a Filled, and the sink of its live and stored events.
type filling struct {
	*Filled
	ctx     context.Context
	stop    context.CancelFunc
	begin   sync.Once       // of reading events from before the run
	past    context.Context // done when they were put
	open    context.CancelFunc
	work    sync.WaitGroup
	turn    chan struct{} // holds one while stored events are read
	count   int           // of those that were put
	missing bool          // the server has no database

	mu     sync.Mutex // guards the fields below
	to     event.Sink
	failed error           // of the sink
	latest time.Time       // of the events, by the server's clock
	ahead  time.Duration   // at least so much is the server's clock ahead
	seen   map[uint64]bool // events that were put; true: only stored so far
	older  map[uint64]bool // those that were put before
}

// Put puts an event that was not put before. A live event waits for those from
// before the run.
func (r *filling) Put(e *event.Event) error {
	if !e.Stored {
		<-r.past.Done()
	}
	return r.do(func() error {
		if r.again(e) {
			return nil
		}
		if at, ok := e.Time(); ok && at.After(r.latest) {
			r.latest, r.ahead = at, max(r.ahead, time.Until(at))
		}
		if e.Stored {
			r.count++
		}
		return r.to.Put(e)
	})
}

// Flush flushes the sink.
func (r *filling) Flush() error { return r.do(r.to.Flush) }

// do calls the sink, whose first error ends the run.
func (r *filling) do(call func() error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed == nil {
		if r.failed = call(); r.failed != nil {
			r.stop()
		}
	}
	return r.failed
}

// again reports whether an event was put before, and remembers it. Type and event_id
// make events equal, or the payloads of stored ones without event_id. A live event is
// compared with stored ones only: several may have the same event_id.
func (r *filling) again(e *event.Event) bool {
	id := e.Get("event_id").String()
	if id == "" && !e.Stored {
		return false
	}
	key := maphash.Comparable(seed, [2]string{plain(e.Type), cmp.Or(id, string(e.Payload))})
	onlyStored, known := r.seen[key]
	if !known {
		onlyStored, known = r.older[key]
	}
	if len(r.seen) == maxSeen {
		r.seen, r.older = map[uint64]bool{}, r.seen
	}
	r.seen[key] = e.Stored && (onlyStored || !known)
	return onlyStored || known && e.Stored
}

// notice passes a notice on, and reads stored events once a connection was made.
func (r *filling) notice(n event.Notice) {
	r.Notify.Tell(n)
	switch n.Kind {
	case event.Connected, event.Waiting: // rows of the last minute may be written late
		late := time.Now().Add(-min(time.Minute, time.Since(r.Since)))
		r.begin.Do(func() { r.work.Go(func() { r.fill(r.Since, late) }) })
	case event.Reconnected:
		r.mu.Lock()
		since := cmp.Or(r.latest, time.Now().Add(-n.Span)).Add(-margin)
		r.mu.Unlock()
		if r.Gaps {
			r.work.Go(func() { r.fill(since, since) })
		}
	}
}

// fill puts the events stored since a time until about now and, soon after, those
// since late that were written meanwhile, and reports how many there were.
func (r *filling) fill(since, late time.Time) {
	r.turn <- struct{}{}
	defer func() { <-r.turn }()
	if r.missing {
		return
	}
	r.count = 0
	query := func(since time.Time) error {
		source := r.Stored
		r.mu.Lock()
		source.Since, source.Until = since, time.Now().Add(r.ahead+margin) // more is live
		r.mu.Unlock()
		return source.Run(r.ctx, r)
	}
	err := query(since)
	r.open()
	if r.missing = errors.Is(err, errNoDatabase); !r.missing {
		if err != nil {
			late = since
		}
		rtapi.Sleep(r.ctx, margin)
		err = query(late)
	}
	text := term.Count(r.count, "stored event") + " came from the database"
	result := event.Notice{Instance: r.Stored.Instances[0], Text: text}
	if err != nil {
		result.Kind = event.Unfilled
		result.Text = fmt.Sprintf("events since %s could not be filled in: %v", since.Local().Format(time.DateTime), err)
	}
	if r.ctx.Err() == nil {
		r.Notify.Tell(result)
	}
}
