package stats

import (
	"math"

	"github.com/rtev/rtev/internal/format"
)

// paint is what makes a text look as it means: an escape sequence of the 16
// colours. Each meaning is also in the words.
type paint string

const (
	asIs  paint = ""
	bold  paint = "\x1b[1m"
	faint paint = "\x1b[2m"
	good  paint = "\x1b[32m"
	warn  paint = "\x1b[33m"
	alarm paint = "\x1b[1;31m" // silence, and nothing else
	reset       = "\x1b[0m"
)

// noLimit is a width that nothing reaches.
const noLimit = math.MaxInt32

// line is one line of a report, without its end.
type line struct {
	text  []byte
	cells int // of a terminal that it takes
}

// pen writes lines that are safe to show and no wider than the window.
type pen struct {
	width, height int // 0: there is no window
	color         bool
}

// add appends a text, cut to at most so many cells and to the window.
func (p pen) add(l *line, s string, most int, look paint) {
	if p.width > 0 {
		most = min(most, p.width-l.cells)
	}
	if most <= 0 || s == "" {
		return
	}
	painted := p.color && look != asIs
	if painted {
		l.text = append(l.text, look...)
	}
	text, cells := format.AppendCut(l.text, s, most)
	l.text, l.cells = text, l.cells+cells
	if painted {
		l.text = append(l.text, reset...)
	}
}

// blank appends blanks.
func (p pen) blank(l *line, n int) {
	if p.width > 0 {
		n = min(n, p.width-l.cells)
	}
	for ; n > 0; n-- {
		l.text = append(l.text, ' ')
		l.cells++
	}
}

// say is a line of one text.
func (p pen) say(s string, look paint) (l line) {
	p.add(&l, s, noLimit, look)
	return l
}

// column is a column of a table.
type column struct {
	title string
	left  bool // texts start at the left; numbers end at the right
	most  int  // cells at most, 0: no limit
	keep  int  // in a narrow window, the columns with the highest go first; 0 never goes
}

// cell is a text of a table.
type cell struct {
	text string
	look paint
}

// gap is the number of blanks between columns.
const gap = 2

// table lays out rows under their columns' titles. Columns without a single
// text are left out, and so many others that the rest fits the window.
func (p pen) table(columns []column, rows [][]cell) []line {
	width := measure(columns, rows)
	p.fit(columns, width)
	var head line
	titles := make([]cell, len(columns))
	for i, c := range columns {
		titles[i] = cell{c.title, faint}
	}
	p.row(&head, columns, width, titles)
	lines := []line{head}
	for _, r := range rows {
		var l line
		p.row(&l, columns, width, r)
		lines = append(lines, l)
	}
	return lines
}

// measure is how wide each column must be; 0 leaves it out.
func measure(columns []column, rows [][]cell) []int {
	width := make([]int, len(columns))
	for _, r := range rows {
		for i, c := range r {
			width[i] = max(width[i], format.Width(c.text))
		}
	}
	for i, c := range columns {
		if width[i] == 0 {
			continue
		}
		if c.most > 0 {
			width[i] = min(width[i], c.most)
		}
		width[i] = max(width[i], format.Width(c.title))
	}
	return width
}

// fit leaves out columns until the rest fits.
func (p pen) fit(columns []column, width []int) {
	for p.width > 0 && across(width) > p.width {
		worst := -1
		for i, c := range columns {
			if width[i] > 0 && c.keep > 0 && (worst < 0 || c.keep >= columns[worst].keep) {
				worst = i
			}
		}
		if worst < 0 {
			return
		}
		width[worst] = 0
	}
}

// spare is how many cells of the window a table would leave free.
func (p pen) spare(columns []column, rows [][]cell) int {
	width := measure(columns, rows)
	p.fit(columns, width)
	return p.width - across(width)
}

func across(width []int) (sum int) {
	for _, w := range width {
		if w > 0 {
			sum += w + gap
		}
	}
	return max(0, sum-gap)
}

func (p pen) row(l *line, columns []column, width []int, cells []cell) {
	for i, c := range cells {
		if width[i] == 0 {
			continue
		}
		if l.cells > 0 {
			p.blank(l, gap)
		}
		_, used := format.AppendCut(nil, c.text, width[i])
		if !columns[i].left {
			p.blank(l, width[i]-used)
		}
		p.add(l, c.text, width[i], c.look)
		if columns[i].left {
			p.blank(l, width[i]-used)
		}
	}
	for n := len(l.text); n > 0 && l.text[n-1] == ' '; n-- {
		l.text, l.cells = l.text[:n-1], l.cells-1
	}
}
