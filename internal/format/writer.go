package format

import (
	"sort"

	"github.com/rtev/rtev/internal/event"
)

// fullBatch is how many bytes of lines are gathered before they are written
// without being asked to.
const fullBatch = 64 << 10

// batch is lines that wait to be written.
type batch struct {
	lines []byte
	ends  []int // where each event's line ends; a line end in lines may be part of a value
}

// Writer is an event.Sink: it makes a line of each event and writes the lines
// in batches, at Flush or when 64 KiB have come together. One goroutine at a
// time; several writers, each with an encoder of its own, share an Output.
type Writer struct {
	enc    Encoder
	out    *Output
	batch  *batch // nil when nothing waits
	headed bool   // the header needs no more looking after
	gone   int    // events written since the last good Flush
	err    error  // the failure, for good
}

// NewWriter writes the events it is given to out as enc encodes them. The
// encoder's header is written once for all writers of an Output, in front of
// their first line, or at the first Flush when there is none.
func NewWriter(enc Encoder, out *Output) *Writer { return &Writer{enc: enc, out: out} }

// Put makes a line of ev. Its errors are *event.WriteError, and every later
// call returns the same one.
func (w *Writer) Put(ev *event.Event) error {
	if w.err != nil {
		return w.err
	}
	if w.batch == nil {
		w.batch = w.out.batches.Get().(*batch)
	}
	b := w.batch
	b.lines = w.enc.AppendEvent(b.lines, ev)
	b.ends = append(b.ends, len(b.lines))
	if len(b.lines) < fullBatch {
		return nil
	}
	return w.write()
}

// Flush writes what waits. Its errors are those of Put.
func (w *Writer) Flush() error {
	if w.err == nil && (w.batch != nil || !w.headed) {
		w.err = w.write()
	}
	if w.err == nil {
		w.gone = 0
	}
	return w.err
}

func (w *Writer) write() error {
	b := w.batch
	w.batch = nil
	if b == nil {
		b = w.out.batches.Get().(*batch)
	}
	n, err := w.out.writeUnder(w.enc.AppendHeader, b.lines)
	w.headed = true
	if err != nil {
		w.gone += sort.SearchInts(b.ends, n+1) // lines that end at n or before it
		w.err = &event.WriteError{Err: err, Whole: w.gone}
		return w.err
	}
	w.gone += len(b.ends)
	if cap(b.lines) <= 2*fullBatch { // what a giant made grow is let go
		b.lines, b.ends = b.lines[:0], b.ends[:0]
		w.out.batches.Put(b)
	}
	return nil
}
