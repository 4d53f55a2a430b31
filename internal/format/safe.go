package format

import (
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// text is what can be made safe.
type text interface{ string | []byte }

// noLimit is a width that nothing reaches.
const noLimit = int(^uint(0) >> 1)

// maxMarks is how many characters without a width of their own may follow one
// another: more of them would cover the lines above and below.
const maxMarks = 4

// widths measures characters as terminals do by default, whatever the locale:
// characters of ambiguous width take one cell.
var widths = runewidth.Condition{StrictEmojiNeutral: true}

// AppendSafe appends s with everything made visible that could move a cursor,
// change the order or the look of text, forge a line, or hide: control
// characters (C0, DEL, C1), bidi and other format characters, line and
// paragraph separators, unassigned and private characters, bad UTF-8.
//
// \x1b is a control character, \xff a byte that is no UTF-8, \u202e and
// \U000e0001 are other characters. A backslash that would read as the start of
// one of these, or that stands before one, is doubled; others stay as they
// are. So what is shown stands for one text only.
func AppendSafe(dst []byte, s string) []byte {
	dst, _ = appendCut(dst, s, noLimit)
	return dst
}

// AppendCut is AppendSafe, cut to at most width cells of a terminal: what does
// not fit ends in "…". It returns how many cells were used. Neither a wide
// character nor an escape is ever cut in two.
func AppendCut(dst []byte, s string, width int) (out []byte, cells int) {
	return appendCut(dst, s, width)
}

// Width is how many cells AppendSafe of s takes.
func Width(s string) int {
	if n := plainPrefix(s); n == len(s) {
		return n
	}
	_, cells := appendCut(nil, s, noLimit)
	return cells
}

// plainPrefix is how many bytes of s stand for themselves, one cell each.
func plainPrefix[T text](s T) int {
	i := 0
	for i < len(s) && s[i]-' ' < 0x7f-' ' && s[i] != '\\' {
		i++
	}
	return i
}

func appendCut[T text](dst []byte, s T, width int) (out []byte, cells int) {
	n := plainPrefix(s[:min(len(s), max(0, width))])
	if n == len(s) {
		return append(dst, s...), n
	}
	c := cutter{dst: dst, width: width, last: len(dst)}
	if n > 0 { // all but its last character, which may have to make room
		c.dst = append(c.dst, s[:n-1]...)
		c.cells, c.last = n-1, len(c.dst)
		n--
	}
	for i := n; i < len(s) && !c.full; {
		i += next(&c, s, i)
	}
	return c.dst, c.cells
}

// cutter appends pieces as long as they fit.
type cutter struct {
	dst   []byte
	width int
	cells int
	last  int  // where the text may be cut so that "…" still fits
	lastC int  // the cells before last
	marks int  // characters without width in a row
	full  bool // something did not fit
}

// room makes a piece of so many cells fit, or ends the text.
func (c *cutter) room(cells int) bool {
	if c.cells < c.width {
		c.last, c.lastC = len(c.dst), c.cells
	}
	if c.cells+cells <= c.width {
		c.cells += cells
		return true
	}
	c.full = true
	if c.width > 0 {
		c.dst, c.cells = append(c.dst[:c.last], "…"...), c.lastC+1
	}
	return false
}

// next appends what stands in s at i and returns how many bytes it took.
func next[T text](c *cutter, s T, i int) int {
	b := s[i]
	switch {
	case b == '\\':
		return backslashes(c, s, i)
	case b >= ' ' && b < 0x7f:
		c.marks = 0
		if c.room(1) {
			c.dst = append(c.dst, b)
		}
		return 1
	}
	r, size := runeAt(s, i)
	if r == utf8.RuneError && size == 1 {
		c.escape('x', rune(b), 2)
		return 1
	}
	c.rune(r)
	return size
}

func runeAt[T text](s T, i int) (rune, int) {
	return utf8.DecodeRuneInString(string(s[i:min(len(s), i+utf8.UTFMax)]))
}

// rune appends a character as it is or as an escape.
func (c *cutter) rune(r rune) {
	cells := widths.RuneWidth(r)
	if r == 0xfe0f { // asks for a picture, which takes two cells where the sign took one
		cells = 1
	}
	if c.marks++; cells > 0 {
		c.marks = 0
	}
	switch {
	case shown(r) && c.marks <= maxMarks:
		if c.room(cells) {
			c.dst = utf8.AppendRune(c.dst, r)
		}
	case r < 0x80:
		c.escape('x', r, 2)
	case r <= 0xffff:
		c.escape('u', r, 4)
	default:
		c.escape('U', r, 8)
	}
}

func (c *cutter) escape(letter byte, r rune, digits int) {
	c.marks = 0
	if c.room(2 + digits) {
		c.dst = appendHex(append(c.dst, '\\', letter), r, digits)
	}
}

func appendHex(dst []byte, r rune, digits int) []byte {
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[r>>shift&15])
	}
	return dst
}

// backslashes appends the run of backslashes at i, doubled where an escape, or
// what would be read as one, follows it.
func backslashes[T text](c *cutter, s T, i int) int {
	end := i
	for end < len(s) && s[end] == '\\' {
		end++
	}
	double := end < len(s) && (readsAsEscape(s, end) || !shownAt(s, end))
	c.marks = 0
	for range end - i {
		if double && c.room(2) {
			c.dst = append(c.dst, `\\`...)
		} else if !double && c.room(1) {
			c.dst = append(c.dst, '\\')
		}
		if c.full {
			break
		}
	}
	return end - i
}

// readsAsEscape tells whether s at i would complete a backslash to an escape.
func readsAsEscape[T text](s T, i int) bool {
	digits := 0
	switch s[i] {
	case 'x':
		digits = 2
	case 'u':
		digits = 4
	case 'U':
		digits = 8
	default:
		return false
	}
	if len(s)-i-1 < digits {
		return false
	}
	for _, c := range []byte(s[i+1 : i+1+digits]) {
		if c-'0' > 9 && c|0x20-'a' > 5 {
			return false
		}
	}
	return true
}

func shownAt[T text](s T, i int) bool {
	r, size := runeAt(s, i)
	return shown(r) && (r != utf8.RuneError || size > 1)
}

// shown tells whether a character stands for itself: it has a shape or is a
// space, and changes nothing around it.
func shown(r rune) bool {
	switch {
	case r < 0x7f:
		return r >= ' '
	case unicode.Is(unicode.Zs, r):
		return true
	case unicode.Is(hidden, r):
		return false
	}
	return unicode.IsPrint(r)
}

// hidden are the letters and marks that take no place and have no shape (of
// Unicode's Default_Ignorable_Code_Point; its format characters are no letters
// and marks). The two variation selectors of emoji are not among them.
var hidden = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x034f, 0x034f, 1}, {0x115f, 0x1160, 1}, {0x17b4, 0x17b5, 1}, {0x180b, 0x180f, 1},
		{0x3164, 0x3164, 1}, {0xfe00, 0xfe0d, 1}, {0xffa0, 0xffa0, 1},
	},
	R32: []unicode.Range32{{0xe0000, 0xe0fff, 1}},
}
