package stream

import (
	"bytes"
	"io"

	"github.com/rtev/rtev/internal/jsonraw"
)

// maxName is how many bytes a line with a type or id may have to be applied.
const maxName = 64 << 10

// byteOrderMark is U+FEFF in UTF-8.
const byteOrderMark = "\xEF\xBB\xBF"

// record is one record of a stream. Its bytes are valid until the next call of
// next. The caller may change data in place.
type record struct {
	typ  []byte // of the event field; empty if there was none
	id   []byte // the last id of the stream, perhaps from an earlier record
	data []byte // the data lines, joined by LF
}

// decoder reads the records of an event stream. It follows
// https://html.spec.whatwg.org/multipage/server-sent-events.html section 9.2.6
// with four differences: invalid UTF-8 is passed on unchanged; a record over the
// limit is skipped; the retry field is ignored; and a line that starts with [ or {, by the standard an
// unknown field, is a record of its own without type and id, as older servers
// send them, even if it is the last line and has no line end.
//
// It reads only when it needs bytes, and does not copy a single data line.
type decoder struct {
	in      lines
	limit   int
	started bool // past the first line, which may start with a byte order mark
	// recorded selects the rules for saved streams: a line that is not a field
	// of an event stream is a record, or may contain one.
	recorded bool

	typ    []byte
	id     []byte // the last event ID after the current record
	named  bool   // the current record has an id field
	lastID []byte // for Last-Event-ID when the stream is opened again, as of the last blank line
	has    bool   // the current record has a data line, maybe an empty one
	data   []byte // of the current record, in the buffer of in or in joined
	joined []byte // a copy of data
	skip   bool   // the current record is too long
}

// newDecoder returns a decoder that reads from r and skips records of more than
// limit bytes.
func newDecoder(r io.Reader, limit int) *decoder {
	return &decoder{in: lines{r: r, limit: limit}, limit: limit}
}

// next returns the next record. The error is io.EOF at the end of the input, when
// unfinished returns the size of an incomplete record; jsonraw.ErrTooLong if one
// record was skipped and next may be called again; or the reader's error.
func (d *decoder) next() (record, error) {
	for {
		line, ended := d.in.next()
		if !ended {
			d.keep()
			err := d.in.fill()
			if err == nil {
				continue
			}
			if len(line) == 0 || isField(line) || err != io.EOF && err != io.ErrUnexpectedEOF {
				return record{}, err
			}
			d.in.drop() // the line may be a record without line end
		}
		if !d.started {
			line, d.started = bytes.TrimPrefix(line, []byte(byteOrderMark)), true
		}
		switch {
		case len(line) == 0:
			if rec, ok := d.dispatch(); ok {
				return rec, nil
			}
			continue
		case line[0] == '{', line[0] == '[' && !d.recorded:
		default:
			known, err := d.field(line)
			if err != nil {
				return record{}, err
			}
			if known || !d.recorded {
				continue
			}
			if line = embedded(line); len(line) == 0 {
				continue
			}
		}
		if len(line) > d.limit {
			return record{}, jsonraw.ErrTooLong
		}
		return record{data: line}, nil
	}
}

// dispatch ends the current record at a blank line.
func (d *decoder) dispatch() (rec record, ok bool) {
	if d.named {
		d.lastID, d.id, d.named = d.id, d.lastID, false
	}
	rec, ok = record{d.typ, d.lastID, d.data}, d.has
	d.typ, d.has, d.skip, d.data = d.typ[:0], false, false, nil
	if d.joined = d.joined[:0]; cap(d.joined) > keepBuffer {
		d.joined = nil
	}
	return rec, ok
}

// field applies a line that is not empty. known is false if it is neither a
// comment nor a field of an event stream.
func (d *decoder) field(line []byte) (known bool, err error) {
	switch {
	case isNamed(line, "data"):
		return true, d.add(valueAfter(line, "data"))
	case isNamed(line, "event") && len(line) <= maxName:
		d.typ = append(d.typ[:0], valueAfter(line, "event")...)
		return true, nil
	case isNamed(line, "id") && len(line) <= maxName && bytes.IndexByte(line, 0) < 0:
		d.id, d.named = append(d.id[:0], valueAfter(line, "id")...), true
		return true, nil
	}
	return isField(line), nil
}

// isNamed reports whether the field in line has this name.
func isNamed(line []byte, name string) bool {
	n := len(name)
	return len(line) >= n && string(line[:n]) == name && (len(line) == n || line[n] == ':')
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
	if line[0] == ':' {
		return true
	}
	for _, name := range []string{"data", "event", "id", "retry"} {
		if isNamed(line, name) {
			return true
		}
	}
	return false
}

// add adds a line to the data of the current record.
func (d *decoder) add(value []byte) error {
	switch {
	case d.skip:
	case len(d.data)+len(value) > d.limit:
		d.skip, d.has, d.data = true, false, nil
		return jsonraw.ErrTooLong
	case !d.has:
		d.has, d.data = true, value
	default:
		d.keep()
		d.joined = append(append(d.joined, '\n'), value...)
		d.data = d.joined
	}
	return nil
}

// keep copies the data of the current record out of the buffer of in, which is
// about to change.
func (d *decoder) keep() {
	if len(d.joined) < len(d.data) {
		d.joined = append(d.joined, d.data...)
		d.data = d.joined
	}
}

// unfinished returns the size in bytes of the data after the last complete record.
func (d *decoder) unfinished() int64 {
	return int64(len(d.data) + len(bytes.TrimSpace(d.in.buf[d.in.pos:])))
}
