// Package term prepares what people see: text that is safe to show, its width in
// cells, lines and tables that fit a terminal, colours, and numbers, sizes and
// durations as people read them. It knows nothing of events, reads nothing from
// the terminal, and writes nothing.
package term

import (
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// Text is a string or the bytes of one.
type Text interface{ ~string | ~[]byte }

// NoLimit is a number of cells that no text reaches.
const NoLimit = int(^uint(0) >> 1)

// maxMarks limits how many characters of no width may follow one another:
// longer runs would cover the lines above and below.
const maxMarks = 4

// widths measures characters as terminals do by default, whatever the locale:
// characters of ambiguous width take one cell.
var widths = runewidth.Condition{StrictEmojiNeutral: true}

// Safe returns s as AppendSafe appends it.
func Safe(s string) string {
	if plainPrefix(s) == len(s) {
		return s
	}
	return string(AppendSafe(nil, s))
}

// AppendSafe appends s with everything made visible that could move the cursor,
// change the order or the look of text, forge a line, or hide: control
// characters (C0, DEL, C1), bidi and other format characters, line and
// paragraph separators, unassigned and private characters, bad UTF-8.
//
// \x1b is a control character, \xff a byte that is not UTF-8, \u202e and
// \U000e0001 are other characters.
func AppendSafe[T Text](dst []byte, s T) []byte {
	dst, _ = AppendCut(dst, s, NoLimit)
	return dst
}

// AppendCut is AppendSafe, cut to at most width cells of a terminal; text that
// was cut ends in "…". It returns how many cells were used. Wide characters and
// escapes are never cut in two, and the cost depends on what is shown, not on
// the length of s.
func AppendCut[T Text](dst []byte, s T, width int) (out []byte, cells int) {
	n := plainPrefix(s[:min(len(s), max(0, width))])
	if n == len(s) {
		return append(dst, s...), n
	}
	cells = max(0, n-1) // "…" may have to replace the last character
	dst = append(dst, s[:cells]...)
	fit, fitCells := len(dst), cells // up to which "…" still fits
	marks := 0                       // characters of no width in a row
	for i := cells; i < len(s); {
		if cells < width {
			fit, fitCells = len(dst), cells
		}
		var used int
		r, size := utf8.DecodeRuneInString(string(s[i:min(len(s), i+utf8.UTFMax)]))
		if r == utf8.RuneError && size == 1 {
			dst, used = AppendHex(append(dst, `\x`...), rune(s[i]), 2), 4
		} else {
			dst, used = appendRune(dst, r, &marks)
		}
		if cells += used; cells > width {
			if width <= 0 {
				return dst[:fit], 0
			}
			return append(dst[:fit], "…"...), fitCells + 1
		}
		i += size
	}
	return dst, cells
}

// Width returns how many cells AppendSafe of s takes.
func Width[T Text](s T) int {
	if n := plainPrefix(s); n == len(s) {
		return n
	}
	_, cells := AppendCut(nil, s, NoLimit)
	return cells
}

// Shown reports whether AppendSafe shows r as it is: r has a shape or is a
// space, and changes nothing around it.
func Shown(r rune) bool {
	switch {
	case r < 0x7f:
		return r >= ' '
	case unicode.Is(unicode.Zs, r):
		return true
	case unicode.Is(invisible, r):
		return false
	}
	return unicode.IsPrint(r)
}

// invisible holds the letters and marks of Unicode's
// Default_Ignorable_Code_Point; its other members are not printable anyway. The
// two variation selectors of emoji are left out: they are harmless and common.
var invisible = &unicode.RangeTable{
	R16: []unicode.Range16{
		{Lo: 0x034f, Hi: 0x034f, Stride: 1}, {Lo: 0x115f, Hi: 0x1160, Stride: 1}, {Lo: 0x17b4, Hi: 0x17b5, Stride: 1},
		{Lo: 0x180b, Hi: 0x180f, Stride: 1}, {Lo: 0x3164, Hi: 0x3164, Stride: 1}, {Lo: 0xfe00, Hi: 0xfe0d, Stride: 1},
		{Lo: 0xffa0, Hi: 0xffa0, Stride: 1},
	},
	R32: []unicode.Range32{{Lo: 0xe0000, Hi: 0xe0fff, Stride: 1}},
}

// plainPrefix returns how many bytes at the start of s are shown as they are,
// one cell each.
func plainPrefix[T Text](s T) int {
	i := 0
	for i < len(s) && s[i]-' ' < 0x7f-' ' {
		i++
	}
	return i
}

// appendRune appends a character as it is or as an escape, and returns how many
// cells that takes. It counts the characters of no width in a row in marks.
func appendRune(dst []byte, r rune, marks *int) (out []byte, cells int) {
	cells = widths.RuneWidth(r)
	switch {
	case r == 0xfe0f: // turns a symbol of one cell into a picture of two
		cells, *marks = 1, 0
	case cells == 0:
		*marks++
	default:
		*marks = 0
	}
	if Shown(r) && *marks <= maxMarks {
		return utf8.AppendRune(dst, r), cells
	}
	*marks = 0
	switch {
	case r < 0x80:
		return AppendHex(append(dst, `\x`...), r, 2), 4
	case r <= 0xffff:
		return AppendHex(append(dst, `\u`...), r, 4), 6
	}
	return AppendHex(append(dst, `\U`...), r, 8), 10
}

// AppendHex appends r as that many hexadecimal digits.
func AppendHex(dst []byte, r rune, digits int) []byte {
	for shift := 4 * (digits - 1); shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[r>>shift&15])
	}
	return dst
}
