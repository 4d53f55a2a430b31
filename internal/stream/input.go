package stream

import (
	"bytes"
	"io"
)

// Sizes of an input's buffer. It starts small, since most connections are
// quiet, doubles while reads fill it, and halves again when they no longer do.
const (
	firstBuffer = 4 << 10
	readBuffer  = 64 << 10 // as far as traffic alone makes it grow, as much as rtapi reads at once; records grow it further
	keepBuffer  = 1 << 20  // more than this is given back as soon as it is not needed
	calmReads   = 64       // so many reads in a row must be small before it halves
)

// input takes lines out of bytes, with one growing buffer.
type input struct {
	r     io.Reader
	limit int    // the buffer need not grow beyond
	buf   []byte // what was read
	kept  span   // in buf, before pos: what the decoder still needs
	pos   int    // start of the line at hand
	end   int    // end of the last line handed out, without its line end
	lf    int    // the first LF at or behind pos, len(buf) if there is none; before pos: not searched
	cr    int    // the same for CR
	crEnd bool   // the last byte read was a CR that ended a line
	full  bool   // the last read filled the buffer
	calm  int    // reads in a row that needed little of it
	err   error  // the reader's, for good
}

// span is a part of a buffer.
type span struct{ start, end int }

func (s span) len() int { return s.end - s.start }

// line returns the line at hand without its end (LF, CR or CRLF), and goes
// behind it. Where there is no end yet it returns what there is, and stays.
func (in *input) line() (line []byte, ended bool) {
	if in.lf < in.pos {
		if in.pos < len(in.buf) && in.buf[in.pos] == '\n' { // one line of four is blank
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

// drop lets go of the unfinished line at hand.
func (in *input) drop() { in.pos = len(in.buf) }

// fill reads more. What was handed out before is overwritten.
func (in *input) fill() error {
	if in.err != nil {
		return in.err
	}
	in.makeRoom()
	old := len(in.buf)
	for range 100 {
		n, err := in.r.Read(in.buf[old:cap(in.buf)])
		in.buf, in.err = in.buf[:old+n], err
		if n > 0 || err != nil {
			in.took(old)
			return nil // the bytes first, then the error
		}
	}
	in.err = io.ErrNoProgress
	return in.err
}

// took notes what the bytes from old on are.
func (in *input) took(old int) {
	n := len(in.buf)
	in.full = n == cap(in.buf)
	if in.calm++; n > cap(in.buf)/8 {
		in.calm = 0
	}
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

// makeRoom moves what is needed to the front, of a buffer of the right size.
func (in *input) makeRoom() {
	need := in.kept.len() + len(in.buf) - in.pos
	size := in.size(need)
	if size == cap(in.buf) && need == len(in.buf) {
		return
	}
	to := in.buf[:0]
	if size != cap(in.buf) {
		to = make([]byte, 0, size)
	}
	to = append(to, in.buf[in.kept.start:in.kept.end]...)
	moved := in.pos - len(to)
	to = append(to, in.buf[in.pos:]...)
	in.buf, in.kept = to, span{0, in.kept.len()}
	in.pos -= moved
	in.lf -= moved
	in.cr -= moved
}

// size is what the buffer should hold when need bytes are in it.
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
		in.calm = 0
		return readBuffer
	case in.calm >= calmReads && size > firstBuffer:
		in.calm = 0
		return size / 2
	}
	return size
}
