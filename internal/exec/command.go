package exec

import (
	"errors"
	"fmt"
	"os/exec"
	"regexp"
)

var (
	// token is space, quoted text, a backslash with what it quotes, or plain text.
	token = regexp.MustCompile(`(?s)^(?:[ \t\r\n]+|'[^']*'|"(?:\\.|[^"\\])*"|\\.|[^ \t\r\n'"\\]+)`)
	// escaped is what a backslash quotes between double quotes.
	escaped = regexp.MustCompile("\\\\([$`\"\\\\])|\\\\\n")
)

// Parse splits text into words as a POSIX shell does, and checks that the first
// one is a program, in PATH if it has no slash. No shell takes part: what only a
// shell does, such as $ and |, is text.
func Parse(text string) (words []string, err error) {
	word, begun := "", false // an empty word may have begun
	for rest := text + "\n"; rest != ""; {
		t := token.FindString(rest)
		if t == "" {
			return nil, fmt.Errorf("no end of the quotation %s", rest[:len(rest)-1])
		}
		rest = rest[len(t):]
		switch t[0] {
		case ' ', '\t', '\r', '\n':
			if begun {
				words = append(words, word)
			}
			word, begun = "", false
			continue
		case '\'':
			t = t[1 : len(t)-1]
		case '"':
			t = escaped.ReplaceAllString(t[1:len(t)-1], "$1")
		case '\\':
			if t = t[1:]; t == "\n" { // continues the line
				continue
			}
		}
		word, begun = word+t, true
	}
	if len(words) == 0 {
		return nil, errors.New("no command")
	}
	_, err = exec.LookPath(words[0])
	return words, err
}
