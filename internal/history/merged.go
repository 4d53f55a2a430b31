package history

import (
	"context"
	"iter"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// Merged is an event.Source that merges the events of several Sources, such as
// those of several instances, in the order of time.
type Merged []*Source

// Run puts the events. If a Source fails, the others go on: Run returns the first
// error at the end and reports other errors as a Warning. The errors are those of
// Source.Run.
func (m Merged) Run(ctx context.Context, to event.Sink) error {
	var heads []*head
	sink := &mergeSink{to: to}
	for _, s := range m {
		h := &head{}
		next, stop := iter.Pull(func(yield func(*event.Event) bool) {
			h.err = s.Run(ctx, pulled{sink, yield})
		})
		defer stop()
		h.next = next
		h.advance()
		heads = append(heads, h)
	}
	for {
		first := &head{}
		for _, h := range heads {
			if h.e != nil && (first.e == nil || h.at.Before(first.at)) {
				first = h
			}
		}
		switch {
		case sink.err != nil:
			return sink.err
		case ctx.Err() != nil:
			return ctx.Err()
		case first.e == nil:
			return m.failure(heads)
		}
		if err := to.Put(first.e); err != nil {
			return err
		}
		first.advance()
	}
}

// failure returns the first error of the sources, and reports others that differ.
func (m Merged) failure(heads []*head) (failed error) {
	for i, h := range heads {
		switch {
		case failed == nil:
			failed = h.err
		case h.err != nil && h.err.Error() != failed.Error():
			m[i].Notify.Tell(event.Notice{Kind: event.Warning, Text: h.err.Error()})
		}
	}
	return failed
}

// head is the next event of one Source.
type head struct {
	next func() (*event.Event, bool)
	e    *event.Event // nil at the end
	at   time.Time    // of e, or of the previous event if e has no time
	err  error        // returned by the Source's Run
}

func (h *head) advance() {
	h.e, _ = h.next()
	if h.e != nil {
		if at, ok := h.e.Time(); ok {
			h.at = at
		}
	}
}

// mergeSink remembers the error of a Flush, to tell it from an error of a Source.
type mergeSink struct {
	to  event.Sink
	err error
}

// pulled is the sink of one Source.
type pulled struct {
	*mergeSink
	yield func(*event.Event) bool
}

// Put passes e to Run.
func (p pulled) Put(e *event.Event) error {
	if !p.yield(e) {
		return event.ErrStop
	}
	return nil
}

// Flush flushes the sink of Run, which waits for this Source meanwhile.
func (p pulled) Flush() error {
	if p.err == nil {
		p.err = p.to.Flush()
	}
	return p.err
}
