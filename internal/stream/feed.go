package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
)

// records is a decoder, or elements.
type records interface {
	next() (record, error)
	unfinished() int64 // bytes after the last complete record
}

// feed reads bytes for records and puts their events into a sink. It flushes the
// sink before each read, which may wait.
type feed struct {
	ctx    context.Context // its end ends reading
	r      io.Reader
	idle   *time.Timer // runs during reads; nil if a read may wait forever
	limit  time.Duration
	at     time.Time // when the last bytes came
	sink   event.Sink
	failed error // the first error of sink, which is not an error of r
	maker  event.Maker
	notify event.Notify
}

// Read implements io.Reader.
func (f *feed) Read(p []byte) (int, error) {
	if err := f.flush(); err != nil {
		return 0, err
	}
	if err := f.ctx.Err(); err != nil {
		return 0, err
	}
	if f.idle != nil { // not while the sink is busy
		f.idle.Reset(f.limit)
		defer f.idle.Stop()
	}
	n, err := f.r.Read(p)
	f.at = time.Now()
	return n, err
}

func (f *feed) flush() error {
	if f.failed == nil {
		f.failed = f.sink.Flush()
	}
	return f.failed
}

// run passes all records to put, which returns errors of the sink only. It returns
// the error of the reader or of the sink.
func (f *feed) run(from records, put func(typ, id, data []byte) error) error {
	for {
		rec, err := from.next()
		switch {
		case err == nil:
			if f.failed = put(rec.typ, rec.id, rec.data); f.failed != nil {
				return f.failed
			}
		case errors.Is(err, jsonraw.ErrTooLong):
			f.tell(event.Notice{Kind: event.Oversize, Text: fmt.Sprintf("a record of more than %d MiB, skipped",
				event.MaxPayload>>20)})
		default:
			return err
		}
	}
}

// bad reports data that is not an event.
func (f *feed) bad(data []byte) {
	text := fmt.Sprintf("not a JSON object, skipped: %.200q", data)
	f.tell(event.Notice{Kind: event.Skipped, Text: text})
}

func (f *feed) tell(n event.Notice) {
	n.Instance = f.maker.Instance
	f.notify.Tell(n)
}
