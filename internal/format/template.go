package format

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
	"github.com/rtev/rtev/internal/term"
)

// Template is text with values of an event in braces: "{_time} {_place}:
// {object_class}". In braces is what ParseColumns takes as a path, or a field
// of crops --name; {{ and }} are literal braces. Safe for concurrent use.
type Template struct{ pieces []piece }

// shortNames are fields of crops --name that are no columns.
var shortNames = map[string]string{"class": "_class", "track": "_track", "event": "_event", "id": "instance_id"}

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
	for rest := text; rest != ""; {
		i := strings.IndexAny(rest, "{}")
		if i < 0 {
			literal += rest
			break
		}
		literal, rest = literal+rest[:i], rest[i:]
		if strings.HasPrefix(rest[1:], rest[:1]) { // {{ or }}
			literal, rest = literal+rest[:1], rest[2:]
			continue
		}
		path, err := braced(rest)
		if err != nil {
			return nil, fmt.Errorf("template %q, character %d: %w", text, utf8.RuneCountInString(text[:len(text)-len(rest)])+1, err)
		}
		name := strings.TrimSpace(path)
		c, err := newColumn("", cmp.Or(shortNames[name], name))
		if err != nil {
			return nil, fmt.Errorf("template %q: %w", text, err)
		}
		t.pieces = append(t.pieces, piece{literal, &c})
		literal, rest = "", rest[len(path)+len("{}"):]
	}
	if literal != "" {
		t.pieces = append(t.pieces, piece{literal, nil})
	}
	return t, nil
}

// braced returns the path in the braces that s starts with.
func braced(s string) (path string, err error) {
	end, closed := outside(s[1:], '}')
	switch {
	case s[0] == '}':
		return "", errors.New("no { for this }; write }} for a literal one")
	case !closed:
		return "", errors.New("no } for this {; write {{ for a literal one")
	case strings.TrimSpace(s[1:1+end]) == "":
		return "", errors.New("nothing in the braces; want a path such as {_place}")
	}
	return s[1 : 1+end], nil
}

// Literals returns the text of the template without its fields, and whether
// there is none, so that it is the same for every event.
func (t *Template) Literals() (text string, fixed bool) {
	fixed = true
	for _, p := range t.pieces {
		text += p.literal
		fixed = fixed && p.column == nil
	}
	return text, fixed
}

// Filling appends a template for events, with buffers of its own.
type Filling struct {
	*Template
	// Value appends the text of a value, which is empty if the event has none.
	Value func(dst, text []byte) []byte

	json []byte // of a value
	text []byte // without its JSON escapes
}

// Append appends the template with the values of an event.
func (f *Filling) Append(dst []byte, ev *event.Event) []byte {
	for i := range f.pieces {
		p := &f.pieces[i]
		dst = append(dst, p.literal...)
		if p.column == nil {
			continue
		}
		var text []byte
		if f.json = p.column.appendValue(reuse(f.json), ev); present(f.json) {
			text = jsonraw.Text(f.json, &f.text)
		}
		dst = f.Value(dst, text)
	}
	return dst
}

// NewEncoder returns an encoder of events as lines of the template. Missing
// values and null are empty, and every value is made safe to show.
func (t *Template) NewEncoder() Encoder {
	return &templated{Filling{Template: t, Value: term.AppendSafe[[]byte]}}
}

type templated struct{ Filling }

func (*templated) AppendHeader(dst []byte) []byte { return dst }

func (t *templated) AppendEvent(dst []byte, ev *event.Event) []byte {
	return append(t.Append(dst, ev), '\n')
}
