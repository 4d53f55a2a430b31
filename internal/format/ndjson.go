package format

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/term"
)

// NDJSONOptions say how NDJSON differs from the server's own bytes. Zero: not
// at all.
type NDJSONOptions struct {
	Columns  Columns // the keys kept, in this order; nil keeps the payload
	NoImage  bool    // the top-level "image" becomes its decoded size in bytes
	Frame    Frame   // locations in pixels, also those of targets
	Terminal bool    // what AppendSafe would not show is written as \u escapes
}

// NDJSON encodes an event as its payload, byte for byte, and a line end. With
// columns it is an object of those keys that the event has: what is missing is
// left out, and computed fields are strings, _delay_ms a number.
type NDJSON struct {
	o       NDJSONOptions
	names   [][]byte // each column's name as `"name":`
	scratch []byte
	value   []byte // a column's value
	line    []byte // a line before it is made safe for a terminal
}

// NewNDJSON returns an encoder.
func NewNDJSON(o NDJSONOptions) *NDJSON {
	e := &NDJSON{o: o}
	for _, c := range o.Columns {
		e.names = append(e.names, append(event.AppendQuoted(nil, c.Name), ':'))
	}
	return e
}

// AppendHeader appends nothing.
func (e *NDJSON) AppendHeader(dst []byte) []byte { return dst }

// AppendEvent appends the event as one line.
func (e *NDJSON) AppendEvent(dst []byte, ev *event.Event) []byte {
	if !e.o.Terminal {
		return append(e.appendObject(dst, ev), '\n')
	}
	e.line = e.appendObject(kept(e.line), ev)
	return append(appendVisible(dst, e.line), '\n')
}

func (e *NDJSON) appendObject(dst []byte, ev *event.Event) []byte {
	switch {
	case e.o.Columns != nil:
		return e.appendColumns(dst, ev)
	case e.o.NoImage && ev.Has("image"), e.o.Frame.Width > 0 && (ev.Has("location") || ev.Has("targets")):
		return e.appendChanged(dst, ev)
	}
	return append(dst, ev.Payload...)
}

// appendChanged appends the payload with a few values changed.
func (e *NDJSON) appendChanged(dst []byte, ev *event.Event) []byte {
	dst = append(dst, '{')
	ev.EachMember(func(name, raw []byte) bool {
		dst = append(append(append(dst, '"'), name...), `":`...)
		dst = append(e.appendMember(dst, name, raw), ',')
		return true
	})
	dst[len(dst)-1] = '}' // there is a member: the one to be changed
	return dst
}

func (e *NDJSON) appendMember(dst, name, raw []byte) []byte {
	switch string(name) {
	case "image":
		if size, ok := imageSize(raw, &e.scratch); ok && e.o.NoImage {
			return strconv.AppendInt(dst, int64(size), 10)
		}
	case "location":
		return e.appendFramed(dst, raw, Frame.appendLocation)
	case "targets":
		return e.appendFramed(dst, raw, Frame.appendTargets)
	}
	return append(dst, raw...)
}

func (e *NDJSON) appendFramed(dst, raw []byte, with func(f Frame, dst, raw []byte) []byte) []byte {
	if e.o.Frame.Width == 0 {
		return append(dst, raw...)
	}
	return with(e.o.Frame, dst, raw)
}

func (e *NDJSON) appendColumns(dst []byte, ev *event.Event) []byte {
	dst = append(dst, '{')
	for i := range e.o.Columns {
		c := &e.o.Columns[i]
		v := c.Path.Of(ev)
		if !v.Exists() {
			continue
		}
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(dst, e.names[i]...)
		switch n, isNumber := event.Number(v); {
		case v.Raw != "":
			e.value = oneLine(append(kept(e.value), v.Raw...))
			dst = e.appendColumn(dst, c, e.value)
		case v.Str == "" && isNumber:
			dst = strconv.AppendFloat(dst, n, 'f', -1, 64)
		default:
			dst = event.AppendQuoted(dst, v.Str)
		}
	}
	return append(dst, '}')
}

// oneLine makes line ends blanks: a gjson modifier may put them between tokens.
func oneLine(raw []byte) []byte {
	for i, c := range raw {
		if c == '\n' || c == '\r' {
			raw[i] = ' '
		}
	}
	return raw
}

func (e *NDJSON) appendColumn(dst []byte, c *Column, raw []byte) []byte {
	if c.side >= 0 {
		return e.o.Frame.appendSide(dst, c.side, raw)
	}
	return e.appendMember(dst, c.path, raw)
}

// appendVisible appends JSON with every character that AppendSafe would not
// show as an escape: it decodes to the same value. In valid JSON such
// characters stand in strings only.
func appendVisible(dst, json []byte) []byte {
	for i := 0; i < len(json); {
		start := i
		for i < len(json) && json[i]-' ' < 0x7f-' ' {
			i++
		}
		dst = append(dst, json[start:i]...)
		if i == len(json) {
			break
		}
		r, size := utf8.DecodeRune(json[i:])
		switch bad := r == utf8.RuneError && size == 1; {
		case json[i] == '\t': // between two tokens
			dst = append(dst, ' ')
		case !bad && term.Shown(r):
			dst = append(dst, json[i:i+size]...)
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			dst = term.AppendHex(append(term.AppendHex(append(dst, `\u`...), high, 4), `\u`...), low, 4)
		default:
			dst = term.AppendHex(append(dst, `\u`...), r, 4)
		}
		i += size
	}
	return dst
}
