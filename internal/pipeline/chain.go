package pipeline

import (
	"errors"
	"io"
	"sync/atomic"

	"github.com/rtev/rtev/internal/event"
)

// step is a sink in front of another one, which it closes.
type step struct {
	event.Sink
	put func(*event.Event) error
}

// Put implements event.Sink.
func (s step) Put(ev *event.Event) error { return s.put(ev) }

// Close implements io.Closer.
func (s step) Close() error { return closeSink(s.Sink) }

func closeSink(s event.Sink) error {
	if c, ok := s.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// guard passes events to a chain and remembers its error, to tell a failure of the
// chain from an error of the source.
type guard struct {
	event.Sink
	err error // the first failure, else ErrStop if the chain wanted no more
}

// Put implements event.Sink.
func (g *guard) Put(ev *event.Event) error { return g.note(g.Sink.Put(ev)) }

// Flush implements event.Sink.
func (g *guard) Flush() error { return g.note(g.Sink.Flush()) }

func (g *guard) note(err error) error {
	if err != nil && !g.broken() {
		g.err = err
	}
	return err
}

// broken reports whether the chain has failed; ErrStop is not a failure.
func (g *guard) broken() bool { return g.err != nil && !errors.Is(g.err, event.ErrStop) }

// end flushes a chain that has not failed, and closes it.
func (g *guard) end() {
	if !g.broken() {
		_ = g.Flush() // g.err has the error
	}
	_ = g.note(closeSink(g.Sink))
}

// Match returns a sink that passes on the events for which ok returns true.
func Match(ok func(*event.Event) bool, to event.Sink) event.Sink {
	return step{to, func(ev *event.Event) error {
		if !ok(ev) {
			return nil
		}
		return to.Put(ev)
	}}
}

// Limit ends a run after a number of events, counted over all chains. It is safe
// for concurrent use.
type Limit struct {
	left    atomic.Int64 // events that may still be taken
	pending atomic.Int64 // events that are not put yet
	done    func()
}

// NewLimit returns a limit of n events; n is at least 1. It calls done once, after
// the last of them was put. done should end the run, because other sources may
// have nothing to put for hours.
func NewLimit(n int64, done func()) *Limit {
	l := &Limit{done: done}
	l.left.Store(n)
	l.pending.Store(n)
	return l
}

// Take reports whether one more event may be put. If it returns true, call Took
// once the event was put.
func (l *Limit) Take() bool { return l.left.Add(-1) >= 0 }

// Took records that an event for which Take returned true was put.
func (l *Limit) Took() {
	if l.pending.Add(-1) == 0 {
		l.done()
	}
}

// Sink returns a sink that passes on as many events as the limit allows, and
// then returns ErrStop.
func (l *Limit) Sink(to event.Sink) event.Sink {
	return step{to, func(ev *event.Event) error {
		if !l.Take() {
			return event.ErrStop
		}
		if err := to.Put(ev); err != nil {
			return err
		}
		l.Took()
		return nil
	}}
}
