package crop

import (
	"errors"
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
