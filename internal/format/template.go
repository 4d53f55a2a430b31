package format

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rtev/rtev/internal/event"
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
	column  *column
}

// ParseTemplate reads a template.
func ParseTemplate(text string) (*Template, error) {
	hidden := func(r rune) bool { return r != '\t' && !term.Shown(r) }
	switch {
	case text == "":
		return nil, fmt.Errorf(`template "" is empty; want text such as "{_time} {_place}"`)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, hidden):
		return nil, fmt.Errorf("template %q has control characters or is not UTF-8", text)
	}
	t := &Template{}
	literal := ""
	for rest := text; rest != ""; {
		i := strings.IndexAny(rest, "{}")
		if i < 0 {
			literal += rest
			break
		}
		brace := rest[i : i+1]
		literal, rest = literal+rest[:i], rest[i+1:]
		if strings.HasPrefix(rest, brace) { // {{ or }}
			literal, rest = literal+brace, rest[1:]
			continue
		}
		path, after, closed := cutOutside(rest, '}')
		if brace == "}" || !closed {
			missing := map[string]string{"{": "}", "}": "{"}[brace]
			const format = "template %q: no %[2]s for this %[3]s; write %[3]s%[3]s for a literal one"
			return nil, fmt.Errorf(format, text, missing, brace)
		}
		path = strings.TrimSpace(path)
		c, err := newColumn(path, cmp.Or(shortNames[path], path))
		if err != nil {
			return nil, fmt.Errorf("template %q: %w", text, err)
		}
		t.pieces = append(t.pieces, piece{literal, &c})
		literal, rest = "", after
	}
	if literal != "" {
		t.pieces = append(t.pieces, piece{literal, nil})
	}
	return t, nil
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

// Append appends the template with the values of an event, which value appends.
// The text is empty if the event has no such value, or null.
func (t *Template) Append(dst []byte, ev *event.Event, value func(dst []byte, text string) []byte) []byte {
	for _, p := range t.pieces {
		dst = append(dst, p.literal...)
		if p.column != nil {
			dst = value(dst, p.column.textOf(ev))
		}
	}
	return dst
}

// textOf returns the column's value as text: a string without its quotes, nothing
// for null, and anything else as sent.
func (c *column) textOf(ev *event.Event) string {
	v := c.path.Of(ev)
	if v.Raw == "" || v.Raw[0] == '"' || v.Raw[0] == 'n' {
		return v.String()
	}
	return v.Raw
}

// NewEncoder returns an encoder of events as lines of the template. Missing
// values and null are empty, and every value is made safe to show.
func (t *Template) NewEncoder() Encoder { return templated{t} }

type templated struct{ *Template }

func (templated) AppendHeader(dst []byte) []byte { return dst }

func (t templated) AppendEvent(dst []byte, ev *event.Event) []byte {
	return append(t.Append(dst, ev, term.AppendSafe[string]), '\n')
}
