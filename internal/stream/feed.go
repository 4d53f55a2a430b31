package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// feed turns the records of one reader into events for a sink. It remembers a
// failure of the sink, so that it is never taken for one of the reader, in
// whose Read the sink is flushed.
type feed struct {
	to     event.Sink
	failed error // the sink's first error
	maker  event.Maker
	notify event.Notify
	seen   time.Time // when the last record came; zero: none, or recorded
}

func (f *feed) Put(ev *event.Event) error { return f.note(f.to.Put(ev)) }

func (f *feed) Flush() error {
	if f.failed != nil {
		return f.failed
	}
	return f.note(f.to.Flush())
}

func (f *feed) note(err error) error {
	if err != nil && f.failed == nil {
		f.failed = err
	}
	return err
}

// records is what gives records: a *Decoder, or elements.
type records interface {
	Next() (Record, error)
	Unfinished() int64 // bytes behind the last whole record
}

// run puts all records, received at what at points to, and returns the
// reader's error or the sink's.
func (f *feed) run(from records, at *time.Time) error {
	for {
		rec, err := from.Next()
		switch {
		case err == nil:
			f.seen = *at
			err = f.maker.Record(rec.Type, rec.ID, rec.Data, *at, f)
		case errors.Is(err, event.ErrTooLong):
			f.tell(event.Notice{Kind: event.Oversize, Bytes: event.MaxPayload,
				Text: fmt.Sprintf("a record of more than %d MiB, skipped", event.MaxPayload>>20)})
			err = nil
		}
		if err != nil {
			return err
		}
	}
}

// bad is the Maker's Bad.
func (f *feed) bad(data []byte) {
	f.tell(event.Notice{Kind: event.Skipped, Text: fmt.Sprintf("not a JSON object, skipped: %.200q", data), Bytes: int64(len(data))})
}

func (f *feed) tell(n event.Notice) {
	n.Instance = f.maker.Instance
	f.notify.Tell(n)
}

// tap is the reader of a feed: before each read, which may wait, it flushes
// the sink, and it ends with ctx.
type tap struct {
	ctx  context.Context
	r    io.Reader
	sink *feed
	idle *time.Timer // nil: a read may wait for ever
	time time.Duration
	at   time.Time // when the last bytes came
}

func (t *tap) Read(p []byte) (int, error) {
	if err := t.sink.Flush(); err != nil {
		return 0, err
	}
	if err := t.ctx.Err(); err != nil {
		return 0, err
	}
	if t.idle != nil { // the time that the sink takes is not the server's
		t.idle.Reset(t.time)
		defer t.idle.Stop()
	}
	n, err := t.r.Read(p)
	t.at = time.Now()
	return n, err
}
