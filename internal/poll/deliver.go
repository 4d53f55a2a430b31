package poll

import (
	"errors"

	"github.com/rtev/rtev/internal/event"
)

// most is how much of its copies' memory a delivery holds on to.
const most = 1 << 20

// delivery is the sink of one answer. It gives the wanted events to the real
// sink and holds a line of each until that says that it was written. Once the
// sink has failed or wants no more, what was not written and all that still
// comes goes to the keeper. So it takes everything, and its Put never fails.
type delivery struct {
	to    event.Sink
	match func(*event.Event) bool
	hold  int
	line  func(dst []byte, ev *event.Event) []byte
	keep  keeper
	// spooled: what is not written stays in the spool.
	spooled bool

	lines []byte // of what was put since the last Flush that returned nil
	ends  []int  // where each ends
	put   int    // wanted events
	err   error  // of the sink, which is left alone then
}

// delivery of an answer without a spool.
func (r *run) delivery() *delivery {
	d := &delivery{to: r.to, match: r.Match, hold: r.Hold, line: appendPayload}
	for _, dir := range r.Keep {
		d.keep.places = append(d.keep.places, unwritten(dir, r.Instance.ID))
	}
	return d
}

// appendPayload is an event's line as ndjson has it.
func appendPayload(dst []byte, ev *event.Event) []byte {
	return append(append(dst, ev.Payload...), '\n')
}

// Put takes an event; nil always.
func (d *delivery) Put(ev *event.Event) error {
	if d.match != nil && !d.match(ev) {
		return nil
	}
	d.put++
	if d.err != nil {
		d.keep.lines = d.line(d.keep.lines, ev)
		d.keep.spill()
		return nil
	}
	d.lines = d.line(d.lines, ev)
	d.ends = append(d.ends, len(d.lines))
	if err := d.to.Put(ev); err != nil {
		d.fail(err, errors.Is(err, event.ErrStop))
	}
	return nil
}

// rest flushes before more of the answer is waited for.
func (d *delivery) rest() {
	if len(d.lines) > d.hold {
		_ = d.Flush()
	}
}

// Flush lets go of the copies when the sink has written everything; nil always.
func (d *delivery) Flush() error {
	if d.err != nil {
		return nil
	}
	if err := d.to.Flush(); err != nil {
		d.fail(err, false)
		return nil
	}
	d.drop()
	return nil
}

func (d *delivery) drop() {
	d.lines, d.ends = d.lines[:0], d.ends[:0]
	if cap(d.lines) > most {
		d.lines = nil
	}
}

// fail turns to the keeper. What was put before a refused event may still
// leave; after a failure nothing may. A sink that answers that Flush with
// ErrStop, too, leaves it to whoever runs it.
func (d *delivery) fail(err error, refused bool) {
	whole := 0
	if refused {
		whole = len(d.ends) - 1
		if worse := d.to.Flush(); worse != nil && !errors.Is(worse, event.ErrStop) {
			err, whole = worse, 0
		}
	}
	var w *event.WriteError
	if errors.As(err, &w) {
		whole = max(0, min(w.Whole, len(d.ends)))
	}
	d.err = err
	from := 0
	if whole > 0 {
		from = d.ends[whole-1]
	}
	d.keep.lines = append(d.keep.lines, d.lines[from:]...)
	d.keep.spill()
	d.lines, d.ends = nil, nil
}
