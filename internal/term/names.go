package term

import (
	"strings"
	"unicode/utf8"
)

// Shorten returns names that take at most so many cells when they are made
// safe. Names that would look the same when cut at the end are cut in the
// middle instead: "Loading dock north" and "Loading dock south" in 12 cells
// become "Loading…orth" and "Loading…outh". Names that differ only in the
// middle may still look the same.
func Shorten(names []string, cells int) []string {
	short := map[string]string{} // by name
	groups := map[string][]string{}
	for _, name := range names {
		if _, known := short[name]; !known {
			short[name] = cutEnd(name, cells, "")
			groups[short[name]] = append(groups[short[name]], name)
		}
	}
	for _, group := range groups {
		if len(group) > 1 {
			separate(short, group, cells)
		}
	}
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = short[name]
	}
	return list
}

// separate cuts the names of a group in the middle, with the shortest ending,
// from a third of the cells on, that makes all of them differ.
func separate(short map[string]string, group []string, cells int) {
	for n := max(1, cells/3); n < cells; n++ {
		seen := map[string]bool{}
		for _, name := range group {
			short[name] = cutEnd(name, cells, ending(name, n))
			seen[short[name]] = true
		}
		if len(seen) == len(group) {
			return
		}
	}
}

// cutEnd returns name if it takes at most so many cells, else as much of its
// start as fits with "…" and the ending.
func cutEnd(name string, cells int, ending string) string {
	if Width(name) <= cells {
		return name
	}
	short := ""
	for i := range name {
		s := name[:i] + "…" + ending
		if Width(s) > cells {
			break
		}
		short = s
	}
	return short
}

// ending returns as much of the end of name as fits in so many cells.
func ending(name string, cells int) string {
	start := len(name)
	for start > 0 {
		_, size := utf8.DecodeLastRuneInString(name[:start])
		if Width(name[start-size:]) > cells {
			break
		}
		start -= size
	}
	for start < len(name) { // a mark without its letter
		r, size := utf8.DecodeRuneInString(name[start:])
		if widths.RuneWidth(r) > 0 || !Shown(r) {
			break
		}
		start += size
	}
	return name[start:]
}

// Nearest returns the known word closest to word, regardless of case, or "" if
// none is close: it must differ in at most a third of the letters of the longer
// one. Two letters exchanged are one difference. Of words equally close it
// returns the first.
func Nearest(word string, known []string) string {
	nearest, least := "", NoLimit
	for _, k := range known {
		if d, ok := distance(word, k); ok && d < least {
			nearest, least = k, d
		}
	}
	return nearest
}

// maxWord limits the letters that are compared: the cost grows with the square.
const maxWord = 64

// distance returns how many letters must be inserted, removed, replaced or
// exchanged with their neighbour to turn a into b (optimal string alignment),
// and whether that is close.
func distance(a, b string) (d int, ok bool) {
	x, y := []rune(strings.ToLower(a)), []rune(strings.ToLower(b))
	if len(x) > maxWord || len(y) > maxWord {
		return 0, false
	}
	var before, above []int // rows i-2 and i-1
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		before, above, row = above, row, make([]int, len(y)+1)
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			row[j+1] = min(above[j+1]+1, row[j]+1, above[j]+cost)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	d = row[len(y)]
	return d, d <= max(len(x), len(y))/3
}
