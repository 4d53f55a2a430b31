package jsonraw

import (
	"bytes"
	"errors"
	"io"
)

// ErrTooLong means that one record was longer than the limit and was skipped. The
// reader that returned it continues with the next record.
var ErrTooLong = errors.New("record too long")

// Sizes of a Splitter's buffer at first, and at most after a very long element.
const (
	firstBuffer = 32 << 10
	keepBuffer  = 1 << 20
)

// Splitter splits JSON into elements while reading it: those of arrays, and values
// beside arrays. It finds their ends by brackets and quotes, but does not check them.
// Memory is bounded by the longest element. It is not safe for concurrent use.
type Splitter struct {
	// Oversize receives the bytes of an element that is longer than the limit, in
	// pieces that are valid during the call. The last piece comes before Next
	// returns ErrTooLong, or is what Tail returns.
	Oversize func(piece []byte)

	r      io.Reader
	limit  int
	single bool   // the end of the first array is the end of the input
	buf    []byte // what was read and not yet returned
	next   int    // start of the current element, or of what is before it
	seen   int    // how far the current element was searched
	inList bool   // in an array
	begun  bool   // in an element
	word   bool   // which is a number, a word or anything unknown
	quoted bool   // in a string of the element
	depth  int    // open containers inside the element
	cut    int64  // bytes of the element that were dropped: it is too long
}

// NewSplitter returns a Splitter that reads from r and skips elements of more than
// limit bytes.
func NewSplitter(r io.Reader, limit int) *Splitter {
	return &Splitter{r: r, limit: limit, Oversize: func([]byte) {}}
}

// NewArraySplitter is like NewSplitter, but reads only the rest of one array. r
// starts after the opening bracket of the array.
func NewArraySplitter(r io.Reader, limit int) *Splitter {
	s := NewSplitter(r, limit)
	s.single, s.inList = true, true
	return s
}

// Next returns the next element. The caller may change its bytes until the next
// call. The error is io.EOF at the end of the input, io.ErrUnexpectedEOF if it
// ends inside an array or element (Rest returns how much was lost), ErrTooLong if
// one element was skipped and more may follow, or the reader's error.
func (s *Splitter) Next() ([]byte, error) {
	for {
		if s.begin() && s.search() {
			return s.element()
		}
		if s.single && !s.inList {
			return nil, io.EOF
		}
		if err := s.fill(); err != nil {
			if err == io.EOF && s.begun && s.word {
				return s.element()
			}
			if err == io.EOF && (s.begun || s.inList) {
				return nil, io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
}

// Rest returns the size in bytes of the unfinished element at the end of the
// input.
func (s *Splitter) Rest() int64 { return s.cut + int64(len(s.buf)-s.next) }

// Tail returns the bytes of the unfinished element after Next has failed, without
// those that Oversize has received. They are valid until the next call of a method.
func (s *Splitter) Tail() []byte { return s.buf[s.next:] }

// begin skips white space, commas and the brackets of arrays up to an element.
func (s *Splitter) begin() bool {
	for ; !s.begun && s.next < len(s.buf) && (s.inList || !s.single); s.next++ {
		switch c := s.buf[s.next]; {
		case c == '[' && !s.inList:
			s.inList = true
		case c == ']':
			s.inList = false
		case bytes.IndexByte([]byte(" \t\r\n,\x1e"), c) < 0: // 0x1e: RFC 7464
			s.begun, s.seen = true, s.next
			s.word = c != '{' && c != '[' && c != '"'
			return true
		}
	}
	return s.begun
}

// search looks for the end of the current element.
func (s *Splitter) search() (ended bool) {
	if s.word {
		end := bytes.IndexAny(s.buf[s.seen:], ",[]{\"\n")
		if end < 0 {
			end = len(s.buf) - s.seen
		}
		s.seen += end
		return s.seen < len(s.buf)
	}
	for s.seen < len(s.buf) {
		if s.quoted {
			if !s.skipText() {
				return false
			}
		} else {
			switch s.buf[s.seen] {
			case '"':
				s.quoted = true
			case '{', '[':
				s.depth++
			case '}', ']':
				s.depth--
			}
			s.seen++
		}
		if s.depth == 0 && !s.quoted {
			return true
		}
	}
	return false
}

// skipText skips the rest of a string.
func (s *Splitter) skipText() (ended bool) {
	for {
		s.seen = stringStop(s.buf, s.seen)
		rest := s.buf[s.seen:]
		switch {
		case len(rest) == 0:
			return false
		case rest[0] == '"':
			s.seen, s.quoted = s.seen+1, false
			return true
		case rest[0] != '\\': // invalid, which is not checked here
			s.seen++
		case len(rest) == 1: // an escape needs one more byte
			return false
		default:
			s.seen += 2
		}
	}
}

// element returns the current element, which ends at seen, unless it is too long.
func (s *Splitter) element() ([]byte, error) {
	elem := s.buf[s.next:s.seen:s.seen]
	long := s.cut > 0 || len(elem) > s.limit
	s.next, s.begun, s.cut = s.seen, false, 0
	if long {
		s.Oversize(elem)
		return nil, ErrTooLong
	}
	return elem, nil
}

// fill reads more into the buffer. It drops what was returned, and the current
// element if it is too long.
func (s *Splitter) fill() error {
	if s.begun && s.seen-s.next > s.limit {
		s.Oversize(s.buf[s.next:s.seen])
		s.cut += int64(s.seen - s.next)
		s.next = s.seen
	}
	rest := s.buf[s.next:]
	size := cap(s.buf)
	switch {
	case len(rest) == size: // at most the limit: longer elements were dropped above
		size = max(firstBuffer, min(2*size, s.limit+firstBuffer))
	case size > keepBuffer && len(rest) < keepBuffer/4:
		size = keepBuffer
	}
	if size != cap(s.buf) {
		s.buf = append(make([]byte, 0, size), rest...)
	} else if s.next > 0 {
		s.buf = append(s.buf[:0], rest...)
	}
	s.seen, s.next = max(0, s.seen-s.next), 0
	n, err := 0, error(nil)
	for n == 0 && err == nil {
		n, err = s.r.Read(s.buf[len(s.buf):cap(s.buf)])
	}
	s.buf = s.buf[:len(s.buf)+n]
	if n > 0 {
		return nil // the next read returns the error again
	}
	return err
}
