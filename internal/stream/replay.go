package stream

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/rtev/rtev/internal/event"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
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
// an error of In, or a *NoEventsError. Once ctx is done, Run returns even if a read
// of In is still blocked; do not use In after that.
func (r *Replay) Run(ctx context.Context, to event.Sink) error {
	f := &feed{sink: sink{Sink: to}, notify: r.Notify}
	from, found := &recording{bad: f.bad}, false
	f.maker = event.Maker{
		Locate: func(id string) *event.Instance {
			found = true // Locate is called for each event
			return r.Locate(id)
		},
		Bad: func(data []byte) {
			if !from.split(data) {
				f.bad(data)
			}
		},
	}
	in := &flushingReader{ctx: ctx, r: &abandoningReader{ctx, r.In}, sink: &f.sink}
	text, err := decode(in)
	start := &sample{r: text}
	if err == nil {
		from.records, err = look(start)
	}
	if err == nil {
		err = f.run(from, new(time.Time))
	}
	if f.sink.err != nil {
		return f.sink.err
	}
	if from.records != nil && (err == io.EOF || err == io.ErrUnexpectedEOF) {
		if lost := from.Unfinished(); lost > 0 || err == io.ErrUnexpectedEOF {
			text := "the input is cut off"
			if lost > 0 {
				text = fmt.Sprintf("the input ends inside a record; its %d bytes were left out", lost)
			}
			f.tell(event.Notice{Kind: event.Warning, Bytes: lost, Text: text})
		}
		err = f.sink.Flush()
	}
	if err == nil && !found && start.size > 0 {
		return &NoEventsError{Bytes: start.size, Looks: looksLike(start.text)}
	}
	return err
}

// decode decompresses gzip and converts UTF-16, which it detects by its byte
// order mark.
func decode(in io.Reader) (io.Reader, error) {
	head, in, err := peek(in, 2)
	if string(head) == "\x1f\x8b" {
		if in, err = gzip.NewReader(in); err == nil {
			head, in, err = peek(in, 2)
		}
	}
	if string(head) == "\xff\xfe" || string(head) == "\xfe\xff" {
		in = transform.NewReader(in, unicode.UTF16(unicode.BigEndian, unicode.UseBOM).NewDecoder())
	}
	return in, err
}

// peek returns the first n bytes of a reader, fewer if it ends before, and a
// reader that starts with them.
func peek(in io.Reader, n int) (head []byte, all io.Reader, err error) {
	head = make([]byte, n)
	n, err = io.ReadFull(in, head)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	return head[:n], io.MultiReader(bytes.NewReader(head[:n]), in), err
}

// maxLook is how many bytes look reads to detect the kind of input.
const maxLook = 64 << 10

// look detects the kind of input: JSON values that span lines, or one record per
// line, where a broken line affects no other record.
func look(in io.Reader) (records, error) {
	head := make([]byte, 0, maxLook)
	for {
		n, err := in.Read(head[len(head):cap(head)])
		head = head[:len(head)+n]
		if err != nil && err != io.EOF {
			return nil, err
		}
		head = append(head[:0], bytes.TrimLeft(head, "\x00")...) // there may be any number of them
		text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte(byteOrderMark)), padding)
		line, _, whole := bytes.Cut(text, []byte("\n"))
		more := err == nil && len(head) < cap(head)
		if more && (len(text) == 0 || isBare(text) && !whole || bytes.HasPrefix([]byte(byteOrderMark), head)) {
			continue
		}
		if len(text) == 0 {
			text = head
		}
		all := io.MultiReader(bytes.NewReader(text), in)
		if m := wrapper.FindSubmatchIndex(text); m != nil && string(text[m[2]:m[3]]) == "data" && len(head) == cap(head) && (!whole || isOpen(line)) {
			// A database response may be larger than any record may be.
			return newElements(io.MultiReader(bytes.NewReader(text[m[4]:]), in), true), nil
		}
		if isBare(line) && (line[0] == '{' || isArray(line)) && (isOpen(line) || text[0] == '[' && !whole) {
			return newElements(all, false), nil
		}
		d := NewDecoder(all, event.MaxPayload)
		d.recorded = true
		return d, nil
	}
}

// isOpen reports whether a line of JSON continues on the next line.
func isOpen(line []byte) bool {
	line = bytes.TrimSpace(line)
	return bytes.IndexByte([]byte("{[,:"), line[len(line)-1]) >= 0
}

// abandoningReader returns from Read once ctx is done, even if the read of r is
// blocked, as one of standard input may be. A goroutine and its buffer then remain
// until that read returns.
type abandoningReader struct {
	ctx context.Context
	r   io.Reader
}

func (a *abandoningReader) Read(buf []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() {
		n, err := a.r.Read(buf)
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		return r.n, r.err
	case <-a.ctx.Done():
		return 0, a.ctx.Err()
	}
}
