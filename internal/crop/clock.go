package crop

import (
	"time"

	"github.com/rtev/rtev/internal/event"
)

// clock measures the time of a stream: how much time its events say has passed.
// It follows their arrival, or for recorded events the server's clock, and
// never goes back. The zero value is ready.
type clock struct {
	now  time.Duration // since the first event
	last time.Time     // of the latest event
}

// maxBack is how far an event may be behind the latest one. If it is further
// behind, the server's clock was set back or another recording follows, and
// time goes on from there.
const maxBack = time.Minute

// see takes the time of an event.
func (c *clock) see(ev *event.Event) {
	t := ev.Received
	if t.IsZero() {
		t, _ = ev.Time()
	}
	if t.IsZero() {
		return
	}
	since := t.Sub(c.last)
	switch {
	case c.last.IsZero() || since < -maxBack:
		c.last = t
	case since > 0:
		c.last = t
		c.now += min(since, time.Hour)
	}
}

// skip lets d pass without an event.
func (c *clock) skip(d time.Duration) {
	c.now += d
	if !c.last.IsZero() {
		c.last = c.last.Add(d)
	}
}
