package format

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/term"
)

// CSVOptions say what csv is made of.
type CSVOptions struct {
	Columns  Columns // nil: the fixed columns of docs/cli.md
	NoHeader bool
	Frame    Frame // location.x, .y, .width and .height in pixels
	Terminal bool  // strings are made safe as by AppendSafe
}

// CSV encodes an event as a record of RFC 4180, with the same fields for every
// event: missing and null are empty, numbers, true and false stand as sent,
// arrays and objects are their JSON text. Two things on purpose:
//
// A record ends in LF, not in CRLF as section 2.1 of the RFC has it. Readers
// take both (section 3 asks them to be liberal), but to cut, awk and sort a CR
// is part of the last field. LF is also what encoding/csv and jq write.
//
// The data is kept as it is: a line end inside a string stays one, in quotes;
// only bad UTF-8 becomes U+FFFD, so that the file is text. A string that
// starts with = + - @, tab or CR gets a leading ' so that no spreadsheet runs
// it; numbers do not.
type CSV struct {
	o       CSVOptions
	f       fields
	stamp   stamp
	scratch []byte // a string without its JSON escapes
	value   []byte // a custom column's value
	safe    []byte // a string made safe for a terminal
}

// NewCSV returns an encoder.
func NewCSV(o CSVOptions) *CSV { return &CSV{o: o, stamp: stamp{date: true, zone: time.UTC}} }

// AppendHeader appends the columns' names as a record, unless told not to.
func (c *CSV) AppendHeader(dst []byte) []byte {
	if c.o.NoHeader {
		return dst
	}
	if c.o.Columns == nil {
		return append(append(dst, fixedColumns...), '\n')
	}
	for i := range c.o.Columns {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendField(c, dst, c.o.Columns[i].Name)
	}
	return append(dst, '\n')
}

// AppendEvent appends the event as one record.
func (c *CSV) AppendEvent(dst []byte, ev *event.Event) []byte {
	if c.o.Columns == nil {
		return append(c.appendFixed(dst, ev), '\n')
	}
	start := len(dst)
	for i := range c.o.Columns {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = c.appendColumn(dst, &c.o.Columns[i], ev)
	}
	if len(dst) == start { // readers take an empty line for none
		dst = append(dst, `""`...)
	}
	return append(dst, '\n')
}

// appendFixed appends the fixed columns, from one pass over the event.
func (c *CSV) appendFixed(dst []byte, ev *event.Event) []byte {
	f := &c.f
	f.load(ev)
	if ms, ok := millis(ev, f.raw[systemTime]); ok {
		dst = c.stamp.append(dst, ms)
	}
	dst = appendField(c, append(dst, ','), ev.Type)
	dst = append(dst, ',')
	if ev.Instance != nil {
		dst = appendField(c, dst, ev.Instance.Name)
	}
	dst = c.appendValue(append(dst, ','), f.class(ev))
	dst = c.appendValue(append(dst, ','), f.place(ev))
	dst = c.appendValue(append(dst, ','), f.raw[direction])
	dst = c.appendValue(append(dst, ','), f.raw[duration])
	dst = c.appendValue(append(dst, ','), f.first(confidence, detection))
	at := boxOf(f.raw[location])
	for i, raw := range at {
		dst = c.appendSide(append(dst, ','), i, raw)
	}
	dst = c.appendValue(append(dst, ','), f.first(eventID, refEvent))
	dst = c.appendValue(append(dst, ','), f.first(trackID, refTrack))
	return c.appendValue(append(dst, ','), f.raw[mediaTime])
}

func (c *CSV) appendColumn(dst []byte, col *Column, ev *event.Event) []byte {
	v := col.Path.Of(ev)
	switch n, isNumber := event.Number(v); {
	case !v.Exists():
		return dst
	case v.Raw != "":
		c.value = append(kept(c.value), v.Raw...)
		if col.side >= 0 {
			return c.appendSide(dst, col.side, c.value)
		}
		return c.appendValue(dst, c.value)
	case v.Str == "" && isNumber:
		return strconv.AppendFloat(dst, n, 'f', -1, 64)
	}
	return appendField(c, dst, v.Str)
}

func (c *CSV) appendSide(dst []byte, side int, raw []byte) []byte {
	if c.o.Frame.Width > 0 {
		if n, ok := number(raw); ok {
			if px, ok := c.o.Frame.pixels(side, n); ok {
				return strconv.AppendInt(dst, px, 10)
			}
		}
	}
	return c.appendValue(dst, raw)
}

// appendValue appends a JSON value as a field.
func (c *CSV) appendValue(dst, raw []byte) []byte {
	if len(raw) == 0 || raw[0] == 'n' {
		return dst
	}
	switch raw[0] {
	case '"':
		return appendField(c, dst, unquoted(raw, &c.scratch))
	case '{', '[':
		return appendField(c, dst, raw)
	}
	return append(dst, raw...)
}

// appendField appends a text as a field that no spreadsheet runs.
func appendField[T term.Text](c *CSV, dst []byte, s T) []byte {
	guard := len(s) > 0 && strings.IndexByte("=+-@\t\r", s[0]) >= 0
	for i := 0; i < len(s); i++ {
		if b := s[i]; b-' ' >= 0x7f-' ' || b == ',' || b == '"' {
			c.safe = c.clean(append(kept(c.safe), s...))
			return quote(dst, c.safe, guard)
		}
	}
	if guard {
		dst = append(dst, '\'')
	}
	return append(dst, s...)
}

// clean makes s, in c.safe, what may come out: UTF-8, and on a terminal safe.
func (c *CSV) clean(s []byte) []byte {
	if c.o.Terminal {
		c.scratch, _ = term.AppendCut(kept(c.scratch), s, term.NoLimit)
		return append(s[:0], c.scratch...)
	}
	if utf8.Valid(s) {
		return s
	}
	return bytes.ToValidUTF8(s, []byte("\uFFFD"))
}

// quote appends a field, in quotes where it needs them.
func quote(dst, s []byte, guard bool) []byte {
	quotes := bytes.ContainsAny(s, "\",\r\n")
	if quotes {
		dst = append(dst, '"')
	}
	if guard {
		dst = append(dst, '\'')
	}
	if !quotes {
		return append(dst, s...)
	}
	for {
		i := bytes.IndexByte(s, '"')
		if i < 0 {
			return append(append(dst, s...), '"')
		}
		dst = append(append(dst, s[:i]...), `""`...)
		s = s[i+1:]
	}
}
