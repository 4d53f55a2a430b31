package term

import "slices"

// Column describes a column of a Table.
type Column struct {
	Title string
	Right bool // texts end at the right, as numbers should
	Most  int  // cells at most; 0 is no limit
}

// Cell is a text in a Table and its style.
type Cell struct {
	Text  string
	Style Style
}

// Table lays out rows in columns, two spaces apart, below their titles. Wide
// characters are aligned, and all text is made safe. Columns in which no row has
// a text are left out, and longer texts than Most are cut as Shorten does.
type Table struct {
	Columns []Column
	Title   Style
	Rows    [][]Cell // each as long as Columns
}

// columnGap is the number of spaces between columns.
const columnGap = 2

// Append appends the table's lines, each with its line end. If the table is
// wider than width cells (0 is no limit), columns are dropped from the right;
// the first one stays and is cut.
func (t *Table) Append(dst []byte, width int) []byte {
	cells := t.measure(width)
	titles := make([]Cell, len(t.Columns))
	for i, c := range t.Columns {
		titles[i] = Cell{c.Title, t.Title}
	}
	for _, row := range slices.Insert(slices.Clone(t.Rows), 0, titles) {
		dst = t.appendRow(dst, row, cells, width)
	}
	return dst
}

// measure returns the width of each column, 0 for those left out.
func (t *Table) measure(width int) []int {
	cells := make([]int, len(t.Columns))
	total := -columnGap
	for i, c := range t.Columns {
		for _, row := range t.Rows {
			cells[i] = max(cells[i], Width(row[i].Text))
		}
		if cells[i] == 0 && len(t.Rows) > 0 {
			continue
		}
		if c.Most > 0 {
			cells[i] = min(cells[i], c.Most)
		}
		cells[i] = max(cells[i], Width(c.Title))
		if total += cells[i] + columnGap; i > 0 && width > 0 && total > width {
			clear(cells[i:])
			break
		}
	}
	return cells
}

func (t *Table) appendRow(dst []byte, row []Cell, cells []int, width int) []byte {
	l := NewLine(dst, width)
	start := 0 // of the column
	for i, c := range row {
		if cells[i] == 0 {
			continue
		}
		text := Shorten(c.Text, cells[i])
		l.Pad(start)
		if t.Columns[i].Right {
			l.Pad(start + cells[i] - Width(text))
		}
		Put(&l, c.Style, text, NoLimit)
		start += cells[i] + columnGap
	}
	return append(l.Bytes(), '\n')
}
