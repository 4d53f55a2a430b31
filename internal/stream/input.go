package stream

import (
	"bytes"
	"io"
)

// Sizes of an input's buffer, in bytes. It starts small, since most connections
// are quiet, and doubles while reads fill it.
const (
	firstBuffer = 4 << 10
	readBuffer  = 64 << 10 // fast traffic grows it to this, the size of rtapi's reads; long records grow it further
	keepBuffer  = 1 << 20  // a larger one is released as soon as it is not needed
)

// input splits bytes into lines, in one growing buffer.
type input struct {
	r      io.Reader
	limit  int    // the longest line that the buffer must hold
	buf    []byte // what was read
	joined span   // in buf, before pos: the data of the current record
	pos    int    // start of the current line
	end    int    // end of the last line returned, without its line end
	lf     int    // the first LF from pos on, or len(buf) if there is none; less than pos if not searched yet
	cr     int    // the same for CR
	crEnd  bool   // the last byte read was a CR that ended a line
	full   bool   // the last read filled the buffer
	err    error  // the reader's, returned by each later fill
}

// span is a part of a buffer.
type span struct{ start, end int }

func (s span) len() int { return s.end - s.start }

// line returns the current line without its end (LF, CR or CRLF), and moves to
// the next. If the line has not ended yet, line returns its start and stays.
func (in *input) line() (line []byte, ended bool) {
	if in.lf < in.pos {
		if in.pos < len(in.buf) && in.buf[in.pos] == '\n' { // every fourth line is blank
			in.lf = in.pos
		} else {
			in.lf = in.find('\n', in.pos)
		}
	}
	if in.cr < in.pos {
		in.cr = in.find('\r', in.pos)
	}
	end := min(in.lf, in.cr)
	line = in.buf[in.pos:end:end]
	if end == len(in.buf) {
		return line, false
	}
	in.pos, in.end = end+1, end
	if end == in.cr {
		if in.crEnd = in.pos == len(in.buf); !in.crEnd && in.buf[in.pos] == '\n' {
			in.pos++
		}
	}
	return line, true
}

func (in *input) find(c byte, from int) int {
	if i := bytes.IndexByte(in.buf[from:], c); i >= 0 {
		return from + i
	}
	return len(in.buf)
}

// drop discards the unfinished current line.
func (in *input) drop() { in.pos = len(in.buf) }

// skipNULs discards NULs at the start of the current line.
func (in *input) skipNULs() {
	for in.pos < len(in.buf) && in.buf[in.pos] == 0 {
		in.pos++
	}
}

// fill reads more. It overwrites lines returned earlier.
func (in *input) fill() error {
	if in.err != nil {
		return in.err
	}
	in.compact()
	old := len(in.buf)
	for range 100 {
		n, err := in.r.Read(in.buf[old:cap(in.buf)])
		in.buf, in.err = in.buf[:old+n], err
		if n > 0 || err != nil {
			in.took(old)
			return nil // use the bytes first, then return the error
		}
	}
	in.err = io.ErrNoProgress
	return in.err
}

// took records which line ends the bytes from old on contain.
func (in *input) took(old int) {
	n := len(in.buf)
	in.full = n == cap(in.buf)
	if in.lf == old {
		in.lf = in.find('\n', old)
	}
	if in.cr == old {
		in.cr = in.find('\r', old)
	}
	if in.crEnd && n > old {
		in.crEnd = false
		if in.buf[old] == '\n' {
			in.pos++
		}
	}
}

// compact moves the bytes still needed to the front of a buffer of the right
// size.
func (in *input) compact() {
	need := in.joined.len() + len(in.buf) - in.pos
	size := in.size(need)
	if size == cap(in.buf) && need == len(in.buf) {
		return
	}
	to := in.buf[:0]
	if size != cap(in.buf) {
		to = make([]byte, 0, size)
	}
	to = append(to, in.buf[in.joined.start:in.joined.end]...)
	moved := in.pos - len(to)
	to = append(to, in.buf[in.pos:]...)
	in.buf, in.joined = to, span{0, in.joined.len()}
	in.pos -= moved
	in.lf -= moved
	in.cr -= moved
}

// size returns the size of a buffer for need bytes.
func (in *input) size(need int) int {
	size := cap(in.buf)
	switch {
	case size == 0:
		return firstBuffer
	case size-need < min(size/2, readBuffer):
		return max(size, min(2*size, in.limit+readBuffer))
	case in.full && size < readBuffer:
		return 2 * size
	case size > keepBuffer && need < readBuffer/2:
		return readBuffer
	}
	return size
}
