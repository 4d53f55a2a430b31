package format

import "github.com/rtev/rtev/internal/term"

// AppendSafe is term.AppendSafe.
func AppendSafe(dst []byte, s string) []byte { return term.AppendSafe(dst, s) }

// AppendCut is term.AppendCut.
func AppendCut(dst []byte, s string, width int) (out []byte, cells int) {
	return term.AppendCut(dst, s, width)
}

// Width is term.Width.
func Width(s string) int { return term.Width(s) }

// UseColor is term.UseColor.
func UseColor(when string, getenv func(string) string, tty bool) (bool, error) {
	return term.UseColor(when, getenv, tty)
}
