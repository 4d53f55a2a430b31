package broker

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
)

// route makes the subject or topic of an event, and its key. It is not safe for
// concurrent use.
type route struct {
	subject, key *text
}

// text is a template whose values are safe for a broker.
type text struct {
	template *format.Template // nil: the text is fixed
	safe     func(rune) bool  // characters of values; nil: all
	fixed    string
	buf      []byte
}

func (a *Address) newRoute() *route {
	return &route{newText(a.subject, safeFor[a.kind]), newText(a.key, nil)}
}

func newText(t *format.Template, safe func(rune) bool) *text {
	if t == nil {
		return &text{}
	}
	if literal, fixed := t.Literals(); fixed {
		return &text{fixed: literal}
	}
	return &text{template: t, safe: safe}
}

func (t *text) of(e *event.Event) string {
	if t.template == nil {
		return t.fixed
	}
	t.buf = t.template.Append(t.buf[:0], e, t.appendValue)
	return string(t.buf)
}

// maxValue is the longest value in bytes.
const maxValue = 80

// appendValue appends a value with "-" for each unsafe character, or "unknown"
// if the value is empty.
func (t *text) appendValue(dst []byte, value string) []byte {
	if value == "" {
		return append(dst, "unknown"...)
	}
	if t.safe == nil {
		return append(dst, value...)
	}
	start := len(dst)
	for _, r := range value {
		if !t.safe(r) {
			r = '-'
		}
		if len(dst)-start+utf8.RuneLen(r) > maxValue {
			break
		}
		dst = utf8.AppendRune(dst, r)
	}
	return dst
}

// safeFor reports which characters of a value may appear in a subject or topic.
// In NATS a dot separates tokens, and * and > are wildcards (NATS: Subject-Based
// Messaging). In MQTT 3.1.1 a slash separates levels, and + and # are wildcards
// (section 4.7). Kafka allows ASCII letters, digits, dot, _ and -.
var safeFor = map[string]func(rune) bool{
	"nats":  func(r rune) bool { return letter(r) || strings.ContainsRune("_-", r) },
	"mqtt":  func(r rune) bool { return letter(r) || strings.ContainsRune("_-.", r) },
	"kafka": func(r rune) bool { return r < utf8.RuneSelf && letter(r) || strings.ContainsRune("_-.", r) },
}

// letter reports whether r is a letter, a digit or a mark of any script. U+FFFD,
// which replaces invalid UTF-8, is not.
func letter(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// wildcard reports whether r cannot be in the literal part of a subject or topic.
func wildcard(kind string, r rune) bool {
	switch kind {
	case "nats":
		return r <= ' ' || r == '*' || r == '>'
	case "mqtt":
		return r < ' ' || r == '+' || r == '#'
	}
	return !safeFor["kafka"](r)
}
