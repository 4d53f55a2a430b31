package format

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
)

// CSVOptions configures CSV. The zero value writes the default columns.
type CSVOptions struct {
	Columns   Columns // nil: the default columns
	NoHeader  bool
	BOM       bool  // start with a byte order mark, which Excel needs to read UTF-8
	Delimiter rune  // between fields; 0 is a comma. See ParseDelimiter
	Frame     Frame // boxes in pixels
	Terminal  bool  // text is made safe to show
}

// ParseDelimiter reads the value of --delimiter: a single character, or \t for
// a tab. It refuses characters that numbers, times and quotes are made of.
func ParseDelimiter(s string) (rune, error) {
	if s == `\t` {
		return '\t', nil
	}
	r, size := utf8.DecodeRuneInString(s)
	inValues := unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(`"'+-.:=@`, r)
	if size == 0 || size < len(s) || r == utf8.RuneError || inValues || !unicode.IsPrint(r) && r != '\t' {
		return 0, fmt.Errorf(`delimiter %q is not a single character that no value needs, such as ; or \t`, s)
	}
	return r, nil
}

// CSV encodes an event as a record of CSVRecord, with the same fields for every
// event. Missing values and null are empty; numbers, true and false are copied
// as sent; arrays and objects are their JSON text.
type CSV struct {
	o       CSVOptions
	record  CSVRecord
	members members
	boxes   boxes
	stamp   stamp
	scratch []byte // a string without its JSON escapes
	value   []byte // of a column, or a string of this program
	pixels  []byte // the same with boxes in pixels
}

// NewCSV returns an encoder.
func NewCSV(o CSVOptions) *CSV {
	return &CSV{
		o: o, record: CSVRecord{Delimiter: o.Delimiter, Terminal: o.Terminal},
		stamp: stamp{date: true, zone: time.UTC},
	}
}

// AppendHeader appends the byte order mark and the names of the columns, if
// they are wanted.
func (c *CSV) AppendHeader(dst []byte) []byte {
	if c.o.BOM {
		dst = append(dst, "\uFEFF"...)
	}
	if c.o.NoHeader {
		return dst
	}
	columns := c.o.Columns
	if columns == nil {
		columns, _ = ParseColumns(defaultList)
	}
	var names []string
	for _, column := range columns {
		names = append(names, column.name)
	}
	return c.record.Append(dst, names...)
}

// AppendEvent appends the event as one record.
func (c *CSV) AppendEvent(dst []byte, ev *event.Event) []byte {
	start := len(dst)
	if c.o.Columns == nil {
		return endRecord(c.appendDefault(dst, ev), start)
	}
	for i := range c.o.Columns {
		if i > 0 {
			dst = c.record.delimit(dst)
		}
		col := &c.o.Columns[i]
		c.value = col.appendValue(reuse(c.value), ev)
		c.pixels = c.o.Frame.appendMember(reuse(c.pixels), col.text, c.value)
		dst = c.appendValue(dst, c.pixels)
	}
	return endRecord(dst, start)
}

// appendDefault appends the default columns, found in one pass over the event.
func (c *CSV) appendDefault(dst []byte, ev *event.Event) []byte {
	m := &c.members
	m.load(ev)
	if ms, ok := m.millis(ev); ok {
		dst = c.stamp.append(dst, ms)
	}
	c.value = append(reuse(c.value), ev.Type...)
	dst = c.record.appendField(c.record.delimit(dst), c.value)
	c.value = reuse(c.value)
	if ev.Instance != nil {
		c.value = append(c.value, ev.Instance.Name...)
	}
	dst = c.record.appendField(c.record.delimit(dst), c.value)
	dst = c.appendNext(dst, m.classOf(ev))
	dst = c.appendNext(dst, m.placeOf(ev))
	dst = c.appendNext(dst, m.direction)
	dst = c.appendNext(dst, m.duration)
	dst = c.appendNext(dst, first(m.confidence, m.detection))
	for i, raw := range c.boxes.of(m.location) {
		if c.o.Frame.Width > 0 {
			c.pixels = c.o.Frame.appendSide(reuse(c.pixels), []byte(sides[i]), raw)
			raw = c.pixels
		}
		dst = c.appendNext(dst, raw)
	}
	dst = c.appendNext(dst, first(m.eventID, m.refEvent))
	dst = c.appendNext(dst, first(m.trackID, m.refTrack))
	return c.appendNext(dst, m.mediaTime)
}

func (c *CSV) appendNext(dst, raw []byte) []byte { return c.appendValue(c.record.delimit(dst), raw) }

// appendValue appends a JSON value as a field.
func (c *CSV) appendValue(dst, raw []byte) []byte {
	if len(raw) == 0 || raw[0] == 'n' {
		return dst
	}
	switch raw[0] {
	case '"':
		return c.record.appendField(dst, jsonraw.Text(raw, &c.scratch))
	case '{', '[':
		return c.record.appendField(dst, raw)
	}
	return append(dst, raw...)
}
