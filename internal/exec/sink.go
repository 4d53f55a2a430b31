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
	r     *Runner
	work  sync.WaitGroup // running commands
	jobs  []*job         // with Options.Save: put and not yet known as delivered, in the order of Put
	whole int            // with Options.Save: delivered since the last Flush that returned nil, before jobs
}

// Sink returns a sink for one source.
func (r *Runner) Sink() *Sink { return &Sink{r: r} }

// Put starts the command for e, and waits while too many are running. When
// commands may run no longer, or their output cannot be written, it returns an
// *event.WriteError.
func (s *Sink) Put(e *event.Event) error {
	select {
	case s.r.slots <- struct{}{}:
	case <-s.r.life.Done():
		return s.failed(errOver)
	}
	if err := s.r.failure(); err != nil {
		<-s.r.slots
		return s.failed(err)
	}
	j := s.r.job(e)
	if s.r.o.Save != nil {
		s.collect()
		s.jobs = append(s.jobs, j)
	}
	s.work.Go(func() {
		defer func() { <-s.r.slots }()
		s.r.run(j)
	})
	return nil
}

// Flush implements event.Sink. With Options.Save it waits until the commands
// have ended, and returns an *event.WriteError if an event was neither
// delivered nor saved. Without, the events are in the hands of the commands.
func (s *Sink) Flush() error {
	if s.r.o.Save != nil {
		s.work.Wait()
		s.collect()
		if len(s.jobs) > 0 {
			return s.failed(s.jobs[0].err)
		}
		s.whole = 0
	}
	if err := s.r.failure(); err != nil {
		return s.failed(err)
	}
	return nil
}

// Close waits until the commands have ended.
func (s *Sink) Close() error {
	s.work.Wait()
	if err := s.r.failure(); err != nil {
		return s.failed(err)
	}
	return nil
}

// failed returns the error of a sink. It waits for what is running, so that no
// event counts as undelivered and is delivered all the same.
func (s *Sink) failed(err error) error {
	s.work.Wait()
	s.collect()
	if broken := s.r.failure(); broken != nil {
		err = broken
	}
	return &event.WriteError{Err: err, Written: s.whole}
}

// collect takes delivered events off the front of jobs.
func (s *Sink) collect() {
	s.r.mu.Lock()
	defer s.r.mu.Unlock()
	n := 0
	for n < len(s.jobs) && s.jobs[n].ended && s.jobs[n].err == nil {
		n++
	}
	s.whole += n
	s.jobs = slices.Delete(s.jobs, 0, n)
}

// field is a variable in the environment of a command.
type field struct {
	name string
	path event.Path
}

// fields returns the variables, each with a computed field's value.
func fields() []field {
	var list []field
	for _, name := range []string{"type", "instance", "place", "class", "time", "event", "track"} {
		path, err := event.ParsePath("_" + name)
		if err != nil {
			panic(err) // the name of a computed field is in the line above
		}
		list = append(list, field{"RTEV_" + strings.ToUpper(name), path})
	}
	return list
}

// job copies what the command for e needs.
func (r *Runner) job(e *event.Event) *job {
	j := &job{payload: slices.Concat(e.Payload, []byte{'\n'}), typ: e.Type, in: e.Instance}
	for i := range r.fields {
		f := &r.fields[i]
		j.env = append(j.env, f.name+"="+variable(f.path.Of(e).String()))
	}
	return j
}

// maxVariable is how many bytes a variable holds. A system limits the length
// of all of them, and a payload must not be able to make every command fail.
const maxVariable = 4 << 10

// variable returns a value that an environment can hold.
func variable(value string) string {
	value = strings.ReplaceAll(value, "\x00", "")
	if len(value) > maxVariable {
		value = strings.ToValidUTF8(value[:maxVariable], "")
	}
	return value
}
