package broker

import (
	"strings"
	"unicode"

	"github.com/rtev/rtev/internal/event"
)

// template is a text with fields of the event in braces.
type template struct {
	parts []part
	safe  func(rune) bool // characters of a value that stay; nil: all
	fixed string          // the whole text, when there is no field
}

type part struct {
	literal string
	path    event.Path
	field   bool
}

// fieldNames are short names of computed fields, as in crops --name.
var fieldNames = map[string]string{
	"instance": "_instance", "type": "_type", "class": "_class", "place": "_place",
	"track": "_track", "event": "_event", "confidence": "_confidence", "id": "instance_id",
}

// maxValue is the longest value in bytes.
const maxValue = 80

func parseTemplate(text string, safe func(rune) bool) (template, error) {
	t := template{safe: safe}
	for rest := text; rest != ""; {
		literal, after, found := strings.Cut(rest, "{")
		if literal != "" {
			t.parts = append(t.parts, part{literal: literal})
		}
		if !found {
			break
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed || name == "" {
			return t, &AddressError{"a { without a field and a } in " + quoted(text)}
		}
		if short, ok := fieldNames[name]; ok {
			name = short
		}
		path, err := event.ParsePath(name)
		if err != nil {
			return t, &AddressError{err.Error()}
		}
		t.parts = append(t.parts, part{path: path, field: true})
		rest = tail
	}
	if t.literals() == text {
		t.fixed = text
	}
	return t, nil
}

// literals returns the text without its fields.
func (t *template) literals() string {
	var b strings.Builder
	for _, p := range t.parts {
		b.WriteString(p.literal)
	}
	return b.String()
}

// of returns the template's text for an event. An empty value is "unknown".
func (t *template) of(e *event.Event) string {
	if t.fixed != "" || len(t.parts) == 0 {
		return t.fixed
	}
	var b strings.Builder
	for i := range t.parts {
		p := &t.parts[i]
		if !p.field {
			b.WriteString(p.literal)
			continue
		}
		value := p.path.Of(e).String()
		if value == "" {
			value = "unknown"
		}
		t.append(&b, value)
	}
	return b.String()
}

// append writes a value with every unsafe character as "-".
func (t *template) append(b *strings.Builder, value string) {
	if t.safe == nil {
		b.WriteString(value)
		return
	}
	length := 0
	for _, r := range value {
		if !t.safe(r) {
			r = '-'
		}
		if length += len(string(r)); length > maxValue {
			return
		}
		b.WriteRune(r)
	}
}

// safeFor says which characters of a value may stand in a subject or topic.
// In NATS a dot separates tokens, * and > are wildcards (NATS: Subject-Based
// Messaging). In MQTT 3.1.1 a slash separates levels, + and # are wildcards
// (section 4.7). Kafka takes ASCII letters, digits, dot, _ and -.
var safeFor = map[string]func(rune) bool{
	"nats":  func(r rune) bool { return letter(r) || r == '_' || r == '-' },
	"mqtt":  func(r rune) bool { return letter(r) || r == '_' || r == '-' || r == '.' },
	"kafka": func(r rune) bool { return r < 0x80 && letter(r) || r == '_' || r == '-' || r == '.' },
}

// letter reports whether r is a letter, a digit or a mark of any script.
// U+FFFD, which stands for bad UTF-8, is none.
func letter(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// wildcard reports whether r cannot stand in a literal part.
func wildcard(kind string, r rune) bool {
	switch kind {
	case "nats":
		return r <= ' ' || r == '*' || r == '>'
	case "mqtt":
		return r < ' ' || r == '+' || r == '#'
	}
	return !safeFor["kafka"](r)
}

func quoted(s string) string { return `"` + s + `"` }
