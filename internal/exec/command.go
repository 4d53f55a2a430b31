package exec

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
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
// a mistake, but for a $ in the arguments of a shell, which expands it. The
// errors are *SyntaxError and *NotFoundError.
func Parse(text string) (Command, error) {
	words, err := split(text)
	if err != nil {
		return Command{}, err
	}
	path, err := exec.LookPath(words[0])
	if err != nil {
		return Command{}, &NotFoundError{Program: words[0], Err: err}
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

// NotFoundError says that there is no such program, or that it cannot be run.
type NotFoundError struct {
	Program string
	Err     error
}

// Error names the program.
func (e *NotFoundError) Error() string {
	if errors.Is(e.Err, exec.ErrNotFound) {
		return fmt.Sprintf("no program %q in PATH", e.Program)
	}
	return fmt.Sprintf("%s cannot be run: %v", e.Program, errors.Unwrap(e.Err))
}

// Unwrap returns the cause.
func (e *NotFoundError) Unwrap() error { return e.Err }

// splitter reads the words of a command.
type splitter struct {
	text  string
	at    int // of the next byte
	word  strings.Builder
	begun bool // word is one, even if it is empty
	words []string
}

// split returns at least one word.
func split(text string) ([]string, error) {
	s := splitter{text: text}
	for s.at < len(text) {
		if err := s.next(); err != nil {
			return nil, err
		}
	}
	s.end()
	if len(s.words) == 0 {
		return nil, &SyntaxError{At: 1, Msg: "no command"}
	}
	return s.words, nil
}

// next reads one character, or everything between two quotes.
func (s *splitter) next() error {
	c := s.text[s.at]
	switch c {
	case ' ', '\t', '\n', '\r':
		s.end()
		s.at++
		return nil
	case '\'', '"':
		s.begun = true
		return s.quoted(c)
	case '|', '&', ';', '<', '>', '(', ')':
		return s.shellOnly(string(c))
	}
	return s.char("")
}

// quoted reads up to the closing quote.
func (s *splitter) quoted(quote byte) error {
	opened := s.at
	for s.at++; s.at < len(s.text); {
		switch c := s.text[s.at]; {
		case c == quote:
			s.at++
			return nil
		case quote == '\'':
			s.word.WriteByte(c)
			s.at++
		default:
			if err := s.char("$`\"\\\n"); err != nil {
				return err
			}
		}
	}
	return s.errorAt(opened, fmt.Sprintf("no closing %c for this one", quote))
}

// char reads a character outside of single quotes. A backslash quotes the
// characters in escapable, or every character if that is empty.
func (s *splitter) char(escapable string) error {
	c := s.text[s.at]
	rest := s.text[s.at+1:]
	switch {
	case c == '\\' && rest == "":
		return s.errorAt(s.at, "nothing after this \\")
	case c == '\\' && rest[0] == '\n': // continues the line
		s.at += 2
		return nil
	case c == '\\' && (escapable == "" || strings.IndexByte(escapable, rest[0]) >= 0):
		c = rest[0]
		s.at++
	case (c == '`' || c == '$' && expands(rest)) && !s.forShell():
		return s.shellOnly(string(c))
	}
	s.begun = true
	s.word.WriteByte(c)
	s.at++
	return nil
}

// expands reports whether a shell replaces a $ before rest.
func expands(rest string) bool {
	if rest == "" {
		return false
	}
	c := rest[0] | 0x20
	return c >= 'a' && c <= 'z' || rest[0] == '_' || rest[0] == '{' || rest[0] == '('
}

// forShell reports whether the word is an argument of a shell.
func (s *splitter) forShell() bool {
	return len(s.words) > 0 && slices.Contains([]string{"sh", "bash", "dash", "ash", "ksh", "zsh", "fish"}, filepath.Base(s.words[0]))
}

// end ends a word.
func (s *splitter) end() {
	if s.begun {
		s.words = append(s.words, s.word.String())
	}
	s.word.Reset()
	s.begun = false
}

// shellOnly is the error for what only a shell does. As an ordinary character
// it would surprise everybody who writes it.
func (s *splitter) shellOnly(what string) error {
	return s.errorAt(s.at, fmt.Sprintf("no shell reads %s here: put it in single quotes, or run sh -c '...'", what))
}

func (s *splitter) errorAt(at int, msg string) error {
	return &SyntaxError{At: utf8.RuneCountInString(s.text[:at]) + 1, Msg: msg}
}
