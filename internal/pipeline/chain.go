package pipeline

import (
	"errors"
	"io"
	"sync/atomic"

	"github.com/rtev/rtev/internal/event"
)

// guard stands before a chain and remembers its error, so that a chain's
// failure and a source's own are never taken for each other.
type guard struct {
	to  event.Sink
	err error // the first failure, else ErrStop where the chain had enough
}

func (g *guard) Put(ev *event.Event) error { return g.note(g.to.Put(ev)) }

func (g *guard) Flush() error { return g.note(g.to.Flush()) }

func (g *guard) note(err error) error {
	if err != nil && !g.broken() {
		g.err = err
	}
	return err
}

// broken tells whether the chain has failed; to have enough is no failure.
func (g *guard) broken() bool { return g.err != nil && !errors.Is(g.err, event.ErrStop) }

// end flushes a chain that has not failed, and closes it.
func (g *guard) end() {
	if !g.broken() {
		_ = g.Flush() // remembered
	}
	_ = g.note(closeSink(g.to))
}

// closeSink closes a sink that wants it.
func closeSink(s event.Sink) error {
	if c, ok := s.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Match is a sink that passes on the events for which ok is true.
func Match(ok func(*event.Event) bool, to event.Sink) event.Sink { return match{to, ok} }

type match struct {
	event.Sink
	ok func(*event.Event) bool
}

func (m match) Put(ev *event.Event) error {
	if !m.ok(ev) {
		return nil
	}
	return m.Sink.Put(ev)
}

func (m match) Close() error { return closeSink(m.Sink) }

// Limit ends a run after n events, over all its chains. Safe for concurrent
// use.
type Limit struct {
	left atomic.Int64 // that may still be taken
	down atomic.Int64 // that must still be put down
	done func()
}

// NewLimit makes a limit of n events, at least one. done is called once, when
// the last of them was put down: it ends the run, as other sources may have
// nothing to put for hours.
func NewLimit(n int64, done func()) *Limit {
	l := &Limit{done: done}
	l.left.Store(n)
	l.down.Store(n)
	return l
}

// Take asks for one of the n. With true Took follows, once it was put down.
func (l *Limit) Take() bool { return l.left.Add(-1) >= 0 }

// Took tells that one that was taken has been put down.
func (l *Limit) Took() {
	if l.down.Add(-1) == 0 {
		l.done()
	}
}

// Sink passes on as many events as the limit has left, and then returns ErrStop.
func (l *Limit) Sink(to event.Sink) event.Sink { return limited{to, l} }

type limited struct {
	event.Sink
	limit *Limit
}

func (s limited) Put(ev *event.Event) error {
	if !s.limit.Take() {
		return event.ErrStop
	}
	if err := s.Sink.Put(ev); err != nil {
		return err
	}
	s.limit.Took()
	return nil
}

func (s limited) Close() error { return closeSink(s.Sink) }
