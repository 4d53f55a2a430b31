package crop

import (
	"errors"
	"math"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// How long a crop waits, in the stream's time.
const (
	waitForEvent  = 2 * time.Second
	waitForBetter = 10 * time.Second
)

// due takes the crops whose time is over.
func (s *Saver) due() error {
	if err := s.waiting.takeDue(s.clock.now, s.alone); err != nil {
		return err
	}
	return s.best.takeDue(s.clock.now, s.publish)
}

// settle takes all that waits, without waiting any longer.
func (s *Saver) settle() error {
	all := func(*shot) bool { return true }
	if err := s.waiting.take(all, s.alone); err != nil {
		return err
	}
	return s.best.take(all, s.publish)
}

// arm lets time pass where the stream is silent.
func (s *Saver) arm() {
	if s.err != nil || len(s.waiting.shots)+len(s.best.shots) == 0 {
		return
	}
	next := time.Duration(math.MaxInt64)
	for _, shelf := range []*shelf{&s.waiting, &s.best} {
		if len(shelf.shots) > 0 {
			next = min(next, shelf.first)
		}
	}
	s.armed, s.gap = true, max(0, next-s.clock.now)
	if s.timer == nil {
		s.timer = time.AfterFunc(s.gap, s.fire)
	} else {
		s.timer.Reset(s.gap)
	}
}

func (s *Saver) disarm() {
	if s.armed {
		s.armed = false
		s.timer.Stop()
	}
}

// fire is called by the timer. Its failure is returned by the next Put, Flush
// or Close, and told now.
func (s *Saver) fire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.armed || s.err != nil {
		return
	}
	s.armed = false
	s.clock.skip(s.gap)
	err := s.due()
	if err == nil {
		err = s.o.To.Flush()
	}
	if err == nil {
		s.arm()
	} else if err = s.fail(err); !errors.Is(err, event.ErrStop) {
		s.o.Notify.Tell(event.Notice{Kind: event.Warning, Text: err.Error()})
	}
}
