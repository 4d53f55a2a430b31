package format

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rtev/rtev/internal/term"
)

// checkShown fails the test unless text is safe to show on a terminal.
func checkShown(t *testing.T, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Fatalf("bad UTF-8: %q", text)
	}
	for _, r := range text {
		if !term.Shown(r) && r != 0xfe0f {
			t.Fatalf("%U in %q", r, text)
		}
	}
}

// cellsOf returns the width of text that is safe to show.
func cellsOf(text string) int {
	// An escape is doubled by Width, so a backslash stands in for one.
	return term.Width(strings.ReplaceAll(text, `\`, "/"))
}
