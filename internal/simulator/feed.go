package simulator

import (
	"context"
	"slices"
	"sync"
)

const (
	// queueLimit is the number of pending events in a polling queue. The oldest
	// ones are dropped (vendor source, 2024).
	queueLimit = 500

	// lagLimit is how many events a stream may be late before it loses some.
	lagLimit = 1000
)

// feed holds the latest events of an instance. Streams and the polling queue
// each have a position in it. Safe for concurrent use.
type feed struct {
	mu     sync.Mutex
	items  []item
	first  int           // number of items[0]
	polled int           // number of the first event that was not polled
	more   chan struct{} // closed when an event was added; nil if nobody waits
}

// add appends an event.
func (f *feed) add(it item) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.items = append(f.items, it)
	if len(f.items) > 2*lagLimit {
		f.items = slices.Clone(f.items[lagLimit:])
		f.first += lagLimit
	}
	if f.more != nil {
		close(f.more)
		f.more = nil
	}
}

// poll removes and returns the pending events.
func (f *feed) poll() []item {
	f.mu.Lock()
	defer f.mu.Unlock()
	end := f.first + len(f.items)
	from := max(f.polled, end-queueLimit, f.first)
	f.polled = end
	return slices.Clone(f.items[from-f.first:])
}

// reader is the position of one stream in a feed: a source.
type reader struct {
	feed *feed
	next int
}

// read returns a reader of later events.
func (f *feed) read() *reader {
	f.mu.Lock()
	defer f.mu.Unlock()
	return &reader{f, f.first + len(f.items)}
}

// take waits for the next event until ctx is done.
func (r *reader) take(ctx context.Context) (item, error) {
	for {
		it, more := r.tryTake()
		if more == nil {
			return it, nil
		}
		select {
		case <-more:
		case <-ctx.Done():
			return item{}, ctx.Err()
		}
	}
}

// tryTake returns the next event, or a channel to wait for.
func (r *reader) tryTake() (item, <-chan struct{}) {
	f := r.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	r.next = max(r.next, f.first)
	if r.next == f.first+len(f.items) {
		if f.more == nil {
			f.more = make(chan struct{})
		}
		return item{}, f.more
	}
	it := f.items[r.next-f.first]
	r.next++
	return it, nil
}
