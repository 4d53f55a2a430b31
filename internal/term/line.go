package term

// Line builds one line of styled, safe text that takes at most a number of
// cells. Text that does not fit is cut.
type Line struct {
	Col int // cells used
	End int // cells that text may use now; it may be lowered to leave space at the right

	buf   []byte
	start int   // where the line begins in buf
	open  Style // the style in use
}

// NewLine returns a line that is appended to dst and takes at most width cells;
// 0 is no limit.
func NewLine(dst []byte, width int) Line {
	if width <= 0 {
		width = NoLimit
	}
	return Line{End: width, buf: dst, start: len(dst)}
}

// Put appends text made safe, in a style, cut to at most so many cells and to
// the end of the line.
func Put[T Text](l *Line, s Style, text T, most int) {
	if most = min(most, l.End-l.Col); most <= 0 || len(text) == 0 {
		return
	}
	l.turn(s)
	var cells int
	l.buf, cells = AppendCut(l.buf, text, most)
	l.Col += cells
}

// turn changes the style.
func (l *Line) turn(s Style) {
	if s.on != l.open.on {
		l.buf = append(append(l.buf, l.open.off...), s.on...)
		l.open = s
	}
}

// PutKnown appends text that is known to be safe, to take so many cells, and to
// fit: for text of the program itself this saves a third of the cost of Put.
func (l *Line) PutKnown(s Style, text []byte, cells int) {
	l.turn(s)
	l.buf = append(l.buf, text...)
	l.Col += cells
}

// Pad appends spaces up to a column, but not beyond the end.
func (l *Line) Pad(col int) {
	for ; l.Col < min(col, l.End); l.Col++ {
		l.buf = append(l.buf, ' ')
	}
}

// Gap appends so many spaces if something may follow them.
func (l *Line) Gap(n int) {
	if l.Col < l.End-n {
		l.Pad(l.Col + n)
	}
}

// AfterText reports whether the line ends in something other than a space.
func (l *Line) AfterText() bool { return len(l.buf) > l.start && l.buf[len(l.buf)-1] != ' ' }

// Bytes ends the line and returns it, with what it was appended to: without
// spaces at its end, in no style, and without a line end.
func (l *Line) Bytes() []byte {
	for len(l.buf) > l.start && l.buf[len(l.buf)-1] == ' ' {
		l.buf, l.Col = l.buf[:len(l.buf)-1], l.Col-1
	}
	l.turn(Style{})
	return l.buf
}
