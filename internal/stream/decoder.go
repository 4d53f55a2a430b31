package stream

import (
	"bytes"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/rtev/rtev/internal/jsonraw"
)

// maxName is the longest type and id of a record. Longer ones make the record
// too long: both are remembered beyond their record.
const maxName = 64 << 10

// Record is one record of a stream. Its bytes belong to the caller until the
// next call to Next, who may change Data in place.
type Record struct {
	Type []byte // of the event field; empty where there was none
	ID   []byte // the last id that the stream gave, perhaps in an earlier record
	Data []byte // the data lines, joined by LF
}

// Decoder takes records out of an event stream, by the letter of
// https://html.spec.whatwg.org/multipage/server-sent-events.html section 9.2.6
// with three differences: bad UTF-8 is passed on as it is; a record over the
// limit is skipped; and a line that starts with [ or {, by the letter an
// unknown field, is a record of its own without type and id, as older servers
// send them, even if it is the last and lacks its line end.
//
// It reads only when it needs bytes and takes no copy of a single data line.
// Not safe for concurrent use.
type Decoder struct {
	in    input
	limit int
	lines bool // every line is a record
	began bool // behind the byte order mark, if there is one

	typ    []byte
	id     []byte // what the record at hand makes of the last event ID
	named  bool   // it has an id field
	lastID []byte // the last event ID string, as of the last blank line
	gaveID bool   // the stream set lastID
	has    bool   // there was a data line, maybe an empty one; the data is in.kept
	skip   bool   // the record at hand is too long
	long   bool   // the line at hand is too long, and part of it was dropped
	retry  time.Duration
	told   bool // retry was
}

// NewDecoder reads from r and skips records of more than limit bytes.
func NewDecoder(r io.Reader, limit int) *Decoder {
	return &Decoder{in: input{r: r, limit: limit}, limit: limit}
}

// newLines makes every line a record.
func newLines(r io.Reader, limit int) *Decoder {
	d := NewDecoder(r, limit)
	d.lines = true
	return d
}

// Next returns the next record. io.EOF: the input ended, and Unfinished tells
// how much was lost; jsonraw.ErrTooLong: one record is skipped, go on; else the
// reader's own error.
func (d *Decoder) Next() (Record, error) {
	if !d.began {
		d.begin()
	}
	for {
		line, ended := d.in.line()
		switch {
		case d.long:
			d.long = !ended
			line = nil
		case d.over(line):
			d.long = !ended
			if d.refuse(line) {
				return Record{}, jsonraw.ErrTooLong
			}
		case !ended:
		case d.lines || bare(line):
			if !blank(line) {
				return Record{Data: line}, nil
			}
		case len(line) == 0:
			if rec, ok := d.dispatch(); ok {
				return rec, nil
			}
		case !d.field(line) && d.refuse(line):
			return Record{}, jsonraw.ErrTooLong
		}
		if ended {
			continue
		}
		if d.long {
			d.in.drop()
		}
		if err := d.in.fill(); err != nil {
			return d.last(line, err)
		}
	}
}

// mark is the byte order mark.
const mark = "\xEF\xBB\xBF"

// begin goes over the byte order mark.
func (d *Decoder) begin() {
	in := &d.in
	for len(in.buf) < len(mark) && string(in.buf) == mark[:len(in.buf)] && in.fill() == nil {
	}
	if bytes.HasPrefix(in.buf, []byte(mark)) {
		in.pos = len(mark)
	}
	d.began = true
}

// bare tells a line of the older framing.
func bare(line []byte) bool { return len(line) > 0 && (line[0] == '{' || line[0] == '[') }

func blank(line []byte) bool { return len(bytes.TrimSpace(line)) == 0 }

// over tells whether the line, which need not be finished, makes its record
// too long. It looks at all lines alike, so that all of it stays bounded and
// what comes out does not depend on how it came in.
func (d *Decoder) over(line []byte) bool {
	n := len(line)
	if !d.lines && !bare(line) {
		n -= len("data: ")
	}
	return d.in.kept.len()+n > d.limit
}

// refuse gives up the record that line is part of, and tells whether that is
// new.
func (d *Decoder) refuse(line []byte) bool {
	if d.lines || bare(line) {
		return true
	}
	was := d.skip
	d.skip, d.has, d.in.kept = true, false, span{}
	return !was
}

// last returns what can be used of a line that never ended.
func (d *Decoder) last(line []byte, err error) (Record, error) {
	if (err == io.EOF || err == io.ErrUnexpectedEOF) && (d.lines || bare(line)) && !blank(line) {
		d.in.drop()
		return Record{Data: line}, nil
	}
	return Record{}, err
}

// dispatch ends the record at hand at a blank line.
func (d *Decoder) dispatch() (rec Record, ok bool) {
	if d.named {
		d.lastID, d.id, d.named, d.gaveID = d.id, d.lastID, false, true
	}
	if d.has {
		end := d.in.kept.end
		rec, ok = Record{d.typ, d.lastID, d.in.buf[d.in.kept.start:end:end]}, true
	}
	d.typ, d.has, d.skip, d.in.kept = d.typ[:0], false, false, span{}
	return rec, ok
}

// field takes a line with something in it. False: the record is too long.
func (d *Decoder) field(line []byte) bool {
	name, value := line, line[len(line):]
	// No name that means something is longer than event.
	if i := bytes.IndexByte(line[:min(len(line), len("event:"))], ':'); i >= 0 {
		name, value = line[:i], line[i+1:]
	}
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	switch string(name) {
	case "data":
		if !d.skip {
			d.data(value)
		}
		return d.in.kept.len() <= d.limit
	case "event":
		if len(value) > maxName {
			return false
		}
		d.typ = append(d.typ[:0], value...)
	case "id":
		if len(value) > maxName {
			return false
		}
		if bytes.IndexByte(value, 0) < 0 {
			d.id, d.named = append(d.id[:0], value...), true
		}
	case "retry":
		d.setRetry(value)
	}
	return true
}

// data adds a line to the record's data. Only data is joined in place, into
// room that lines before this one have left; type and id are copies.
func (d *Decoder) data(value []byte) {
	in := &d.in
	if d.has {
		in.buf[in.kept.end] = '\n'
		in.kept.end += 1 + copy(in.buf[in.kept.end+1:], value)
		return
	}
	d.has, in.kept = true, span{in.end - len(value), in.end}
}

// setRetry takes digits only; a number beyond all bounds is the largest.
func (d *Decoder) setRetry(value []byte) {
	for _, c := range value {
		if c-'0' > 9 {
			return
		}
	}
	if len(value) == 0 {
		return
	}
	const most = math.MaxInt64 / int64(time.Millisecond)
	ms, err := strconv.ParseInt(string(value), 10, 64)
	if err != nil {
		ms = most
	}
	d.retry, d.told = time.Duration(min(ms, most))*time.Millisecond, true
}

// Retry is the waiting time that the stream asked for, if it did.
func (d *Decoder) Retry() (time.Duration, bool) { return d.retry, d.told }

// LastID returns the value for Last-Event-ID when the stream is opened again,
// and whether the stream set it: an empty id field clears it.
func (d *Decoder) LastID() (id string, ok bool) { return string(d.lastID), d.gaveID }

// Unfinished is the size in bytes of the data behind the last whole record.
func (d *Decoder) Unfinished() int64 {
	return int64(d.in.kept.len() + len(bytes.TrimSpace(d.in.buf[d.in.pos:])))
}
