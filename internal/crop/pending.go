package crop

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// How long a crop waits, in the stream's time.
const (
	waitForEvent  = 2 * time.Second
	waitForBetter = 10 * time.Second
)

// Bounds of a queue.
const (
	maxPending      = 1024
	maxPendingBytes = 32 << 20
)

// pending is a crop that has no file yet.
type pending struct {
	ev           *event.Event // with its image; of its own if owned
	owned        bool
	event, track string        // ids it refers to; "" for none
	due          time.Duration // when it stops waiting
	// order is how many events were put before this crop since the last Flush
	// that returned nil; -1 if the crop was put before that.
	order int
}

// own makes the crop independent of the source's bytes, so that it can wait.
func (p *pending) own() {
	if !p.owned {
		p.owned = true
		p.ev = p.ev.Clone()
		p.event, p.track = strings.Clone(p.event), strings.Clone(p.track)
	}
}

// key identifies the event, or else the track, that --best saves one picture of.
func (p *pending) key() string {
	if p.event != "" {
		return p.event
	}
	return p.track
}

func (p *pending) size() int { return len(p.ev.Payload) }

func (p *pending) confidence() float64 {
	n, _ := event.Number(confidencePath.Of(p.ev))
	return n
}

// queue holds crops that wait, in the order in which they arrived, bounded in
// number and bytes. The zero value is ready.
type queue struct {
	crops []*pending
	bytes int
	next  time.Duration // when the first of them is due, or earlier
}

// add appends a crop. If that is too much, it passes the oldest ones to do.
func (q *queue) add(p *pending, do func(*pending) error) error {
	if len(q.crops) == 0 {
		q.next = p.due
	}
	q.crops = append(q.crops, p)
	q.bytes += p.size()
	q.next = min(q.next, p.due)
	return q.bound(do)
}

// replace puts p in the place of old.
func (q *queue) replace(old, p *pending, do func(*pending) error) error {
	q.bytes += p.size() - old.size()
	p.order = old.order
	q.crops[slices.Index(q.crops, old)] = p
	return q.bound(do)
}

func (q *queue) bound(do func(*pending) error) error {
	for len(q.crops) > maxPending || q.bytes > maxPendingBytes {
		first := q.crops[0]
		if err := do(first); err != nil {
			return err
		}
		q.crops = slices.Delete(q.crops, 0, 1)
		q.bytes -= first.size()
	}
	return nil
}

// take passes the crops that pick selects to do, and removes each that do
// returns nil for. It stops at the first error.
func (q *queue) take(pick func(*pending) bool, do func(*pending) error) error {
	for i := 0; i < len(q.crops); {
		p := q.crops[i]
		if !pick(p) {
			i++
			continue
		}
		if err := do(p); err != nil {
			return err
		}
		q.crops = slices.Delete(q.crops, i, i+1)
		q.bytes -= p.size()
	}
	q.next = math.MaxInt64
	for _, p := range q.crops {
		q.next = min(q.next, p.due)
	}
	return nil
}

// takeDue is take for the crops that are due.
func (q *queue) takeDue(now time.Duration, do func(*pending) error) error {
	if len(q.crops) == 0 || now < q.next {
		return nil
	}
	return q.take(func(p *pending) bool { return p.due <= now }, do)
}

// find returns the crop with that key, or nil.
func (q *queue) find(key string) *pending {
	for _, p := range q.crops {
		if p.key() == key {
			return p
		}
	}
	return nil
}

// before returns how many of the n events put since the last Flush came before
// the first crop that still waits.
func (q *queue) before(n int) int {
	for _, p := range q.crops {
		if p.order >= 0 {
			n = min(n, p.order)
		}
	}
	return n
}

// flushed notes that a Flush has returned nil.
func (q *queue) flushed() {
	for _, p := range q.crops {
		p.order = -1
	}
}
