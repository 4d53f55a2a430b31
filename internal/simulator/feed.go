package simulator

import (
	"context"
	"sync"
)

// queueLimit is the number of pending events in a polling queue. The oldest
// ones are dropped (vendor source, 2024).
const queueLimit = 500

// lagLimit is how many events a stream may be late before it loses some.
const lagLimit = 4096

// feed holds the latest events of an instance. Streams and the polling queue
// each have a position in it. Safe for concurrent use.
type feed struct {
	mu      sync.Mutex
	items   []item
	first   int64 // number of items[0]
	polled  int64 // number of the first event that was not polled
	readers map[*reader]struct{}
	more    chan struct{} // closed when an event was added; nil if nobody waits
}

// reader is the position of one stream in a feed.
type reader struct {
	feed *feed
	next int64
}

// add appends an event.
func (f *feed) add(it item) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.items = append(f.items, it)
	f.trim()
	if f.more != nil {
		close(f.more)
		f.more = nil
	}
}

// trim drops what neither the queue nor a reader needs.
func (f *feed) trim() {
	end := f.end()
	from := end - queueLimit
	for r := range f.readers {
		from = min(from, r.next)
	}
	from = max(from, end-lagLimit)
	if drop := from - f.first; drop > queueLimit { // in batches
		f.items = append([]item(nil), f.items[drop:]...)
		f.first = from
	}
}

func (f *feed) end() int64 { return f.first + int64(len(f.items)) }

// fill replaces the polling queue.
func (f *feed) fill(items []item) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.items, f.first, f.polled = items, 0, 0
}

// poll removes and returns the pending events.
func (f *feed) poll() []item {
	f.mu.Lock()
	defer f.mu.Unlock()
	from := max(f.polled, f.end()-queueLimit, f.first)
	f.polled = f.end()
	return append([]item(nil), f.items[from-f.first:]...)
}

// read returns a reader of later events. It must be closed.
func (f *feed) read() *reader {
	f.mu.Lock()
	defer f.mu.Unlock()
	r := &reader{feed: f, next: f.end()}
	if f.readers == nil {
		f.readers = map[*reader]struct{}{}
	}
	f.readers[r] = struct{}{}
	return r
}

func (r *reader) close() {
	r.feed.mu.Lock()
	defer r.feed.mu.Unlock()
	delete(r.feed.readers, r)
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
	if r.next == f.end() {
		if f.more == nil {
			f.more = make(chan struct{})
		}
		return item{}, f.more
	}
	it := f.items[r.next-f.first]
	r.next++
	return it, nil
}
