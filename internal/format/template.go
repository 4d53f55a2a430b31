package format

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
	"github.com/rtev/rtev/internal/term"
)

// Template is text with values of an event in braces, for one line per event:
// "{_time} {_place}: {object_class}". In braces is what ParseColumns takes as a
// path; {{ and }} are literal braces. Safe for concurrent use.
type Template struct{ pieces []piece }

// piece is literal text, and the value after it if there is one.
type piece struct {
	literal string
	column  *Column
}

// ParseTemplate reads a template. Its errors name the place, in characters
// from 1.
func ParseTemplate(text string) (*Template, error) {
	hidden := func(r rune) bool { return r != '\t' && !term.Shown(r) }
	switch i := strings.IndexFunc(text, hidden); {
	case text == "":
		return nil, fmt.Errorf(`template "" is empty; want text such as "{_time} {_place}"`)
	case !utf8.ValidString(text):
		return nil, fmt.Errorf("template %q is not UTF-8", text)
	case i >= 0:
		return nil, fmt.Errorf("template %q, character %d: control characters are not allowed", text, utf8.RuneCountInString(text[:i])+1)
	}
	t := &Template{}
	literal := ""
	for at := 0; at < len(text); {
		i := strings.IndexAny(text[at:], "{}")
		if i < 0 {
			i = len(text) - at
		}
		literal += text[at : at+i]
		if at += i; at == len(text) {
			break
		}
		if strings.HasPrefix(text[at+1:], text[at:at+1]) { // {{ or }}
			literal += text[at : at+1]
			at += 2
			continue
		}
		path, err := braced(text[at:])
		if err != nil {
			return nil, fmt.Errorf("template %q, character %d: %w", text, utf8.RuneCountInString(text[:at])+1, err)
		}
		c, err := newColumn("", strings.TrimSpace(path))
		if err != nil {
			return nil, fmt.Errorf("template %q: %w", text, err)
		}
		t.pieces = append(t.pieces, piece{literal, &c})
		literal = ""
		at += len(path) + len("{}")
	}
	if literal != "" {
		t.pieces = append(t.pieces, piece{literal, nil})
	}
	return t, nil
}

// braced returns the path in the braces that s starts with.
func braced(s string) (path string, err error) {
	end := outside(s[1:], '}')
	switch {
	case s[0] == '}':
		return "", errors.New("no { for this }; write }} for a literal one")
	case end < 0:
		return "", errors.New("no } for this {; write {{ for a literal one")
	case strings.TrimSpace(s[1:1+end]) == "":
		return "", errors.New("nothing in the braces; want a path such as {_place}")
	}
	return s[1 : 1+end], nil
}

// NewEncoder returns an encoder of events as lines of the template. Missing
// values and null are empty, and every value is made safe to show.
func (t *Template) NewEncoder() Encoder { return &templated{Template: t} }

type templated struct {
	*Template
	value []byte // as JSON
	text  []byte // without its JSON escapes
}

func (*templated) AppendHeader(dst []byte) []byte { return dst }

func (t *templated) AppendEvent(dst []byte, ev *event.Event) []byte {
	for i := range t.pieces {
		p := &t.pieces[i]
		dst = append(dst, p.literal...)
		if p.column == nil {
			continue
		}
		t.value = p.column.appendValue(reuse(t.value), ev)
		if present(t.value) {
			dst = term.AppendSafe(dst, jsonraw.Text(t.value, &t.text))
		}
	}
	return append(dst, '\n')
}
