package filter

import (
	"fmt"

	"github.com/mattn/go-runewidth"
	"github.com/rtev/rtev/internal/term"
)

// SyntaxError is a mistake in an expression.
type SyntaxError struct {
	Expr   string // as it was given
	Offset int    // of the mistake in bytes, 0 to len(Expr)
	Msg    string // what was expected there, or what to write instead
}

// Error returns one line without the expression.
func (e *SyntaxError) Error() string { return "field expression: " + e.Msg }

// Widths in columns: of the expression that Caret shows, and of its part before
// the mistake.
const (
	caretWidth = 64
	caretLeft  = 40
)

// Caret returns two lines: the expression, and a caret under the mistake. It
// shortens a long expression to the part around the mistake. Characters that are
// not printable appear as escapes.
func (e *SyntaxError) Caret() string {
	cells := &runewidth.Condition{}
	left := cells.TruncatePrefix(term.Safe(e.Expr[:e.Offset]), caretLeft, "…")
	w := cells.StringWidth(left)
	right := cells.Truncate(term.Safe(e.Expr[e.Offset:]), caretWidth-w, "…")
	return fmt.Sprintf("%s%s\n%*s", left, right, w+1, "^")
}
