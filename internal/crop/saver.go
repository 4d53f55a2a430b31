// Package crop saves the pictures of crop events as files. Each picture is
// decoded and checked, joined with the event or track it belongs to, named by a
// template, and written whole or not at all.
//
// A Dir is the folder that all pictures of a run go to. A Saver is the sink of
// one source, and puts a record of each file into the next sink. Text encodes
// such a record for people.
package crop

import (
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// Limit ends a run after a number of files. Take is called before a file is
// written, and returns false if no more are wanted; Took is called when its
// record was put. *pipeline.Limit is one.
type Limit interface {
	Take() bool
	Took()
}

// Options are what a Saver does. Name, Location, Types, Where and To are required.
type Options struct {
	Name     *Name
	Location *time.Location // zone of {date} and {time}
	// Types reports whether pictures of that type of event are wanted. It is
	// called with the type of the event or track a crop belongs to, and with the
	// crop's own type if it belongs to none.
	Types func(typ string) bool
	// Where reports whether a crop is wanted. It is called with the crop without
	// its image, and with Ref set.
	Where func(*event.Event) bool
	Best  bool  // save one picture per event, or per track: the one with the highest confidence
	Meta  bool  // write the record into a .json beside each picture
	NoSum bool  // leave "sha256" out of the records
	Limit Limit // nil: no limit
	// FlushWaiting makes Flush save the crops that wait for their event, so that
	// nothing put before it exists only here. It is for sources whose events
	// exist nowhere else, such as a drained queue.
	FlushWaiting bool
	Notify       event.Notify
	To           event.Sink // takes the records
	// Rest takes every event that did not become a picture, as it was put:
	// events of other types, crops that were not wanted, and crops that hold no
	// whole picture. Nil: they are dropped.
	Rest event.Sink
}

// Needs returns the types to request from a server so that crops of the wanted
// types can be saved: the types themselves, crops, attributes, and for best
// the ends of the types. Nil, which is everything, stays nil.
func Needs(types []string, best bool) []string {
	if types == nil {
		return nil
	}
	need := []string{"crop", "attribute"}
	for _, t := range types {
		if t != "crop" && t != "attribute" {
			need = append(need, t)
		}
		if best && strings.HasPrefix(t, "event-") && !strings.HasSuffix(t, "-end") {
			need = append(need, t+"-end")
		}
	}
	return need
}

// Saver is a sink that saves the pictures of one source. A crop whose event is
// not known yet waits for it: at most 2 s of the stream's time, or, while the
// stream is silent, of real time after the last Flush. If the event does not
// come, the track is used.
//
// One goroutine may use it at a time; its own timer takes part under a lock. If
// a file cannot be written, Put or Flush returns an *event.WriteError, as every
// later call does; its Written counts the events that need no more work.
type Saver struct {
	o   Options
	dir *Dir

	mu sync.Mutex
	memory
	queue
	clock   clock
	decoder decoder
	put     int   // events since the last Flush that returned nil
	err     error // what every later call returns

	timer *time.Timer   // nil if it does not run
	pause time.Duration // it runs for

	record  []byte // of the latest picture
	records event.Maker
}

// NewSaver returns a Saver that writes into dir. The caller must Close it.
func NewSaver(dir *Dir, o Options) *Saver {
	if o.Rest == nil {
		o.Rest = nowhere{}
	}
	return &Saver{o: o, dir: dir, queue: queue{next: never}}
}

// nowhere is a sink that drops events.
type nowhere struct{}

func (nowhere) Put(*event.Event) error { return nil }
func (nowhere) Flush() error           { return nil }

// Put takes an event: a crop, or one that crops may refer to.
func (s *Saver) Put(ev *event.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	s.stopTimer()
	s.clock.see(ev)
	if err := s.accept(ev); err != nil {
		return s.fail(err)
	}
	s.put++
	return nil
}

func (s *Saver) accept(ev *event.Event) error {
	crop := isCrop(ev)
	if !crop {
		if err := s.meet(ev); err != nil {
			return err
		}
	}
	if err := s.saveUntil(s.clock.now); err != nil {
		return err
	}
	if !crop {
		return s.o.Rest.Put(ev)
	}
	p := &pending{ev: ev, event: idAt(refEvent, ev), track: idAt(refTrack, ev), order: s.put}
	if !s.knows(p) {
		s.add(p, nil, s.clock.now+waitForEvent)
	} else if err := s.resolve(p); err != nil {
		return err
	}
	for len(s.crops) > maxPending || s.bytes > maxPendingBytes { // the oldest ones stop waiting
		first := s.crops[0]
		if err := s.take(func(p *pending) bool { return p == first }, s.resolve); err != nil {
			return err
		}
	}
	return nil
}

// meet remembers an event or a track, and resolves the crops that waited for it.
// The end of an event also ends the wait for a better picture of it.
func (s *Saver) meet(ev *event.Event) error {
	if ev.Type == "attribute" {
		s.learnAttribute(ev)
	}
	eventOf, trackOf := s.learn(ev)
	if eventOf+trackOf == "" || len(s.crops) == 0 {
		return nil
	}
	end := strings.HasSuffix(ev.Type, "-end")
	return s.take(func(p *pending) bool {
		refers := p.event == eventOf && (eventOf != "" || p.track == trackOf)
		return refers && (!p.best || eventOf != "" && end)
	}, s.resolve)
}

// Flush makes the records leave, and with FlushWaiting saves the crops that
// wait first.
func (s *Saver) Flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.flush(s.o.FlushWaiting)
}

func (s *Saver) flush(waiting bool) error {
	if s.err != nil && !errors.Is(s.err, event.ErrStop) {
		return s.err
	}
	if waiting && s.err == nil {
		if err := s.saveUntil(never); errors.Is(err, event.ErrStop) {
			s.err = err // more crops wait than the limit allows
		} else if err != nil {
			return s.fail(err)
		}
	}
	if err := s.flushSinks(); err != nil {
		return s.fail(err)
	}
	if s.err != nil {
		if err := s.fail(s.err); err != event.ErrStop {
			return err
		}
	}
	s.put = 0
	s.startTimer()
	return nil
}

func (s *Saver) flushSinks() error {
	if err := s.o.Rest.Flush(); err != nil {
		return err
	}
	return s.o.To.Flush()
}

// Close saves the crops that wait, and flushes. The Saver takes no more events.
func (s *Saver) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.flush(true)
	s.stopTimer()
	if s.err == nil {
		s.err = event.ErrStop
	}
	if errors.Is(err, event.ErrStop) {
		return nil
	}
	return err
}

// saveUntil ends the wait of the crops that are due at a time of the stream.
func (s *Saver) saveUntil(now time.Duration) error {
	if now < s.next {
		return nil
	}
	return s.take(func(p *pending) bool { return p.due <= now }, s.resolve)
}

// fail makes every later call return err. Of a sink's own WriteError only the
// cause is used, because that counts other things. If Rest cannot be flushed,
// none of its events may have left, so Written is 0: then a picture may be saved
// twice, but no event is lost.
func (s *Saver) fail(err error) error {
	whole := s.before(s.put)
	if failed := s.o.Rest.Flush(); failed != nil {
		whole = 0
		if errors.Is(err, event.ErrStop) {
			err = failed
		}
	}
	if w, ok := errors.AsType[*event.WriteError](err); ok {
		err = w.Err
	}
	if !errors.Is(err, event.ErrStop) || s.o.FlushWaiting && whole < s.put {
		err = &event.WriteError{Err: err, Written: whole}
	}
	s.err = err
	return err
}

// startTimer lets time pass while the stream is silent.
func (s *Saver) startTimer() {
	s.stopTimer()
	if s.err == nil && len(s.crops) > 0 {
		s.pause = max(0, s.next-s.clock.now)
		s.timer = time.AfterFunc(s.pause, s.timeOver)
	}
}

func (s *Saver) stopTimer() {
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
}

// timeOver is called by the timer. Its error is reported now, and returned by
// the next Put, Flush or Close.
func (s *Saver) timeOver() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer == nil || s.err != nil {
		return
	}
	s.timer = nil
	s.clock.wait(s.pause)
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
