package poll

import (
	"errors"

	"github.com/rtev/rtev/internal/event"
)

// maxSpare is the size of the largest buffer that is reused.
const maxSpare = 1 << 20

// delivery is the sink for the events of one response. It puts the wanted ones
// into the real sink and remembers each until the sink reports it as written.
// Once the sink has failed or wants no more, the unwritten file gets the events
// that the sink has not written and all later ones. For a spooled response the
// delivery remembers the position instead, and the rest stays in the spool. Its
// methods always return nil.
type delivery struct {
	*run
	spooled bool

	next  int       // position in the response of the next event or raw item
	first int       // an earlier run delivered everything before this position
	put   []pending // since the last successful Flush
	text  []byte    // their payloads, if not spooled
	size  int       // length of their payloads
	total int       // wanted events so far
	err   error     // the sink's; after an error the sink is no longer used
	rest  int       // if err is set, the position of the first event that is not written

	readErr error // why the response was not read to its end, for the caller
}

// pending is an event that was put and may not be written yet. end is the end of
// its payload in delivery.text.
type pending struct{ position, end int }

// Put implements event.Sink.
func (d *delivery) Put(ev *event.Event) error {
	position := d.next
	d.next++
	switch {
	case position < d.first || d.Match != nil && !d.Match(ev):
		return nil
	case d.err != nil:
		if !d.spooled {
			d.unwritten.add(ev.Payload)
		}
		return nil
	}
	d.total++
	d.size += len(ev.Payload)
	if !d.spooled {
		d.text = append(d.text, ev.Payload...)
	}
	d.put = append(d.put, pending{position, len(d.text)})
	if err := d.to.Put(ev); err != nil {
		d.fail(err, errors.Is(err, event.ErrStop))
	}
	return nil
}

// nextRaw counts an item that is not an event, and reports whether it still
// has to be saved.
func (d *delivery) nextRaw() bool {
	d.next++
	return d.next > d.first
}

// stopped reports whether the rest of the response stays in the spool.
func (d *delivery) stopped() bool { return d.spooled && d.err != nil }

// beforeRead flushes if more than Hold bytes were put, because the next read may
// have to wait.
func (d *delivery) beforeRead() {
	if d.size > d.Hold {
		_ = d.Flush()
	}
}

// Flush implements event.Sink. Once the sink has written everything it releases
// the copies of the payloads.
func (d *delivery) Flush() error {
	if d.err != nil {
		return nil
	}
	if err := d.to.Flush(); err != nil {
		d.fail(err, false)
		return nil
	}
	d.put, d.text, d.size = d.put[:0], d.text[:0], 0
	if cap(d.text) > maxSpare {
		d.text = nil
	}
	return nil
}

// fail records the sink's error. If the sink refused the last event, those put
// before may still be written, so they are flushed. Otherwise only those that
// a WriteError counts are written.
func (d *delivery) fail(err error, refused bool) {
	written := 0
	if refused {
		written = len(d.put) - 1
		if worse := d.to.Flush(); worse != nil && !errors.Is(worse, event.ErrStop) {
			err, written = worse, 0
		}
	}
	if failure, ok := errors.AsType[*event.WriteError](err); ok {
		written = max(0, min(failure.Written, len(d.put)))
	}
	d.err, d.rest = err, d.next
	if written < len(d.put) {
		d.rest = d.put[written].position
	}
	start := 0
	for i, p := range d.put {
		if i >= written && !d.spooled {
			d.unwritten.add(d.text[start:p.end])
		}
		start = p.end
	}
	d.put, d.text = nil, nil
}
