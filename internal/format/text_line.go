package format

import "unicode/utf8"

// line builds one line of text: how far it has come, and how far it may go.
type line struct {
	dst  []byte
	col  int   // cells used
	end  int   // where the content must end
	max  int   // where the line must end, with what is set to the right
	open style // the style at hand
}

// put appends text made safe, cut where the content ends.
func put[T text](l *line, s style, t T) { putCut(l, s, t, noLimit) }

// putCut is put with at most so many cells.
func putCut[T text](l *line, s style, t T, cells int) {
	if cells = min(cells, l.end-l.col); cells <= 0 || len(t) == 0 {
		return
	}
	l.turn(s)
	l.dst, cells = appendCut(l.dst, t, cells)
	l.col += cells
}

// turn changes the style.
func (l *line) turn(s style) {
	if s.on != l.open.on {
		l.dst = append(append(l.dst, l.open.off...), s.on...)
		l.open = s
	}
}

// pad appends blanks up to a column, but none behind the end.
func (l *line) pad(to int) {
	for to = min(to, l.end); l.col < to; l.col++ {
		l.dst = append(l.dst, ' ')
	}
}

// gap appends so many blanks.
func (l *line) gap(n int) {
	if l.col < l.end-n {
		l.pad(l.col + n)
	}
}

// space appends a blank where none stands.
func (l *line) space() {
	if l.col > 0 && l.dst[len(l.dst)-1] != ' ' {
		l.gap(1)
	}
}

// word appends a word, a blank in front where none stands.
func word[T text](l *line, s style, w T) {
	if len(w) > 0 {
		l.space()
		put(l, s, w)
	}
}

// apart appends two blanks, unless a column begins here.
func (l *line) apart() { l.gap(l.distance()) }

func (l *line) distance() int {
	if l.col > 0 && l.dst[len(l.dst)-1] != ' ' {
		return 2
	}
	return 0
}

// option appends text of this program, apart, if it fits whole. Its characters
// take one cell each.
func (l *line) option(s style, t []byte) {
	n := utf8.RuneCount(t)
	if n == 0 || n+l.distance() > l.end-l.col {
		return
	}
	l.apart()
	l.turn(s)
	l.dst = append(l.dst, t...)
	l.col += n
}

// finish returns the line without blanks at its end, and without a style.
func (l *line) finish() []byte {
	for l.col > 0 && l.dst[len(l.dst)-1] == ' ' {
		l.dst, l.col = l.dst[:len(l.dst)-1], l.col-1
	}
	l.turn(style{})
	return l.dst
}
