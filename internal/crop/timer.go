package crop

import (
	"errors"
	"math"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// startTimer lets time pass while the stream is silent.
func (s *Saver) startTimer() {
	if s.err != nil || len(s.waiting.crops)+len(s.best.crops) == 0 {
		return
	}
	next := time.Duration(math.MaxInt64)
	for _, q := range []*queue{&s.waiting, &s.best} {
		if len(q.crops) > 0 {
			next = min(next, q.next)
		}
	}
	s.timing, s.pause = true, max(0, next-s.clock.now)
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
	s.clock.skip(s.pause)
	err := s.saveDue()
	if err == nil {
		err = s.flushSinks()
	}
	if err == nil {
		s.startTimer()
	} else if err = s.fail(err); !errors.Is(err, event.ErrStop) {
		s.o.Notify.Tell(event.Notice{Kind: event.Warning, Text: err.Error()})
	}
}
