package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Error says what is wrong with something the user wrote: exit status 2.
type Error struct {
	From string // the file, flag, variable or header it stands in
	Line int    // in the file, from 1; 0 where it is not known
	Msg  string // what is wrong and what to write; never the value of a header
	Err  error  // the cause; nil where the text itself is wrong
}

// Error is one line, not yet safe to print: it quotes what the user wrote.
func (e *Error) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s:%d: %s", e.From, e.Line, e.Msg)
	}
	return e.From + ": " + e.Msg
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// longestWord bounds what is compared and quoted of a word nobody knows, in
// runes.
const longestWord = 64

// Nearest returns the known word that differs from word in the fewest letters,
// whatever their case; the first of several. known must not be empty.
func Nearest(word string, known []string) string {
	word = strings.ToLower(short(word))
	return slices.MinFunc(known, func(a, b string) int {
		return levenshtein.ComputeDistance(word, strings.ToLower(a)) - levenshtein.ComputeDistance(word, strings.ToLower(b))
	})
}

// short cuts a word to what is worth showing.
func short(word string) string {
	n := 0
	for i := range word {
		if n++; n > longestWord {
			return word[:i]
		}
	}
	return word
}

// words returns what a key allows, nil where it allows any text.
func words(key string) []string {
	switch key {
	case keyOutput:
		return []string{"text", "ndjson", "json", "csv", "prom"}
	case keyColor:
		return []string{"auto", "always", "never"}
	}
	return nil
}

// checkWord says what is wrong with the value of a key; "" is nothing.
func checkWord(key, value string) string {
	allowed := words(key)
	if allowed == nil || slices.Contains(allowed, value) {
		return ""
	}
	return fmt.Sprintf("%q is not one of %s; did you mean %q?",
		short(value), strings.Join(allowed, ", "), Nearest(value, allowed))
}
