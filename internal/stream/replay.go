package stream

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
)

// Replay is the event.Source of recorded events: what tail printed as ndjson,
// what was saved from the live stream, or answers of the polling queue,
// whatever their layout. It tells which by looking. Events come without
// Received. Set the fields before Run; it runs once.
type Replay struct {
	In io.Reader
	// Locate gives the instance with an id ("" where an event has none), which
	// is valid during the call. Nil: an instance for each id, which is its name.
	Locate func(id string) *event.Instance
	// Notify is told Skipped and Oversize, and a Warning where the input ends
	// inside a record.
	Notify event.Notify
}

// Run reads to the end. Its errors: an error of the sink, unchanged;
// ctx.Err(); an error of In. Once ctx is done it returns, even where In keeps
// a read waiting; In is not to be used then.
func (r *Replay) Run(ctx context.Context, to event.Sink) error {
	f := &feed{sink: sink{Sink: to}, notify: r.Notify}
	f.maker = event.Maker{Locate: r.Locate, Bad: f.bad}
	if r.Locate == nil {
		f.maker.Locate = make(known).locate
	}
	in := &flushingReader{ctx: ctx, r: &patient{ctx, r.In}, sink: &f.sink}
	var never time.Time
	from, err := look(in)
	if err != nil {
		return err
	}
	err = f.run(from, &never)
	switch {
	case f.sink.err != nil:
		return f.sink.err
	case err == io.EOF && from.Unfinished() == 0:
	case err == io.EOF, err == io.ErrUnexpectedEOF:
		f.tell(event.Notice{Kind: event.Warning, Bytes: from.Unfinished(),
			Text: fmt.Sprintf("the input ends inside a record; its %d bytes were left out", from.Unfinished())})
	default:
		return err
	}
	return f.sink.Flush()
}

// lookAt is how far the input's kind is looked for.
const lookAt = 64 << 10

// look tells what kind of input it is: JSON from its first character, and then
// whether there is a record on each line. A line that is broken then costs
// only itself, and a layout over several lines can be read, too.
func look(in io.Reader) (records, error) {
	head := make([]byte, 0, lookAt)
	for {
		n, err := in.Read(head[len(head):cap(head)])
		head = head[:len(head)+n]
		if err != nil && err != io.EOF {
			return nil, err
		}
		text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte(mark)), " \t\r\n")
		line, _, whole := bytes.Cut(text, []byte("\n"))
		more := err == nil && len(head) < cap(head)
		switch {
		case more && (len(text) == 0 || bare(text) && !whole || bytes.HasPrefix([]byte(mark), head)):
			continue
		case !bare(text):
			return NewDecoder(rest(head, in), event.MaxPayload), nil
		case opens(line) || text[0] == '[' && !whole:
			return elements{jsonraw.NewSplitter(rest(text, in), event.MaxPayload)}, nil
		default:
			return newLines(rest(text, in), event.MaxPayload), nil
		}
	}
}

// rest is the input with what was looked at.
func rest(head []byte, in io.Reader) io.Reader { return io.MultiReader(bytes.NewReader(head), in) }

// opens tells a line of JSON that goes on on the next.
func opens(line []byte) bool {
	line = bytes.TrimSpace(line)
	return bytes.IndexByte([]byte("{[,:"), line[len(line)-1]) >= 0
}

// elements are the elements of JSON arrays as records.
type elements struct{ *jsonraw.Splitter }

func (e elements) Next() (Record, error) {
	data, err := e.Splitter.Next()
	return Record{Data: data}, err
}

func (e elements) Unfinished() int64 { return e.Rest() }

// known are the instances of a recording.
type known map[string]*event.Instance

// maxKnown bounds how many instances are remembered.
const maxKnown = 1000

func (k known) locate(id string) *event.Instance {
	if in := k[id]; in != nil {
		return in
	}
	id = strings.Clone(id)
	in := &event.Instance{ID: id, Name: id, Order: len(k)}
	if len(k) < maxKnown {
		k[id] = in
	}
	return in
}

// patient reads so that a read that does not come back, as one of standard
// input may, is left behind when ctx is done: with its goroutine, until it
// does, and with the buffer.
type patient struct {
	ctx context.Context
	r   io.Reader
}

func (p *patient) Read(buf []byte) (int, error) {
	type result struct {
		n   int
		err error
	}
	done := make(chan result, 1)
	go func() {
		n, err := p.r.Read(buf)
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		return r.n, r.err
	case <-p.ctx.Done():
		return 0, p.ctx.Err()
	}
}
