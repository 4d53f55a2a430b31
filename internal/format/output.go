package format

import (
	"io"
	"sync"

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
	line     []byte
	batches  sync.Pool // of *batch, so that idle writers hold none
}

// NewOutput writes data to one writer and notices to another, which may be nil.
func NewOutput(data, messages io.Writer) *Output {
	o := &Output{data: data, messages: messages}
	o.batches.New = func() any { return new(batch) }
	return o
}

// Notice writes one line of messages, made safe. If that fails, nothing is left
// to report it to.
func (o *Output) Notice(line string) {
	if o.messages == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.line = append(term.AppendSafe(reuse(o.line), line), '\n')
	_, _ = o.messages.Write(o.line)
}

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
func (o *Output) Write(lines []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.write(lines)
}

// writeUnder writes lines below the header, which is written once. n counts the
// bytes of lines.
func (o *Output) writeUnder(header func(dst []byte) []byte, lines []byte) (n int, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.headed {
		o.headed = true
		if h := header(nil); len(h) > 0 {
			if _, err := o.write(h); err != nil {
				return 0, err
			}
		}
	}
	if len(lines) == 0 {
		return 0, o.err
	}
	return o.write(lines)
}

func (o *Output) write(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.data.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	o.err = err
	return n, err
}
