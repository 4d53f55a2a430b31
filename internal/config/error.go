package config

import (
	"fmt"

	"github.com/rtev/rtev/internal/term"
)

// Error reports a mistake in something the user wrote. It means exit status 2.
type Error struct {
	From string // the file, with its line, or the flag, key or header
	Msg  string // what is wrong; never contains the value of a header
}

// Error returns one line. It quotes what the user wrote and is not safe to print.
func (e *Error) Error() string { return e.From + ": " + e.Msg }

// didYouMean returns "; did you mean …?" with the known word closest to word.
func didYouMean(word string, known []string) string {
	if near := term.Nearest(word, known); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return "; see rtev help config"
}
