package format

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
	"github.com/rtev/rtev/internal/term"
)

// NDJSONOptions configures NDJSON. The zero value copies what the server sent.
type NDJSONOptions struct {
	Columns  Columns // the keys to write, in this order; nil copies the payload
	NoImage  bool    // replace the top-level "image" by its decoded size in bytes
	Frame    Frame   // locations in pixels, those of targets too
	Terminal bool    // write what term.AppendSafe would not show as \u escapes
}

// NDJSON encodes an event as its payload, byte for byte, and a line end. With
// columns it writes an object with these keys: missing values are left out, and
// computed fields are strings except for _delay_ms, which is a number.
type NDJSON struct {
	o       NDJSONOptions
	scratch []byte
	value   []byte // of a column
	line    []byte // before it is made safe for a terminal
}

// NewNDJSON returns an encoder.
func NewNDJSON(o NDJSONOptions) *NDJSON { return &NDJSON{o: o} }

// AppendHeader appends nothing.
func (e *NDJSON) AppendHeader(dst []byte) []byte { return dst }

// AppendEvent appends the event as one line.
func (e *NDJSON) AppendEvent(dst []byte, ev *event.Event) []byte {
	if !e.o.Terminal {
		return append(e.appendObject(dst, ev), '\n')
	}
	e.line = e.appendObject(reuse(e.line), ev)
	return append(AppendVisibleJSON(dst, e.line), '\n')
}

func (e *NDJSON) appendObject(dst []byte, ev *event.Event) []byte {
	switch {
	case e.o.Columns != nil:
		return e.appendColumns(dst, ev)
	case e.o.NoImage && member(ev, "image") != nil,
		e.o.Frame.Width > 0 && (member(ev, "location") != nil || member(ev, "targets") != nil):
		dst = append(dst, '{')
		ev.EachMember(func(name, raw []byte) bool {
			dst = e.appendMember(appendName(dst, name), name, raw)
			return true
		})
		return append(dst, '}')
	}
	return append(dst, ev.Payload...)
}

func (e *NDJSON) appendMember(dst, name, raw []byte) []byte {
	if e.o.NoImage && string(name) == "image" {
		if size, ok := imageSize(raw, &e.scratch); ok {
			return strconv.AppendInt(dst, int64(size), 10)
		}
	}
	return e.o.Frame.appendMember(dst, name, raw)
}

func (e *NDJSON) appendColumns(dst []byte, ev *event.Event) []byte {
	dst = append(dst, '{')
	for i := range e.o.Columns {
		c := &e.o.Columns[i]
		e.value = c.appendValue(reuse(e.value), ev)
		if len(e.value) == 0 {
			continue
		}
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(jsonraw.AppendQuoted(dst, c.name), ':')
		dst = e.appendMember(dst, c.text, e.value)
	}
	return append(dst, '}')
}

// AppendVisibleJSON appends valid JSON as one line that is safe to show on a
// terminal and decodes to the same value: every character that term.AppendSafe
// would not show as it is becomes a \u escape, and bad UTF-8 becomes \ufffd.
func AppendVisibleJSON(dst, json []byte) []byte {
	for i := 0; i < len(json); {
		r, size := utf8.DecodeRune(json[i:])
		switch {
		case r == '\t' || r == '\n' || r == '\r': // between two tokens
			dst = append(dst, ' ')
		case term.Shown(r) && (r != utf8.RuneError || size > 1):
			dst = append(dst, json[i:i+size]...)
		default:
			for _, unit := range utf16.AppendRune(nil, r) {
				dst = term.AppendHex(append(dst, `\u`...), rune(unit), 4)
			}
		}
		i += size
	}
	return dst
}

// imageSize returns how many bytes a base64 image decodes to, from the length of
// its text: perhaps with a "data:…;base64," prefix, padding and white space.
// Values that are not strings have no size.
func imageSize(raw []byte, scratch *[]byte) (size int, ok bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return 0, false
	}
	s := jsonraw.Text(raw, scratch)
	if len(s) >= 5 && bytes.EqualFold(s[:5], []byte("data:")) {
		s = s[bytes.IndexByte(s, ',')+1:]
	}
	s = bytes.TrimRight(s, "= \r\n\t")
	n := len(s)
	for _, space := range []byte(" \r\n\t") {
		n -= bytes.Count(s, []byte{space})
	}
	return n * 6 / 8, true
}
