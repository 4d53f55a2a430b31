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
// a text are left out, and texts are cut to Most as Shorten does.
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
	cells, rows := t.measure(width), t.shortened()
	titles := make([]Cell, len(t.Columns))
	for i, c := range t.Columns {
		titles[i] = Cell{c.Title, t.Title}
	}
	dst = t.appendRow(dst, titles, cells, width)
	for _, row := range rows {
		dst = t.appendRow(dst, row, cells, width)
	}
	return dst
}

// shortened returns the rows with the texts of each column cut to its Most.
func (t *Table) shortened() [][]Cell {
	rows := make([][]Cell, len(t.Rows))
	for r, row := range t.Rows {
		rows[r] = slices.Clone(row)
	}
	for i, c := range t.Columns {
		if c.Most == 0 {
			continue
		}
		var texts []string
		for _, row := range rows {
			texts = append(texts, row[i].Text)
		}
		short := Shorten(texts, c.Most)
		for _, row := range rows {
			row[i].Text = short[row[i].Text]
		}
	}
	return rows
}

// measure returns the width of each column, 0 for those left out.
func (t *Table) measure(width int) []int {
	cells := make([]int, len(t.Columns))
	for _, row := range t.Rows {
		for i, c := range row {
			cells[i] = max(cells[i], Width(c.Text))
		}
	}
	total := -columnGap
	for i, c := range t.Columns {
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
		if start > 0 {
			l.Pad(start)
		}
		if t.Columns[i].Right {
			l.Pad(start + cells[i] - min(cells[i], Width(c.Text)))
		}
		Put(&l, c.Style, c.Text, cells[i])
		start += cells[i] + columnGap
	}
	return append(l.Bytes(), '\n')
}
