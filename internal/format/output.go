package format

import (
	"io"
	"sync"
)

// Output is where a run's data and talk come out: stdout and stderr, or a file
// and nothing. One lock stands before both, so that lines are never torn nor
// mixed on a terminal. Safe for concurrent use.
type Output struct {
	mu      sync.Mutex
	out     io.Writer
	talk    io.Writer
	headed  bool  // the header line was written
	err     error // out has failed; nothing is written to it any more
	line    []byte
	batches sync.Pool // *batch: idle writers hold none
}

// NewOutput writes data to out and notices to talk, which may be nil.
func NewOutput(out, talk io.Writer) *Output {
	o := &Output{out: out, talk: talk}
	o.batches.New = func() any { return new(batch) }
	return o
}

// Notice writes one line to the talk side, made safe. What cannot be said
// there is lost: there is nowhere left to say it.
func (o *Output) Notice(line string) {
	if o.talk == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.line = append(AppendSafe(kept(o.line), line), '\n')
	_, _ = o.talk.Write(o.line)
}

// Write writes whole lines to the data side. After a failure, which may have
// left half a line, every later write returns the same error and writes nothing.
func (o *Output) Write(lines []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.write(lines)
}

// writeUnder writes lines behind the header, which is written once.
func (o *Output) writeUnder(header func(dst []byte) []byte, lines []byte) (int, error) {
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
	n, err := o.out.Write(p)
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	o.err = err
	return n, err
}
