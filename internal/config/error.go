package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rtev/rtev/internal/term"
)

// Error reports a mistake in something the user wrote. It means exit status 2.
type Error struct {
	From string // the file, flag, variable or header that holds it
	Line int    // in the file, from 1; 0 if it is not known
	Msg  string // what is wrong and what to write instead; never contains the value of a header
	Err  error  // the cause; nil if the text itself is wrong
}

// Error returns one line. It quotes what the user wrote and is not safe to print.
func (e *Error) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", e.From, e.Line, e.Msg)
	}
	return e.From + ": " + e.Msg
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// didYouMean returns "; did you mean …?" with the known word closest to word,
// or else all known words.
func didYouMean(word string, known []string) string {
	if near := term.Nearest(word, known); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return "; it must be one of " + strings.Join(known, ", ")
}

// words returns the values that a key allows; nil if it allows any text.
func words(key string) []string {
	switch key {
	case keyOutput:
		return []string{"text", "ndjson", "json", "csv", "prom"}
	case keyColor:
		return []string{"auto", "always", "never"}
	}
	return nil
}

// checkWord returns the problem with the value of a key, or "".
func checkWord(key, value string) string {
	allowed := words(key)
	if allowed == nil || slices.Contains(allowed, value) {
		return ""
	}
	problem := fmt.Sprintf("%.64q is not one of %s", value, strings.Join(allowed, ", "))
	if near := term.Nearest(value, allowed); near != "" {
		problem += fmt.Sprintf("; did you mean %q?", near)
	}
	return problem
}
