package crop

import (
	"strings"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
)

// Text is the encoder of a Saver's records for people and scripts: the file's
// path, and on a terminal in front of it when, what, where and how large. It
// has the shape of a format.Encoder. One a Saver; not safe for concurrent use.
type Text struct {
	// Terminal asks for the longer line, in which every text is made safe. The
	// path alone is as it is, unless there is a control character in it: only
	// the user's own part of it can hold anything strange.
	Terminal bool
	Location *time.Location // of the time; nil: local
	Preview  Protocol       // how pictures given to Show are shown

	shown []byte // the picture of the next record
}

var (
	filePath   = event.ParsePath("file")
	bytesPath  = event.ParsePath("bytes")
	classPath  = event.ParsePath("_class")
	placePath  = event.ParsePath("_place")
	cellWidths = [...]int{8, 16, 9} // of class, place and size
)

// AppendHeader appends nothing.
func (t *Text) AppendHeader(dst []byte) []byte { return dst }

// AppendEvent appends a record as a line, and the picture as the terminal
// wants it where there is one.
func (t *Text) AppendEvent(dst []byte, ev *event.Event) []byte {
	file := filePath.Of(ev).String()
	if !t.Terminal {
		if strings.ContainsFunc(file, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return append(format.AppendSafe(dst, file), '\n')
		}
		return append(append(dst, file...), '\n')
	}
	dst = t.appendTime(dst, ev)
	n, _ := event.Number(bytesPath.Of(ev))
	for i, cell := range [...]string{classPath.Of(ev).String(), placePath.Of(ev).String(), size(int64(n))} {
		dst = appendCell(append(dst, "  "...), cell, cellWidths[i])
	}
	dst = append(format.AppendSafe(append(dst, "  "...), file), '\n')
	if len(t.shown) > 0 {
		dst = append(append(dst, t.shown...), '\n')
		t.shown = t.shown[:0]
	}
	return dst
}

func (t *Text) appendTime(dst []byte, ev *event.Event) []byte {
	at := clockOf(ev)
	if at.IsZero() {
		return appendCell(dst, "", len("15:04:05.000"))
	}
	zone := t.Location
	if zone == nil {
		zone = time.Local
	}
	return at.In(zone).AppendFormat(dst, "15:04:05.000")
}

// appendCell appends s made safe, cut or filled up to width characters.
func appendCell(dst []byte, s string, width int) []byte {
	if s == "" {
		s = "-"
	}
	safe := []rune(string(format.AppendSafe(nil, s[:min(len(s), 200)])))
	if len(safe) > width {
		safe = append(safe[:width-1], '…')
	}
	dst = append(dst, string(safe)...)
	for n := len(safe); n < width; n++ {
		dst = append(dst, ' ')
	}
	return dst
}

// Show makes a picture ready to be shown with the next record: a Saver's Show.
// One that cannot be read is not shown.
func (t *Text) Show(picture []byte) {
	if cap(t.shown) > keepBuffer {
		t.shown = nil
	}
	t.shown = t.Preview.append(t.shown[:0], picture)
}
