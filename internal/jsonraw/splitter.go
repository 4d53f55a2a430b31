package jsonraw

import (
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

// Splitter splits JSON into the elements of its arrays while reading it: a list from
// a server, or any sequence of arrays and objects, with or without line ends between
// them. It finds the ends of elements but does not check them. Memory is bounded by
// the longest element. It is not safe for concurrent use.
type Splitter struct {
	// Oversize, if not nil, receives the bytes of an element that is longer
	// than the limit, in pieces that are valid during the call. The last piece
	// comes before Next returns ErrTooLong, or is what Tail returns.
	Oversize func(piece []byte)
	// Strict splits by JSON's syntax alone: an array inside an array is an
	// element, and a line end ends neither a string nor a bare value. Otherwise
	// arrays are flattened, and a line that was cut short damages only itself.
	Strict bool

	array bool // r is inside an array, whose end is the end of the input
	r     io.Reader
	limit int
	buf   []byte // what was read and not yet returned
	next  int    // start of the current element, or of what is before it
	seen  int    // how far the current element was searched
	lists int    // open arrays around the elements
	depth int    // open containers inside the current element
	in    scope
	cut   int64 // bytes of the current element that were dropped: it is too long
}

type scope uint8

const (
	between scope = iota // before an element
	inside               // in a container of the element, not in a string
	quoted               // in a string
	bare                 // in a number, a word, or anything unknown
)

// NewSplitter returns a Splitter that reads from r and skips elements of more than
// limit bytes.
func NewSplitter(r io.Reader, limit int) *Splitter { return &Splitter{r: r, limit: limit} }

// NewArraySplitter returns a strict Splitter that reads the rest of one array. r
// starts after the opening bracket of the array.
func NewArraySplitter(r io.Reader, limit int) *Splitter {
	return &Splitter{r: r, limit: limit, Strict: true, array: true, lists: 1}
}

// Next returns the next element. The caller may change its bytes until the next
// call. The error is io.EOF at the end of the input, io.ErrUnexpectedEOF if it
// ends inside an array or element (Rest returns how much was lost), ErrTooLong if
// one element was skipped and more may follow, or the reader's error.
func (e *Splitter) Next() ([]byte, error) {
	for {
		if start, end, ok := e.split(); ok {
			long := e.cut > 0 || end-start > e.limit
			if e.cut = 0; long {
				e.oversize(e.buf[start:end])
				return nil, ErrTooLong
			}
			return e.buf[start:end:end], nil
		}
		if e.array && e.lists == 0 {
			return nil, io.EOF
		}
		if err := e.fill(); err != nil {
			return e.last(err)
		}
	}
}

// Rest returns the size in bytes of the unfinished element at the end of the
// input.
func (e *Splitter) Rest() int64 { return e.cut + int64(len(e.buf)-e.next) }

// Tail returns the bytes of the unfinished element after Next has failed, without
// those that Oversize has received. They are valid until the next call of a method.
func (e *Splitter) Tail() []byte { return e.buf[e.next:] }

func (e *Splitter) oversize(piece []byte) {
	if e.Oversize != nil {
		e.Oversize(piece)
	}
}

// last handles the end of the input. A bare value ends there.
func (e *Splitter) last(err error) ([]byte, error) {
	if err == io.EOF && e.in == bare {
		elem, long := e.buf[e.next:], e.cut > 0
		e.in, e.next, e.cut = between, len(e.buf), 0
		if long || len(elem) > e.limit {
			e.oversize(elem)
			return nil, ErrTooLong
		}
		return elem, nil
	}
	if err == io.EOF && (e.in != between || e.lists > 0) {
		return nil, io.ErrUnexpectedEOF
	}
	return nil, err
}

// split searches the buffer for the end of the current element.
func (e *Splitter) split() (start, end int, ok bool) {
	if e.in == between && !e.begin() {
		return 0, 0, false
	}
	for last := -1; e.seen < len(e.buf) && e.seen != last; { // a backslash at the end waits for more
		last = e.seen
		switch e.in {
		case bare:
			ok = e.word()
		case quoted:
			ok = e.text()
		case inside:
			ok = e.token()
		}
		if ok {
			start, e.next, e.in = e.next, e.seen, between
			return start, e.seen, true
		}
	}
	return 0, 0, false
}

// begin skips white space, commas and the brackets of arrays up to an element.
func (e *Splitter) begin() bool {
	for ; e.next < len(e.buf) && (e.lists > 0 || !e.array); e.next++ {
		c := e.buf[e.next]
		switch {
		case c == ' ', c == '\t', c == '\r', c == '\n', c == ',', c == 0x1e: // 0x1e: RFC 7464
		case c == '[' && (e.lists == 0 || !e.Strict):
			e.lists++
		case c == ']':
			e.lists = max(0, e.lists-1)
		default:
			e.seen, e.depth, e.in = e.next, 0, bare
			if c == '{' || c == '"' || c == '[' {
				e.in = inside
			}
			return true
		}
	}
	return false
}

// word searches for the end of a bare value.
func (e *Splitter) word() (ended bool) {
	for ; e.seen < len(e.buf); e.seen++ {
		switch e.buf[e.seen] {
		case ',', ']':
			return true
		case '\n', '\r':
			if !e.Strict {
				return true
			}
		}
	}
	return false
}

// text searches for the end of a string. A line end inside a string is never valid:
// the element ends there, so that a truncated line affects no other line.
func (e *Splitter) text() (ended bool) {
	for {
		e.seen, _ = stringStop(e.buf, e.seen)
		if e.seen >= len(e.buf) {
			return false
		}
		switch e.buf[e.seen] {
		case '"':
			e.seen++
			e.in = inside
			return e.depth == 0
		case '\\':
			if e.seen+1 >= len(e.buf) {
				return false
			}
			e.seen += 2
		case '\n', '\r':
			if !e.Strict {
				return true
			}
			e.seen++
		default:
			e.seen++
		}
	}
}

// token reads brackets and quotes up to the next string or the end.
func (e *Splitter) token() (ended bool) {
	for ; e.seen < len(e.buf); e.seen++ {
		switch e.buf[e.seen] {
		case '"':
			e.seen++
			e.in = quoted
			return false
		case '{', '[':
			e.depth++
		case '}', ']':
			if e.depth--; e.depth <= 0 {
				e.seen++
				return true
			}
		}
	}
	return false
}

// fill reads more into the buffer. It drops what was returned, and the current
// element if it is too long.
func (e *Splitter) fill() error {
	if e.in != between && e.seen-e.next > e.limit {
		e.oversize(e.buf[e.next:e.seen])
		e.cut += int64(e.seen - e.next)
		e.next = e.seen
	}
	if e.next > 0 {
		n := copy(e.buf, e.buf[e.next:])
		e.buf, e.seen, e.next = e.buf[:n], max(0, e.seen-e.next), 0
		if cap(e.buf) > keepBuffer && n < keepBuffer/4 {
			e.buf = append(make([]byte, 0, keepBuffer), e.buf...)
		}
	}
	if len(e.buf) == cap(e.buf) {
		// longer than the limit is no element: that was dropped above
		e.buf = append(make([]byte, 0, max(firstBuffer, min(2*cap(e.buf), e.limit+firstBuffer))), e.buf...)
	}
	for range 100 {
		n, err := e.r.Read(e.buf[len(e.buf):cap(e.buf)])
		e.buf = e.buf[:len(e.buf)+n]
		if n > 0 {
			return nil // the next read returns the error again
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}
