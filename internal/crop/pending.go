package crop

import (
	"cmp"
	"errors"
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

// never is a time at which nothing is due.
const never = time.Duration(math.MaxInt64)

// pending is a crop that has no file yet.
type pending struct {
	ev           *event.Event // with its image; of its own if owned
	owned        bool
	event, track string        // ids it refers to; "" for none
	due          time.Duration // when it stops waiting
	order        int           // how many events were put before this crop since the last Flush that returned nil
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
func (p *pending) key() string { return cmp.Or(p.event, p.track) }

func (p *pending) confidence() float64 {
	n, _ := event.Number(confidencePath.Of(p.ev))
	return n
}

// queue holds crops that wait, in the order in which they arrived, bounded in
// number and bytes.
type queue struct {
	crops []*pending
	bytes int
	next  time.Duration          // when the first of them is due, or earlier
	do    func(p *pending) error // takes the crops whose wait is over
}

// add appends a crop, or puts it in the place of old if that is not nil. If that
// is too much, the oldest ones stop waiting.
func (q *queue) add(p, old *pending) error {
	if old == nil {
		q.crops = append(q.crops, p)
	} else {
		p.order = old.order
		q.crops[slices.Index(q.crops, old)] = p
		q.bytes -= len(old.ev.Payload)
	}
	q.bytes += len(p.ev.Payload)
	q.next = min(q.next, p.due)
	for len(q.crops) > maxPending || q.bytes > maxPendingBytes {
		if err := q.takeAt(0, q.do); err != nil {
			return err
		}
	}
	return nil
}

func (q *queue) takeAt(i int, do func(*pending) error) error {
	p := q.crops[i]
	if err := do(p); err != nil {
		return err
	}
	q.crops = slices.Delete(q.crops, i, i+1)
	q.bytes -= len(p.ev.Payload)
	return nil
}

// take passes the crops that pick selects to do, and removes each that do
// returns nil for. It stops at the first error.
func (q *queue) take(pick func(*pending) bool, do func(*pending) error) error {
	for i := 0; i < len(q.crops); {
		if !pick(q.crops[i]) {
			i++
		} else if err := q.takeAt(i, do); err != nil {
			return err
		}
	}
	q.next = never
	for _, p := range q.crops {
		q.next = min(q.next, p.due)
	}
	return nil
}

// takeDue ends the wait of the crops that are due.
func (q *queue) takeDue(now time.Duration) error {
	if now < q.next {
		return nil
	}
	return q.take(func(p *pending) bool { return p.due <= now }, q.do)
}

// find returns the crop with that key, or nil.
func (q *queue) find(key string) *pending {
	i := slices.IndexFunc(q.crops, func(p *pending) bool { return p.key() == key })
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

// startTimer lets time pass while the stream is silent.
func (s *Saver) startTimer() {
	if s.err != nil || len(s.waiting.crops)+len(s.best.crops) == 0 {
		return
	}
	s.pause = max(0, min(s.waiting.next, s.best.next)-s.clock.now)
	s.timing = true
	if s.timer == nil {
		s.timer = time.AfterFunc(s.pause, s.timeOver)
	} else {
		s.timer.Reset(s.pause)
	}
}

func (s *Saver) stopTimer() {
	if s.timing {
		s.timing = false
		s.timer.Stop()
	}
}

// timeOver is called by the timer. Its error is reported now, and returned by
// the next Put, Flush or Close.
func (s *Saver) timeOver() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.timing || s.err != nil {
		return
	}
	s.timing = false
	s.clock.now += s.pause
	if !s.clock.last.IsZero() {
		s.clock.last = s.clock.last.Add(s.pause)
	}
	err := s.saveUntil(s.clock.now)
	if err == nil {
		err = s.flushSinks()
	}
	if err == nil {
		s.startTimer()
	} else if err = s.fail(err); !errors.Is(err, event.ErrStop) {
		s.o.Notify.Tell(event.Notice{Kind: event.Warning, Text: err.Error()})
	}
}
