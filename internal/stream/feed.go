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

// feed turns the records of one reader into events for a sink.
type feed struct {
	sink   sink
	maker  event.Maker
	notify event.Notify
	seen   time.Time // arrival of the last record; zero before the first and for recordings
}

// sink remembers the first error of the sink it wraps, so that it is not
// taken for an error of the reader, whose Read flushes the sink.
type sink struct {
	event.Sink
	err error
}

func (s *sink) Put(ev *event.Event) error {
	err := s.Sink.Put(ev)
	s.note(err)
	return err
}

func (s *sink) Flush() error {
	if s.err == nil {
		s.note(s.Sink.Flush())
	}
	return s.err
}

func (s *sink) note(err error) {
	if s.err == nil {
		s.err = err
	}
}

// run puts all records and returns the error of the reader or of the sink. *at is
// the time at which the current bytes were received.
func (f *feed) run(from records, at *time.Time) error {
	for {
		rec, err := from.Next()
		switch {
		case err == nil:
			f.seen = *at
			// Put calls the sink directly: all errors of Record are the sink's.
			if err = f.maker.Record(rec.Type, rec.ID, rec.Data, *at, f.sink.Sink); err != nil {
				f.sink.note(err)
				return err
			}
		case errors.Is(err, jsonraw.ErrTooLong):
			f.tell(event.Notice{Kind: event.Oversize, Bytes: event.MaxPayload,
				Text: fmt.Sprintf("a record of more than %d MiB, skipped", event.MaxPayload>>20)})
		default:
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

// flushingReader reads for a feed. It flushes the sink before each read, which
// may wait, and ends when ctx is done.
type flushingReader struct {
	ctx   context.Context
	r     io.Reader
	sink  *sink
	idle  *time.Timer // runs during reads; nil if a read may wait forever
	limit time.Duration
	at    time.Time // when the last bytes came
}

func (f *flushingReader) Read(p []byte) (int, error) {
	if err := f.sink.Flush(); err != nil {
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
