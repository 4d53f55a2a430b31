package crop

import (
	"strings"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/term"
)

// Text is the encoder of a Saver's records for people and scripts. A line is
// the path of the file, on a terminal preceded by when, what, where and how
// large. It implements format.Encoder. It is not safe for concurrent use: every
// Saver needs its own.
type Text struct {
	// Terminal selects the long line, in which all text is made safe. The path
	// alone is printed as it is unless it contains a control character: only the
	// user's own part of it can hold anything strange.
	Terminal bool
	Location *time.Location // of the time; nil: local
	Preview  Protocol       // how pictures given to Show are shown

	preview []byte // of the next record's picture
}

var (
	filePath  = event.MustPath("file")
	bytesPath = event.MustPath("bytes")
	classPath = event.MustPath("_class")
	placePath = event.MustPath("_place")
)

const textTime = "15:04:05.000"

// AppendHeader appends nothing.
func (t *Text) AppendHeader(dst []byte) []byte { return dst }

// AppendEvent appends a record as a line, and its preview if there is one.
func (t *Text) AppendEvent(dst []byte, ev *event.Event) []byte {
	file := filePath.Of(ev).String()
	if !t.Terminal {
		if strings.ContainsFunc(file, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			return append(term.AppendSafe(dst, file), '\n')
		}
		return append(append(dst, file...), '\n')
	}
	n, _ := event.Number(bytesPath.Of(ev))
	dst = appendCell(dst, t.timeOf(ev), len(textTime))
	dst = appendCell(dst, classPath.Of(ev).String(), 8)
	dst = appendCell(dst, placePath.Of(ev).String(), 16)
	dst = appendCell(dst, term.Size(int64(n)), 9)
	dst = append(term.AppendSafe(dst, file), '\n')
	if len(t.preview) > 0 {
		dst = append(append(dst, t.preview...), '\n')
		t.preview = t.preview[:0]
	}
	return dst
}

func (t *Text) timeOf(ev *event.Event) string {
	at := timeOf(ev)
	if at.IsZero() {
		return ""
	}
	zone := t.Location
	if zone == nil {
		zone = time.Local
	}
	return at.In(zone).Format(textTime)
}

// appendCell appends s made safe, cut or padded to a number of cells, and two
// spaces.
func appendCell(dst []byte, s string, width int) []byte {
	if s == "" {
		s = "-"
	}
	dst, used := term.AppendCut(dst, s, width)
	return append(dst, strings.Repeat(" ", width-used+2)...)
}

// Show prepares the preview for the next record; it is a Saver's Show. Pictures
// that cannot be shown get none.
func (t *Text) Show(p Picture) {
	if cap(t.preview) > maxBuffer {
		t.preview = nil
	}
	t.preview = t.Preview.append(t.preview[:0], p)
}
