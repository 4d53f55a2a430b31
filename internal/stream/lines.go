package stream

import (
	"bytes"
	"io"
)

// Sizes of the buffer of lines, in bytes. It starts small, since most connections
// are quiet, and doubles while reads fill it.
const (
	firstBuffer = 4 << 10
	readBuffer  = 64 << 10 // fast traffic grows it to this, the size of rtapi's reads; long lines grow it further
	keepBuffer  = 1 << 20  // a larger one is released as soon as it is not needed
)

// beyond is how many bytes over the limit are kept of a line that is too long:
// enough for it to exceed the limit without the name of its field.
const beyond = 64

// lines splits the bytes of a reader into lines, in one growing buffer.
type lines struct {
	r       io.Reader
	limit   int    // of a longer line only the start is kept
	buf     []byte // what was read
	pos     int    // start of the current line
	lf      int    // the first LF from pos on, or len(buf) if there is none; less than pos if not searched yet
	cr      int    // the same for CR
	afterCR bool   // the last line ended in CR, which an LF may follow
	full    bool   // the last read filled the buffer
	err     error  // of the reader, returned by each later fill
}

// next returns the current line without its end (LF, CR or CRLF), and moves to
// the next. If the line has not ended yet, next returns its start and stays.
func (l *lines) next() (line []byte, ended bool) {
	if l.afterCR && l.pos < len(l.buf) {
		if l.buf[l.pos] == '\n' {
			l.pos++
		}
		l.afterCR = false
	}
	if l.lf < l.pos {
		if l.lf = l.pos; l.pos == len(l.buf) || l.buf[l.pos] != '\n' { // every fourth line is blank
			l.lf = l.find('\n', l.pos)
		}
	}
	if l.cr < l.pos {
		l.cr = l.find('\r', l.pos)
	}
	end := min(l.lf, l.cr)
	line = l.buf[l.pos:end:end]
	if end == len(l.buf) {
		return line, false
	}
	l.pos, l.afterCR = end+1, end == l.cr
	return line, true
}

func (l *lines) find(c byte, from int) int {
	if i := bytes.IndexByte(l.buf[from:], c); i >= 0 {
		return from + i
	}
	return len(l.buf)
}

// drop discards the unfinished current line.
func (l *lines) drop() { l.pos = len(l.buf) }

// fill reads more of an unfinished line. It overwrites lines returned earlier.
func (l *lines) fill() error {
	if l.err != nil {
		return l.err
	}
	line := l.buf[l.pos:]
	line = line[:min(len(line), l.limit+beyond)]
	if size := l.size(len(line)); size != cap(l.buf) {
		l.buf = append(make([]byte, 0, size), line...)
	} else if l.pos > 0 {
		l.buf = append(l.buf[:0], line...)
	} else {
		l.buf = line
	}
	l.pos = 0
	old, n := len(l.buf), 0
	for n == 0 && l.err == nil {
		n, l.err = l.r.Read(l.buf[old:cap(l.buf)])
	}
	l.buf = l.buf[:old+n]
	l.full = len(l.buf) == cap(l.buf)
	l.lf, l.cr = l.find('\n', old), l.find('\r', old)
	return nil // the bytes come first, then the error
}

// size returns the size of a buffer that holds the need bytes of a line and more.
func (l *lines) size(need int) int {
	size := cap(l.buf)
	switch {
	case size == 0:
		return firstBuffer
	case size-need < min(size/2, readBuffer), l.full && size < readBuffer:
		return min(2*size, l.limit+2*readBuffer)
	case size > keepBuffer && need < readBuffer/2:
		return readBuffer
	}
	return size
}
