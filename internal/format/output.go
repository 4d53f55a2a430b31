package format

import (
	"io"
	"slices"
	"sync"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/term"
)

// Output is where the data and the messages of a run go: stdout and stderr, or
// a file and nothing. Both are written under one lock, so that lines are never
// torn or mixed on a terminal. It is safe for concurrent use.
type Output struct {
	mu       sync.Mutex
	data     io.Writer
	messages io.Writer
	headed   bool  // the header was written
	err      error // of data; nothing is written after it
}

// NewOutput writes data to one writer and notices to another, which may be nil.
func NewOutput(data, messages io.Writer) *Output { return &Output{data: data, messages: messages} }

// Notice writes one line of messages, made safe.
func (o *Output) Notice(line string) { o.Message(append(term.AppendSafe(nil, line), '\n')) }

// Message writes to messages what is safe to show and whole, such as a line of
// AppendMessage. If that fails, nothing is left to report it to.
func (o *Output) Message(text []byte) {
	if o.messages == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	_, _ = o.messages.Write(text)
}

// Write writes whole lines of data. After a failure, which may have left half a
// line, every later write returns the same error and writes nothing.
func (o *Output) Write(lines []byte) (int, error) { return o.writeBelow(nil, lines) }

// Err returns the error of the first Write that failed.
func (o *Output) Err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// writeBelow writes lines below a header, which is written once. n counts the
// bytes of lines.
func (o *Output) writeBelow(header func(dst []byte) []byte, lines []byte) (n int, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.headed && header != nil {
		o.headed = true
		o.write(header(nil))
	}
	return o.write(lines), o.err
}

// write writes p unless an earlier write failed. o.mu is held.
func (o *Output) write(p []byte) (n int) {
	if len(p) == 0 || o.err != nil {
		return 0
	}
	n, o.err = o.data.Write(p)
	if o.err == nil && n < len(p) {
		o.err = io.ErrShortWrite
	}
	return n
}

// fullBatch is how many bytes of lines are written without a Flush.
const fullBatch = 64 << 10

// Writer is an event.Sink that encodes events and writes the lines in batches,
// at Flush or when 64 KiB have come together. It is used by one goroutine;
// several writers, each with an encoder of its own, may share an Output.
//
// It remembers a failure: every later call returns the same *event.WriteError,
// and nothing more is written.
type Writer struct {
	enc     Encoder
	out     *Output
	lines   []byte // that wait to be written
	ends    []int  // where each event's line ends: values may contain line ends, too
	headed  bool   // the header was written
	written int    // events written since the last good Flush
	err     error
}

// NewWriter returns a writer of events to out, encoded by enc. The encoder's
// header is written once for all writers of an Output: before their first line,
// or at the first Flush if there is none.
func NewWriter(enc Encoder, out *Output) *Writer { return &Writer{enc: enc, out: out} }

// Put encodes ev, and writes when a batch is full.
func (w *Writer) Put(ev *event.Event) error {
	if w.err != nil {
		return w.err
	}
	if text, ok := w.enc.(*Text); ok && len(w.ends) == 0 {
		text.startBatch() // asks for the terminal's width, which is a system call
	}
	w.lines = w.enc.AppendEvent(w.lines, ev)
	w.ends = append(w.ends, len(w.lines))
	if len(w.lines) >= fullBatch {
		w.write()
	}
	return w.err
}

// Flush writes what waits. If it returns nil, all events are written.
func (w *Writer) Flush() error {
	if w.err == nil && (len(w.ends) > 0 || !w.headed) {
		w.write()
	}
	if w.err == nil {
		w.written = 0
	}
	return w.err
}

func (w *Writer) write() {
	n, err := w.out.writeBelow(w.enc.AppendHeader, w.lines)
	w.headed = true
	if err != nil {
		whole, _ := slices.BinarySearch(w.ends, n+1) // lines that end at n or before
		w.err = &event.WriteError{Err: err, Written: w.written + whole}
		return
	}
	w.written += len(w.ends)
	w.lines, w.ends = reuse(w.lines), w.ends[:0]
}
