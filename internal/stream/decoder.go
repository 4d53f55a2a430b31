package stream

import (
	"bytes"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/rtev/rtev/internal/jsonraw"
)

// maxName is the length in bytes of the longest type or id of a record. A record
// with a longer one counts as too long.
const maxName = 64 << 10

// Record is one record of a stream. Its bytes are valid until the next call of
// Next. The caller may change Data in place.
type Record struct {
	Type []byte // of the event field; empty if there was none
	ID   []byte // the last id of the stream, perhaps from an earlier record
	Data []byte // the data lines, joined by LF
}

// Decoder reads the records of an event stream. It follows
// https://html.spec.whatwg.org/multipage/server-sent-events.html section 9.2.6
// with three differences: invalid UTF-8 is passed on unchanged; a record over
// the limit is skipped; and a line that starts with [ or {, by the standard an
// unknown field, is a record of its own without type and id, as older servers
// send them, even if it is the last line and has no line end.
//
// A Decoder reads only when it needs bytes, and does not copy a single data
// line. It is not safe for concurrent use.
type Decoder struct {
	in      input
	limit   int
	started bool // past the byte order mark, if there is one
	// recorded selects the rules for saved streams: a line that is not a field
	// of an event stream is a record, or may contain one.
	recorded bool

	typ    []byte
	id     []byte // the last event ID after the current record
	named  bool   // the current record has an id field
	lastID []byte // the last event ID, as of the last blank line
	gaveID bool   // the stream set lastID
	has    bool   // the current record has a data line, maybe an empty one; the data is in.joined
	skip   bool   // the current record is too long
	long   bool   // the current line is too long, and its start was dropped

	retry    time.Duration
	gotRetry bool
}

// NewDecoder returns a decoder that reads from r and skips records of more
// than limit bytes.
func NewDecoder(r io.Reader, limit int) *Decoder {
	return &Decoder{in: input{r: r, limit: limit}, limit: limit}
}

// Next returns the next record. The error is io.EOF at the end of the input, when
// Unfinished returns the size of an incomplete record; jsonraw.ErrTooLong if one
// record was skipped and Next may be called again; or the reader's error.
func (d *Decoder) Next() (Record, error) {
	if !d.started {
		d.start()
	}
	for {
		line, ended := d.in.line()
		if !ended || d.long || len(line) > d.limit-d.in.joined.len() {
			if usable, err := d.border(line, ended); err != nil {
				return d.last(line, err)
			} else if !usable {
				continue
			}
		}
		if d.recorded {
			line = bytes.TrimLeft(line, "\x00")
		}
		switch {
		case d.recorded && len(line) > 0:
			if data := d.embedded(line); data != nil {
				return Record{Data: data}, nil
			}
		case len(line) == 0:
			if rec, ok := d.dispatch(); ok {
				return rec, nil
			}
		case line[0] == '{' || line[0] == '[':
			return Record{Data: line}, nil
		case !d.field(line) && d.refuse(line):
			return Record{}, jsonraw.ErrTooLong
		}
	}
}

// byteOrderMark is U+FEFF in UTF-8.
const byteOrderMark = "\xEF\xBB\xBF"

// start skips the byte order mark.
func (d *Decoder) start() {
	in := &d.in
	for len(in.buf) < len(byteOrderMark) && string(in.buf) == byteOrderMark[:len(in.buf)] && in.fill() == nil {
	}
	if bytes.HasPrefix(in.buf, []byte(byteOrderMark)) {
		in.pos = len(byteOrderMark)
	}
	d.started = true
}

// border handles a line that has not ended yet or may exceed the limit. It
// reports whether to use the line; otherwise Next continues with the next one.
func (d *Decoder) border(line []byte, ended bool) (usable bool, err error) {
	switch {
	case d.long:
		d.long = !ended
	case d.over(line):
		d.long = !ended
		if d.refuse(line) {
			return false, jsonraw.ErrTooLong
		}
	case ended:
		return true, nil
	}
	switch {
	case ended:
		return false, nil
	case d.long:
		d.in.drop()
	case d.recorded:
		d.in.skipNULs()
	}
	return false, d.in.fill()
}

// isBare reports whether line is a record of the older framing.
func isBare(line []byte) bool { return len(line) > 0 && (line[0] == '{' || line[0] == '[') }

// over reports whether line makes its record too long. It counts all lines of
// a record alike and before they are complete, so memory stays bounded and the
// result does not depend on how the bytes arrived.
func (d *Decoder) over(line []byte) bool {
	n := len(line)
	if !isBare(line) {
		n -= len("data: ")
	}
	return d.in.joined.len()+n > d.limit
}

// refuse discards the record that line is part of. It reports whether this is the
// first refusal for that record.
func (d *Decoder) refuse(line []byte) bool {
	if isBare(line) {
		return true
	}
	was := d.skip
	d.skip, d.has, d.in.joined = true, false, span{}
	return !was
}

// last returns the record in an unfinished last line, if there is one.
func (d *Decoder) last(line []byte, err error) (Record, error) {
	if err != io.EOF && err != io.ErrUnexpectedEOF {
		return Record{}, err
	}
	if d.recorded {
		line = bytes.TrimLeft(line, "\x00")
	}
	if d.recorded && len(line) > 0 && !isField(line) {
		line = d.embedded(line)
		d.in.drop()
	} else if !isBare(line) {
		line = nil
	}
	if line == nil {
		return Record{}, err
	}
	d.in.drop()
	return Record{Data: line}, nil
}

// dispatch ends the current record at a blank line.
func (d *Decoder) dispatch() (rec Record, ok bool) {
	if d.named {
		d.lastID, d.id, d.named, d.gaveID = d.id, d.lastID, false, true
	}
	if d.has {
		end := d.in.joined.end
		rec, ok = Record{d.typ, d.lastID, d.in.buf[d.in.joined.start:end:end]}, true
	}
	d.typ, d.has, d.skip, d.in.joined = d.typ[:0], false, false, span{}
	return rec, ok
}

// field applies a line that is not empty. It returns false if the record is
// too long.
func (d *Decoder) field(line []byte) bool {
	switch {
	case isNamed(line, "data"):
		if !d.skip {
			d.data(valueAfter(line, "data"))
		}
		return d.in.joined.len() <= d.limit
	case isNamed(line, "event"):
		value := valueAfter(line, "event")
		if len(value) > maxName {
			return false
		}
		d.typ = append(d.typ[:0], value...)
	case isNamed(line, "id"):
		value := valueAfter(line, "id")
		if len(value) > maxName {
			return false
		}
		if bytes.IndexByte(value, 0) < 0 {
			d.id, d.named = append(d.id[:0], value...), true
		}
	case isNamed(line, "retry"):
		d.setRetry(valueAfter(line, "retry"))
	}
	return true
}

// isNamed reports whether the field in line has this name.
func isNamed(line []byte, name string) bool {
	return len(line) >= len(name) && string(line[:len(name)]) == name && (len(line) == len(name) || line[len(name)] == ':')
}

// valueAfter returns the value of the field in line, which has this name.
func valueAfter(line []byte, name string) []byte {
	value := line[min(len(line), len(name)+len(":")):]
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	return value
}

// isField reports whether line is a comment or a field of an event stream.
func isField(line []byte) bool {
	return line[0] == ':' || isNamed(line, "data") || isNamed(line, "event") || isNamed(line, "id") || isNamed(line, "retry")
}

// data adds a line to the record's data. Further lines are joined in place,
// where lines before this one were; type and id are copies.
func (d *Decoder) data(value []byte) {
	in := &d.in
	if d.has {
		in.buf[in.joined.end] = '\n'
		in.joined.end += 1 + copy(in.buf[in.joined.end+1:], value)
		return
	}
	d.has, in.joined = true, span{in.end - len(value), in.end}
}

// setRetry sets the reconnection time. It ignores values other than digits, and
// caps numbers that are too large.
func (d *Decoder) setRetry(value []byte) {
	for _, c := range value {
		if c-'0' > 9 {
			return
		}
	}
	if len(value) == 0 {
		return
	}
	const longest = math.MaxInt64 / int64(time.Millisecond)
	ms, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil {
		ms = longest
	}
	d.retry, d.gotRetry = time.Duration(min(ms, longest))*time.Millisecond, true
}

// Retry returns the reconnection time that the stream asked for, if it did.
func (d *Decoder) Retry() (time.Duration, bool) { return d.retry, d.gotRetry }

// LastID returns the value for Last-Event-ID when the stream is opened again,
// and whether the stream set it: an empty id field clears it.
func (d *Decoder) LastID() (id string, ok bool) { return string(d.lastID), d.gaveID }

// Unfinished returns the size in bytes of the data after the last complete record.
func (d *Decoder) Unfinished() int64 {
	return int64(d.in.joined.len() + len(bytes.TrimSpace(d.in.buf[d.in.pos:])))
}
