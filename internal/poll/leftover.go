package poll

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
)

// intoSpool makes the delivery of an answer in the spool keep what is not
// written there: with types, so that it is filtered the same when it comes again.
func (d *delivery) intoSpool(a *stored) {
	d.spooled, d.line = true, appendItem
	d.keep.places = []func() (*os.File, error){func() (*os.File, error) {
		rest, err := a.spool.create(a.id, a.at)
		if err != nil {
			return nil, err
		}
		return rest.file, nil
	}}
}

// appendItem is an event's line as the polling endpoint wraps it, except that
// the payload is no string.
func appendItem(dst []byte, ev *event.Event) []byte {
	dst = jsonraw.AppendQuoted(append(dst, `{"dataType":`...), ev.Type)
	dst = append(append(dst, `,"jsonObject":`...), ev.Payload...)
	return append(dst, "}\n"...)
}

// respool leaves in the spool what was not written, and no more than that
// where it can: else a run with -n would print the same events again and again.
func (r *run) respool(d *delivery, a *stored, lost *LostError, damaged bool) {
	if lost == nil && len(d.keep.kept) == 0 { // all was written before the sink failed
		r.release(a, damaged)
		return
	}
	if len(d.keep.kept) > 0 {
		rest := d.keep.kept[0]
		s := &stored{spool: a.spool, path: rest.path}
		if lost == nil && s.rename() == nil {
			r.warn(fmt.Sprintf("%s drained and not written: left in the spool %s, whose next run prints them first", count(rest.events, "event"), a.spool.dir))
			r.release(a, damaged)
			return
		}
		_ = s.remove() // the whole answer still stands
	}
	a.close()
	r.warn(fmt.Sprintf("the last answer stays in the spool %s: up to %s may come twice with the next run", a.spool.dir, count(d.put, "event")))
}

// release lets go of an answer in the spool: its events are written or kept.
// What could not be used whole is set aside.
func (r *run) release(a *stored, damaged bool) {
	if a == nil {
		return
	}
	var err error
	if damaged {
		var path string
		if path, err = a.aside(); err == nil {
			r.warn("what could not be used of a spooled answer is set aside in " + path)
		}
	} else {
		err = a.remove()
	}
	if err != nil {
		r.warn(fmt.Sprintf("a spooled answer was written and stays, its events come again with the next run: %v", err))
	}
}

// reprint puts what an earlier run left in the spool.
func (r *run) reprint(ctx context.Context) error {
	all, err := r.Spool.list()
	if err != nil {
		return r.ended(&SpoolError{r.Spool.dir, err})
	}
	events := 0
	for _, a := range all {
		if ctx.Err() != nil || err != nil {
			break
		}
		var n int
		n, err = r.reprintOne(a)
		events += n
	}
	if events > 0 {
		r.warn(fmt.Sprintf("%s left in the spool by an earlier run came first; as many may come twice", count(events, "event")))
	}
	return err
}

func (r *run) reprintOne(a *stored) (events int, err error) {
	if a.file, err = os.Open(a.path); err != nil {
		return 0, r.ended(&SpoolError{a.spool.dir, err})
	}
	d := r.delivery()
	d.intoSpool(a)
	got := r.decode(a.file, a.spool.instance(a.id, r.Instance), a.at, d)
	if got.err != nil {
		r.warn("left in the spool by an earlier run: " + got.err.Error())
	}
	err = r.settle(d, a, got.err != nil || got.bad > 0)
	return d.put - d.keep.events, err
}

// unreadable tells that it was the disk that cut an answer off.
func unreadable(err error) bool {
	var file *fs.PathError
	return errors.As(err, &file)
}
