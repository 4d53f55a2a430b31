package simulator

import (
	"context"
	"sync"
)

// queueCap is how many pending events the polling endpoint keeps; the oldest
// are dropped (vendor source, 2024).
const queueCap = 500

// lagCap is how far a stream's reader may lie behind before it loses events.
const lagCap = 4096

// feed holds an instance's latest events, for the streams and for the polling
// queue: each has its own place in one list. Safe for concurrent use.
type feed struct {
	mu      sync.Mutex
	items   []item
	first   int64 // number of items[0]
	polled  int64 // number of the first event that was not polled
	readers map[*reader]struct{}
	more    chan struct{} // closed when something was added; nil: nobody waits
}

// reader is one stream's place in a feed.
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

// trim lets go of what neither the queue nor a reader wants.
func (f *feed) trim() {
	end := f.end()
	keep := end - queueCap
	for r := range f.readers {
		keep = min(keep, r.next)
	}
	keep = max(keep, end-lagCap)
	if drop := keep - f.first; drop > queueCap { // not one by one
		f.items = append([]item(nil), f.items[drop:]...)
		f.first = keep
	}
}

func (f *feed) end() int64 { return f.first + int64(len(f.items)) }

// fill puts events into the polling queue.
func (f *feed) fill(items []item) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.items, f.first, f.polled = items, 0, 0
}

// poll takes what is pending.
func (f *feed) poll() []item {
	f.mu.Lock()
	defer f.mu.Unlock()
	from := max(f.polled, f.end()-queueCap, f.first)
	f.polled = f.end()
	return append([]item(nil), f.items[from-f.first:]...)
}

// read returns a reader of what comes from now on. It must be closed.
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

// take returns the next event; it waits for it until ctx is done.
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

// tryTake returns the next event, or what to wait for.
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
