package format

import (
	"unicode/utf8"

	"github.com/rtev/rtev/internal/term"
)

// line is a line of text with the columns it may use at most.
type line struct {
	term.Line
	max int
}

// put appends text, cut where the line ends.
func put[T term.Text](l *line, s term.Style, text T) { term.Put(&l.Line, s, text, term.NoLimit) }

// putCut is put with at most so many cells.
func putCut[T term.Text](l *line, s term.Style, text T, cells int) { term.Put(&l.Line, s, text, cells) }

// space appends a space after text.
func (l *line) space() {
	if l.AfterText() {
		l.Gap(1)
	}
}

// word appends a word, after a space if needed.
func word[T term.Text](l *line, s term.Style, w T) {
	if len(w) > 0 {
		l.space()
		put(l, s, w)
	}
}

// apart appends two spaces after text.
func (l *line) apart() { l.Gap(l.distance()) }

func (l *line) distance() int {
	if l.AfterText() {
		return 2
	}
	return 0
}

// option appends text of this program if it fits whole. Its characters take
// one cell each.
func (l *line) option(s term.Style, text []byte) {
	if n := utf8.RuneCount(text); n > 0 && n+l.distance() <= l.End-l.Col {
		l.apart()
		put(l, s, text)
	}
}
