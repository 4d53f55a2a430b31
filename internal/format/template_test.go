package format

import (
	"strings"
	"testing"
	"time"

	"github.com/rtev/rtev/internal/flowtest"
)

func TestTemplate(t *testing.T) {
	ev := flowtest.Event(t, "event-intrusion",
		`{"system_timestamp":1781889224026,"area_name":"Dock \"1\"","object_class":"\u001b[2J\u202e","n":1e3,"b":true,`+
			`"none":null,"a":[1, {"b":2}],"location":{"x":0.5}}`)
	ev.Received = time.UnixMilli(1781889224027)
	for text, want := range map[string]string{
		"{_time} {_place}: {object_class}": `2026-06-19T17:13:44.026Z Dock "1": \x1b[2J\u202e`,
		"{type}\t{place} {x}":              "event-intrusion\tDock \"1\" 0.5",
		"{class} {event}|{track}|{id}":     "\\x1b[2J\\u202e ||i1",
		"no braces":                        "no braces",
		"{{literal}} {n}{b}":               "{literal} 1e3true",
		"[{none}{missing}]":                "[]",
		"{a} {a.1.b} {_delay_ms}":          `[1, {"b":2}] 2 1`,
		`{{{n}}}`:                          "{1e3}",
		`{ n }`:                            "1e3",
		`{{x:a.0,y:n}}`:                    "{x:a.0,y:n}",
		"前 {_instance}":                    "前 Gate",
	} {
		parsed, err := ParseTemplate(text)
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		enc := parsed.NewEncoder()
		if got := string(enc.AppendEvent(enc.AppendHeader(nil), ev)); got != want+"\n" {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestTemplateMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"":               `template "" is empty; want text such as "{_time} {_place}"`,
		"前 {_time":       `template "前 {_time": no } for this {; write {{ for a literal one`,
		"{_time} }":      `template "{_time} }": no { for this }; write }} for a literal one`,
		"a {}":           `template "a {}": a path is missing`,
		"a {  }":         `template "a {  }": a path is missing`,
		`{a.#(b=="}")`:   `template "{a.#(b==\"}\")": no } for this {; write {{ for a literal one`,
		"a\xff":          `template "a\xff" has control characters or is not UTF-8`,
		"{_time}\n{_id}": `template "{_time}\n{_id}" has control characters or is not UTF-8`,
	} {
		if _, err := ParseTemplate(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func FuzzTemplate(f *testing.F) {
	for _, s := range []string{"{_time} {_place}", "{{}}", "{a.#(b==\"}\").c}", "{a{b}c}", "{\\}}", "}", "{\"}"} {
		f.Add(s)
	}
	ev := flowtest.Event(f, "track", `{"a":[{"b":"}","c":"\n\u001b"}],"_place":"x"}`)
	f.Fuzz(func(t *testing.T, text string) {
		parsed, err := ParseTemplate(text)
		if err != nil {
			return
		}
		line := string(parsed.NewEncoder().AppendEvent(nil, ev))
		checkShown(t, strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\t", ""))
	})
}
