package crop

import (
	"os"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/term"
)

// Text is the encoder of a Saver's records for people and scripts. A line is
// the path of the file, on a terminal preceded by when, what, where and how
// large. It implements format.Encoder, and is safe for concurrent use.
type Text struct {
	// Terminal selects the long line, in which all text is made safe. The path
	// alone is printed as it is unless it contains a control character: only the
	// user's own part of it can hold anything strange.
	Terminal bool
	Location *time.Location // of the time
	Preview  Protocol       // how the picture is shown below its line
}

var (
	filePath  = event.MustPath("file")
	bytesPath = event.MustPath("bytes")
)

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
	at := ""
	if time := timeOf(ev); !time.IsZero() {
		at = time.In(t.Location).Format("15:04:05.000")
	}
	n, _ := event.Number(bytesPath.Of(ev))
	dst = appendCell(dst, at, 12)
	dst = appendCell(dst, classPath.Of(ev).String(), 8)
	dst = appendCell(dst, placePath.Of(ev).String(), 16)
	dst = appendCell(dst, term.Size(int64(n)), 9)
	dst = append(term.AppendSafe(dst, file), '\n')
	if t.Preview == NoPreview {
		return dst
	}
	data, err := os.ReadFile(file)
	if err != nil { // someone has removed it
		return dst
	}
	return t.Preview.append(dst, data)
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
