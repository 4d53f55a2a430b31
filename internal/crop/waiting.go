package crop

import (
	"cmp"
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

// Bounds of the crops that wait.
const (
	maxPending      = 1024
	maxPendingBytes = 32 << 20
)

// never is a time at which nothing is due.
const never = time.Duration(math.MaxInt64)

// pending is a crop that has no file yet.
type pending struct {
	ev           *event.Event  // with its image
	event, track string        // ids it refers to; "" for none
	due          time.Duration // when it stops waiting
	order        int           // how many events were put before it since the last Flush that returned nil
	owned        bool          // its bytes are not the source's, so that it can wait
	best         bool          // it may be saved, unless a better one comes
}

// key identifies the event, or else the track, that --best saves one picture of.
func (p *pending) key() string { return cmp.Or(p.event, p.track) }

func (p *pending) confidence() float64 {
	n, _ := event.Number(confidencePath.Of(p.ev))
	return n
}

// queue holds crops that wait.
type queue struct {
	crops []*pending
	bytes int           // of their payloads
	next  time.Duration // when the first of them is due, or earlier
}

// add makes a crop wait, in the place of old if that is not nil.
func (q *queue) add(p, old *pending, due time.Duration) {
	if !p.owned {
		p.owned = true
		p.ev, p.event, p.track = p.ev.Clone(), strings.Clone(p.event), strings.Clone(p.track)
	}
	p.due = due
	q.next = min(q.next, due)
	q.bytes += len(p.ev.Payload)
	if old == nil {
		q.crops = append(q.crops, p)
		return
	}
	q.bytes -= len(old.ev.Payload)
	*old = *p
}

// take passes the crops that pick selects to do, which may add crops, and removes
// each that do returns nil for. It stops at the first error.
func (q *queue) take(pick func(*pending) bool, do func(*pending) error) error {
	for i := 0; i < len(q.crops); {
		p := q.crops[i]
		if !pick(p) {
			i++
			continue
		}
		size := len(p.ev.Payload)
		if err := do(p); err != nil {
			return err
		}
		q.crops = slices.Delete(q.crops, i, i+1)
		q.bytes -= size
	}
	q.next = never
	for _, p := range q.crops {
		q.next = min(q.next, p.due)
	}
	return nil
}

// best returns the best crop so far with that key, or nil.
func (q *queue) best(key string) *pending {
	i := slices.IndexFunc(q.crops, func(p *pending) bool { return p.best && p.key() == key })
	if i < 0 {
		return nil
	}
	return q.crops[i]
}

// before returns how many of the n events put since the last Flush came before
// the first crop that still waits.
func (q *queue) before(n int) int {
	for _, p := range q.crops {
		n = min(n, p.order)
	}
	return n
}

// clock measures how much time the events of a stream say has passed: by their
// arrival, or for recorded events by the server's clock. The zero value is ready.
type clock struct {
	now  time.Duration // since the first event
	last time.Time     // of the latest event
}

// maxBack is how far an event may be behind the latest one. Beyond that, the
// clock was set back or another recording follows, and time goes on from there.
const maxBack = time.Minute

// see takes the time of an event.
func (c *clock) see(ev *event.Event) {
	t := ev.Received
	if t.IsZero() {
		t, _ = ev.Time()
	}
	since := t.Sub(c.last)
	switch {
	case t.IsZero():
	case c.last.IsZero() || since < -maxBack:
		c.last = t
	case since > 0:
		c.last = t
		c.now += min(since, time.Hour)
	}
}

// wait lets time pass while the stream is silent.
func (c *clock) wait(d time.Duration) {
	c.now += d
	if !c.last.IsZero() {
		c.last = c.last.Add(d)
	}
}
