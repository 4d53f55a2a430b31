package term

import (
	"strings"
	"unicode/utf8"
)

// Shorten returns name if it takes at most so many cells when it is made safe,
// else as much of its start as fits with "…" and its end, which takes a third of
// the cells. So names that differ only at the end still differ: "Loading…orth",
// "Loading…outh".
func Shorten(name string, cells int) (short string) {
	if Width(name) <= cells {
		return name
	}
	end := len(name)
	for {
		_, size := utf8.DecodeLastRuneInString(name[:end])
		if size == 0 || Width(name[end-size:]) > cells/3 {
			break
		}
		end -= size
	}
	for i := range name {
		s := name[:i] + "…" + name[end:]
		if Width(s) > cells {
			break
		}
		short = s
	}
	return short
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
