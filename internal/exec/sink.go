package exec

import (
	"slices"
	"strings"
	"sync"

	"github.com/rtev/rtev/internal/event"
)

// Sink runs the command for the events of one source. It is used by one
// goroutine at a time, like every event.Sink.
type Sink struct {
	r    *Runner
	work sync.WaitGroup // running commands
	put  int            // events since the last Close that returned nil

	mu       sync.Mutex
	err      error // the first of an event that was neither delivered nor saved
	failedAt int   // its number
}

// Sink returns a sink for one source.
func (r *Runner) Sink() *Sink { return &Sink{r: r} }

// Put starts the command for e, and waits while too many are running. Its error
// is always nil.
func (s *Sink) Put(e *event.Event) error {
	j, n := newJob(e), s.put
	s.put++
	s.r.slots <- struct{}{}
	s.work.Go(func() {
		defer func() { <-s.r.slots }()
		err := s.r.run(j)
		s.mu.Lock()
		defer s.mu.Unlock()
		if err != nil && (s.err == nil || n < s.failedAt) {
			s.err, s.failedAt = err, n
		}
	})
	return nil
}

// Flush waits for the commands if events exist nowhere else. Otherwise it returns at
// once: the commands have got their events.
func (s *Sink) Flush() error {
	if s.r.o.Save == nil {
		return nil
	}
	return s.Close()
}

// Close waits until the commands have ended. If an event was neither delivered
// nor saved, it returns an *event.WriteError.
func (s *Sink) Close() error {
	s.work.Wait()
	if s.err != nil {
		return &event.WriteError{Err: s.err, Written: s.failedAt}
	}
	s.put = 0
	return nil
}

// fields are the computed fields that are variables in the environment, such as
// RTEV_TYPE.
var fields = []string{"type", "instance", "place", "class", "time", "event", "track"}

// newJob copies what the command for e needs. A variable holds at most 4 KiB: a
// system limits the length of all of them, and a payload must not be able to
// make every command fail.
func newJob(e *event.Event) job {
	j := job{payload: slices.Concat(e.Payload, []byte{'\n'}), typ: e.Type, in: e.Instance}
	for _, name := range fields {
		path := event.MustPath("_" + name)
		value := strings.ReplaceAll(path.Of(e).String(), "\x00", "")
		value = strings.ToValidUTF8(value[:min(len(value), 4<<10)], "")
		j.env = append(j.env, "RTEV_"+strings.ToUpper(name)+"="+value)
	}
	return j
}
