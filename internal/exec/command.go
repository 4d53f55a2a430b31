package exec

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"unicode/utf8"
)

// Command is a program with its arguments. The zero value is not usable. Safe
// for concurrent use.
type Command struct {
	path string
	args []string // args[0] is the program as it was typed
}

// Parse splits text into words as a POSIX shell does, and finds the program
// that the first one names, in PATH if the name has no slash. No shell takes
// part: patterns, ~ and # are ordinary characters. What else only a shell does is
// a *SyntaxError, but for a $ in the arguments of a shell, which expands it.
func Parse(text string) (Command, error) {
	words, err := split(text)
	if err != nil {
		return Command{}, err
	}
	path, err := exec.LookPath(words[0])
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return Command{}, fmt.Errorf("no program %q in PATH", words[0])
	case err != nil:
		return Command{}, fmt.Errorf("%s cannot be run: %w", words[0], errors.Unwrap(err))
	}
	return Command{path, words}, nil
}

// SyntaxError is a mistake in the text of a command.
type SyntaxError struct {
	At  int // the character, counted from 1
	Msg string
}

// Error names the place.
func (e *SyntaxError) Error() string { return fmt.Sprintf("character %d: %s", e.At, e.Msg) }

var (
	// token is space, quoted text, a backslash with what it quotes, or plain
	// text, which ends before a character that a shell acts on.
	token = regexp.MustCompile(`(?s)^(?:[ \t\r\n]+|'[^']*'|"(?:\\.|[^"\\])*"|\\.|(?:\$\(|[^ \t\r\n'"\\|&;<>()])+)`)
	// expanded is what a shell replaces, or a backslash with what it quotes.
	expanded = regexp.MustCompile("(?s)\\\\.|`|\\$[a-zA-Z_{(]")
	// escaped is what a backslash quotes between double quotes.
	escaped = regexp.MustCompile("\\\\([$`\"\\\\])|\\\\\n")
)

// split returns at least one word.
func split(text string) (words []string, err error) {
	word, begun := "", false // an empty word may have begun
	end := func() {
		if begun {
			words = append(words, word)
		}
		word, begun = "", false
	}
	for at := 0; at < len(text); {
		t := token.FindString(text[at:])
		if err := check(text, at, t, words); err != nil {
			return nil, err
		}
		at += len(t)
		part := t
		switch t[0] {
		case ' ', '\t', '\r', '\n':
			end()
			continue
		case '\'':
			part = t[1 : len(t)-1]
		case '"':
			part = escaped.ReplaceAllString(t[1:len(t)-1], "$1")
		case '\\':
			if part = t[1:]; part == "\n" { // continues the line
				continue
			}
		}
		word, begun = word+part, true
	}
	end()
	if len(words) == 0 {
		return nil, &SyntaxError{At: 1, Msg: "no command"}
	}
	return words, nil
}

// check reports a mistake in the token t at a place of text, after words. What
// only a shell does is one: as ordinary characters it would surprise everybody
// who writes it.
func check(text string, at int, t string, words []string) error {
	mistake := func(at int, format string, args ...any) error {
		return &SyntaxError{At: utf8.RuneCountInString(text[:at]) + 1, Msg: fmt.Sprintf(format, args...)}
	}
	const shellOnly = "no shell reads %c here: put it in single quotes, or run sh -c '...'"
	switch c := text[at]; {
	case t != "" && c == '\'', t != "" && forShell(words):
		return nil
	case t != "":
		for _, found := range expanded.FindAllStringIndex(t, -1) {
			if c := t[found[0]]; c != '\\' {
				return mistake(at+found[0], shellOnly, c)
			}
		}
		return nil
	case c == '\\':
		return mistake(at, "nothing after this \\")
	case c == '\'' || c == '"':
		return mistake(at, "no closing %c for this one", c)
	default:
		return mistake(at, shellOnly, c)
	}
}

// forShell reports whether the word after words is an argument of a shell.
func forShell(words []string) bool {
	return len(words) > 0 && slices.Contains([]string{"sh", "bash", "dash", "ash", "ksh", "zsh", "fish"}, filepath.Base(words[0]))
}
