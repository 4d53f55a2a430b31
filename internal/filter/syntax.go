package filter

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"
)

// SyntaxError says where an expression is wrong, and what is.
type SyntaxError struct {
	Expr   string // as it was given
	Offset int    // in bytes, 0 to len(Expr)
	Msg    string // what was expected there, or what to write instead
}

// Error is one line.
func (e *SyntaxError) Error() string { return "field expression: " + e.Msg }

// Widths in columns: of the expression as Caret shows it, and of what of it may
// stand before the place.
const (
	caretWidth = 64
	caretLeft  = 40
)

// Caret returns two lines: the expression, and a caret under the place.
// Of a long one the part around the place is shown; what is not printable is
// shown as an escape.
func (e *SyntaxError) Caret() string {
	cells := &runewidth.Condition{}
	left := cells.TruncatePrefix(visible(e.Expr[:e.Offset]), caretLeft, "…")
	w := cells.StringWidth(left)
	right := cells.Truncate(visible(e.Expr[e.Offset:]), caretWidth-w, "…")
	return fmt.Sprintf("%s%s\n%*s", left, right, w+1, "^")
}

// visible is s with everything that does not print as an escape.
func visible(s string) string {
	var b strings.Builder
	for s != "" {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case strconv.IsPrint(r):
			b.WriteString(s[:n])
		default:
			b.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
		s = s[n:]
	}
	return b.String()
}
