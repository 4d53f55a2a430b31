package event

import (
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// must makes payload the event's payload.
func (e *Event) must(t testing.TB, payload string) {
	t.Helper()
	made, err := New("", []byte(payload), nil)
	if err != nil {
		t.Fatal(err)
	}
	e.Payload, e.index = made.Payload, made.index
}

func TestPaths(t *testing.T) {
	ref := &Event{Type: "event-intrusion"}
	ref.must(t, `{"area_name":"Dock","object_class":"Person"}`)
	e := &Event{Type: "crop", Instance: &Instance{Name: "Gate 1"},
		Received: time.UnixMilli(1781889224027).Add(500 * time.Microsecond), Ref: ref}
	e.must(t, `{"$id":"crop","a.b":1,"location":{"x":0.5,"deep":{"y":[1,2,3]}},"events":["e1","e2"],
		"targets":[{"c":"Person"},{"c":"Car"}],
		"text":"a\"b{\"x\":9}","none":null,"no":false,"sk\u0079":"blue","tracking_id":"","ref_tracking_id":"t1",
		"ref_event_id":"e1","system_timestamp":"1781889224026","dup":1,"dup":2}`)
	for path, want := range map[string]string{
		"$id": "crop", "location.x": "0.5", "location.deep.y.1": "2", "location.deep.y.#": "3", "events.#": "2",
		"events.1":    "e2",
		"targets.#.c": `["Person","Car"]`, `targets.#(c=="Car").c`: "Car", "text": `a"b{"x":9}`, "text.x": "",
		"none": "", "no": "false", "sky": "blue",
		`a\.b`: "1", "a.b": "", "loc*.x": "0.5", "location|x": "0.5", "missing": "", "": "", "dup": "1",
		"location.": "", ".": "",
		"_type": "crop", "_instance": "Gate 1", "_time": "2026-06-19T17:13:44.026Z", "_place": "Dock",
		"_class": "Person", "_event": "e1", "_track": "t1",
		"_delay_ms": "1.5", "_ref.area_name": "Dock", "_ref._type": "event-intrusion",
		"_ref": `{"area_name":"Dock","object_class":"Person"}`, "_ref.none": "",
		"!7": "7", `!"x"`: "x", "!+x\"": "", "!-": "", "location.!+x": "", "{no,dup}": `{"no":false,"dup":1}`,
		`{"n":!x}`: "{}", "location.@this": `{"x":0.5,"deep":{"y":[1,2,3]}}`,
	} {
		if got := e.Get(path).String(); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
		if e.Get(path).Exists() != (want != "" || path == "none") {
			t.Errorf("%s: exists %v", path, e.Get(path).Exists())
		}
	}
}

func TestUnknownComputedFieldsAreRefused(t *testing.T) {
	for path, want := range map[string]string{
		"_clas": "_class", "_typ": "_type", "_ref._plce": "_place", "_": `write \_`, "_nothing_like_it": `write \_`,
		"_time.x": "_time", "_class|x": "_class",
	} {
		if _, err := ParsePath(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want something with %q", path, err, want)
		}
	}
	e := &Event{}
	e.must(t, `{"_clas":{"x":1},"_class":"own"}`)
	if e.Get(`\_clas.x`).Num != 1 || e.Get(`\_class`).Str != "own" || e.Get("_class").Exists() {
		t.Error(`\_ does not read the payload`)
	}
}

// TestNestedPathsAgreeWithGjson looks plain paths up in odd objects.
func TestNestedPathsAgreeWithGjson(t *testing.T) {
	doc := `{"o":{"x":0.5,"y":{"z":[1,{"w":2}],"":3},"x":6,"n\u0061me":"a\"b","0":"zero","t":true,"f":false,"nil":null,` +
		`"s":"1"},"a":[{"x":1},[2]],"d":{"p":{"x":1},"p":{"y":2}},"v":1,"":{"":4}}`
	e := &Event{}
	e.must(t, doc)
	for _, path := range []string{
		"o.x", "o.y", "o.y.z", "o.y.z.0", "o.y.z.1.w", "o.y.z.#", "o.y.", "o.", "o..", "o.name", "o.0", "o.t",
		"o.f", "o.nil", "o.s", "o.none", "o.x.y", "o.y.none.z",
		"d.p.x", "d.p.y", "d.p.z", "a.0", "a.0.x", "a.1.0", "a.x", "v.x", ".", "o.y.z.w", "o.x ", "o. x", "o.y.z.1",
		"o.$id",
	} {
		got, want := e.Get(path), gjson.Get(doc, path)
		if got.Raw != want.Raw || got.Str != want.Str || got.Num != want.Num || got.Type != want.Type {
			t.Errorf("%s: %#v, want %#v", path, got, want)
		}
	}
	if n := testing.AllocsPerRun(100, func() { e.Get("o.x") }); n > 1 { // ParsePath takes one
		t.Errorf("%v allocations", n)
	}
	p := MustPath("o.y.z")
	if n := testing.AllocsPerRun(100, func() { p.Of(e) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
	if !strings.HasPrefix(p.Of(e).Raw, "[1") {
		t.Error(p.Of(e).Raw)
	}
}
