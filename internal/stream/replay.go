package stream

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
)

// Replay is the event.Source of recorded events: NDJSON, a saved event stream,
// polling responses, {"events":[…]}, {"data":[…]}, JSON text sequences
// (RFC 7464), or JSON objects in a log, each perhaps in gzip or UTF-16. It detects
// the format from the content. The Received time of its events is zero. Set the
// fields before Run, and call Run once.
type Replay struct {
	In io.Reader
	// Locate returns the instance with an id ("" if an event has none), which
	// is valid during the call.
	Locate func(id string) *event.Instance
	// Notify receives Skipped and Oversize, and a Warning if the input ends
	// inside a record.
	Notify event.Notify
}

// Run reads to the end of In. It returns an error of the sink unchanged, ctx.Err(),
// an error of In, or an error that says what an input without events looks like.
// Once ctx is done, Run returns even if a read of In is still blocked; do not use
// In after that.
func (r *Replay) Run(ctx context.Context, to event.Sink) error {
	p := &replay{feed: feed{ctx: ctx, r: &abandoningReader{ctx, r.In}, sink: to, notify: r.Notify}}
	p.maker = event.Maker{Bad: p.notObject, Locate: func(id string) *event.Instance {
		p.found = true // Locate is called for each event
		return r.Locate(id)
	}}
	text, err := decode(p)
	if err == nil {
		from, looks := look(text)
		err = p.run(from, p.put)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			err = p.end(err, from.unfinished(), looks)
		}
	}
	if p.failed != nil {
		return p.failed
	}
	return err
}

// replay is one Run of a Replay.
type replay struct {
	feed
	found bool // there was an event
	whole bool // the current record is an object
	split bool // the current record is not JSON, but may consist of several objects
}

// put puts the events of a record, and those in a wrapper.
func (p *replay) put(typ, id, data []byte) error {
	list := unwrap(data)
	if list == nil {
		return p.putRecord(typ, id, data)
	}
	for item := range jsonraw.Elements(list) {
		if err := p.putRecord(nil, nil, item); err != nil {
			return err
		}
	}
	return nil
}

func (p *replay) putRecord(typ, id, data []byte) error {
	p.whole, p.split = len(data) > 0 && data[0] == '{', false
	if !p.whole && isBare(data) && !isJSON(data) { // it would count as several elements
		p.bad(data)
		return nil
	}
	err := p.maker.Record(typ, id, data, time.Time{}, p.sink)
	if err != nil || !p.split {
		return err
	}
	p.whole = false
	parts := jsonraw.NewSplitter(bytes.NewReader(data), len(data))
	for {
		part, err := parts.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil { // the last part is cut off
			p.bad(parts.Tail())
			return nil
		}
		if err := p.maker.Record(typ, id, part, time.Time{}, p.sink); err != nil {
			return err
		}
	}
}

// notObject is the Maker's Bad.
func (p *replay) notObject(data []byte) {
	if p.whole {
		p.split = true
		return
	}
	p.bad(data)
}

// end reports the end of the input after err, with lost bytes left over.
func (p *replay) end(err error, lost int64, looks string) error {
	text := ""
	switch {
	case lost > 0:
		text = fmt.Sprintf("the input ends inside a record; its %d bytes were left out", lost)
	case err == io.ErrUnexpectedEOF:
		text = "the input is cut off"
	}
	if text != "" {
		p.tell(event.Notice{Kind: event.Warning, Text: text})
	}
	if err := p.flush(); err != nil || p.found || looks == "" {
		return err
	}
	return fmt.Errorf("no event in the input, which looks like %s; "+
		"give ndjson from rtev, or a saved stream or response of the server", looks)
}

// abandoningReader returns from Read once ctx is done, even if the read of r is
// blocked, as one of standard input may be. A goroutine and its buffer then remain
// until that read returns.
type abandoningReader struct {
	ctx context.Context
	r   io.Reader
}

func (a *abandoningReader) Read(buf []byte) (int, error) {
	var n int
	var err error
	done := make(chan struct{})
	go func() {
		n, err = a.r.Read(buf)
		close(done)
	}()
	select {
	case <-done:
		return n, err
	case <-a.ctx.Done():
		return 0, a.ctx.Err()
	}
}
