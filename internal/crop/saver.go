package crop

import (
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// Limit is asked before a file is written (Take; false: no more is wanted), and
// told when its record was put (Took). *pipeline.Limit is one.
type Limit interface {
	Take() bool
	Took()
}

// Options are what a Saver does. Name and To are needed.
type Options struct {
	Name     *Name
	Location *time.Location // zone of {date} and {time}; nil: local
	// Types tells whether pictures of that type of event are wanted; it is
	// asked about the event or track a crop belongs to, and about "crop" for
	// one that belongs to none. Nil: all.
	Types func(typ string) bool
	// Where tells whether a crop is wanted; it sees the crop without its image
	// and with Ref set. Nil: all.
	Where func(*event.Event) bool
	Best  bool // one picture an event, or a track: the one of highest confidence
	Meta  bool // the record in a .json beside each picture
	NoSum bool // records without "sha256": nobody reads it there
	// Limit ends the run after so many files. Nil: no limit.
	Limit Limit
	// Settle makes Flush write what waits for its event, so that a Flush that
	// returns nil means what it says. For sources whose events exist nowhere
	// else (a drained queue); a live stream would wait for nothing.
	Settle bool
	// Show is called with a picture's bytes just before the record of it is
	// put; it keeps none of them. Nil: nobody looks.
	Show   func(picture []byte)
	Notify event.Notify
	To     event.Sink // takes the records
	Rest   event.Sink // takes every event that is no crop; nil: nobody does
}

// Needs is what to ask a server for so that crops of the wanted types can be
// saved: the types themselves, crops, attributes, and with best the types'
// ends. Nil (everything) stays nil.
func Needs(types []string, best bool) []string {
	if types == nil {
		return nil
	}
	need := []string{"crop", "attribute"}
	for _, t := range types {
		if t == "crop" || t == "attribute" {
			continue
		}
		need = append(need, t)
		if best && strings.HasPrefix(t, "event-") && !strings.HasSuffix(t, "-end") {
			need = append(need, t+"-end")
		}
	}
	return need
}

// Saver saves the pictures of one source, and joins each with the event or
// track that it refers to. A crop whose event is not known yet waits for it,
// 2 s at most of the stream's time; where the stream is silent, of real time
// from the last Flush on. Where the event never comes, the track will do.
//
// As a sink it is used by one goroutine at a time; a timer of its own takes part
// under a lock. The failure of a file is an *event.WriteError, and every later Put and Flush
// returns it again. What is sure to stand in files is Whole.
type Saver struct {
	o   Options
	dir *Dir

	mu      sync.Mutex // the timer's goroutine takes part
	clock   clock
	decoder decoder
	events  memory
	tracks  memory
	waiting shelf  // for their event
	best    shelf  // for a better one
	done    memory // keys of which the best was written
	put     int    // events since the last Flush that returned nil
	err     error
	timer   *time.Timer
	armed   bool
	gap     time.Duration // what the timer lets pass
	record  []byte        // of the picture at hand
	records event.Maker   // of its event
}

// NewSaver returns a Saver that writes into dir. Close it.
func NewSaver(dir *Dir, o Options) *Saver {
	if o.Location == nil {
		o.Location = time.Local
	}
	return &Saver{o: o, dir: dir}
}

// Put takes an event: a crop, or one that crops may refer to.
func (s *Saver) Put(ev *event.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	s.disarm()
	s.clock.see(ev)
	if err := s.take(ev); err != nil {
		return s.fail(err)
	}
	s.put++
	return nil
}

func (s *Saver) take(ev *event.Event) error {
	picture := isCrop(ev)
	if !picture {
		if err := s.learn(ev); err != nil {
			return err
		}
	}
	if err := s.due(); err != nil {
		return err
	}
	if picture {
		return s.crop(ev)
	}
	if s.o.Rest != nil {
		return s.o.Rest.Put(ev)
	}
	return nil
}

// Flush lets nothing that is known stay here: records leave, and with Settle
// the crops that wait as well.
func (s *Saver) Flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil && !errors.Is(s.err, event.ErrStop) {
		return s.err
	}
	return s.flush(s.o.Settle)
}

func (s *Saver) flush(settle bool) error {
	if settle && s.err == nil {
		if err := s.settle(); err != nil && !errors.Is(err, event.ErrStop) {
			return s.fail(err)
		} else if err != nil {
			s.err = err
		}
	}
	if s.o.Rest != nil {
		if err := s.o.Rest.Flush(); err != nil {
			return s.fail(err)
		}
	}
	if err := s.o.To.Flush(); err != nil {
		return s.fail(err)
	}
	if s.err != nil { // more waits than was wanted
		if err := s.fail(s.err); err != event.ErrStop {
			return err
		}
	}
	s.put = 0
	s.waiting.flushed()
	s.best.flushed()
	s.arm()
	return nil
}

// Close writes what waits, without waiting any longer, and flushes. The Saver
// takes no more.
func (s *Saver) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.disarm()
	if s.err != nil && !errors.Is(s.err, event.ErrStop) {
		return s.err
	}
	err := s.flush(true)
	s.disarm()
	if s.err == nil {
		s.err = event.ErrStop
	}
	if errors.Is(err, event.ErrStop) {
		return nil
	}
	return err
}

func (s *Saver) settled() int { return s.best.settled(s.waiting.settled(s.put)) }

// fail remembers the end. Of a sink's own error only the cause is of use here:
// it counts other things.
func (s *Saver) fail(err error) error {
	var w *event.WriteError
	if errors.As(err, &w) {
		err = w.Err
	}
	whole := s.settled()
	if !errors.Is(err, event.ErrStop) || s.o.Settle && whole < s.put {
		err = &event.WriteError{Err: err, Whole: whole}
	}
	s.err = err
	return err
}
