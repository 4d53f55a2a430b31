package event

import (
	"testing"
	"time"
)

func TestPaths(t *testing.T) {
	ref := &Event{Type: "event-intrusion"}
	ref.set([]byte(`{"area_name":"Dock","object_class":"Person"}`))
	e := &Event{Type: "crop", Instance: &Instance{Name: "Gate 1"}, Received: time.UnixMilli(1781889224027).Add(500 * time.Microsecond), Ref: ref}
	e.set([]byte(`{"$id":"crop","a.b":1,"location":{"x":0.5,"deep":{"y":[1,2,3]}},"events":["e1","e2"],"targets":[{"c":"Person"},{"c":"Car"}],
		"text":"a\"b{\"x\":9}","none":null,"no":false,"sk\u0079":"blue","tracking_id":"","ref_tracking_id":"t1","ref_event_id":"e1",
		"system_timestamp":"1781889224026","dup":1,"dup":2}`))
	for path, want := range map[string]string{
		"$id": "crop", "location.x": "0.5", "location.deep.y.1": "2", "location.deep.y.#": "3", "events.#": "2", "events.1": "e2",
		"targets.#.c": `["Person","Car"]`, `targets.#(c=="Car").c`: "Car", "text": `a"b{"x":9}`, "text.x": "", "none": "", "no": "false", "sky": "blue",
		`a\.b`: "1", "a.b": "", "loc*.x": "0.5", "location|x": "0.5", "missing": "", "": "", "dup": "1", "location.": "", ".": "",
		"_type": "crop", "_instance": "Gate 1", "_time": "2026-06-19T17:13:44.026Z", "_place": "Dock", "_class": "Person", "_event": "e1", "_track": "t1",
		"_delay_ms": "1.5", "_ref.area_name": "Dock", "_ref._type": "event-intrusion", "_ref": "", "_ref.none": "", "_none": "",
		"!7": "7", `!"x"`: "x", "!+x\"": "", "!-": "", "location.!+x": "", "{no,dup}": `{"no":false,"dup":1}`, `{"n":!x}`: "{}", "location.@this": `{"x":0.5,"deep":{"y":[1,2,3]}}`,
	} {
		if got := e.Get(path).String(); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
		if e.Get(path).Exists() != (want != "" || path == "none") {
			t.Errorf("%s: exists %v", path, e.Get(path).Exists())
		}
	}
}

func TestTimeAndDelayAreMissingWhereTheyAreNotKnown(t *testing.T) {
	for _, payload := range []string{`{}`, `{"system_timestamp":"soon"}`, `{"system_timestamp":""}`, `{"system_timestamp":1e300}`, `{"system_timestamp":"NaN"}`, `{"system_timestamp":"0x10"}`, `{"system_timestamp":[]}`} {
		e := &Event{Received: time.UnixMilli(1)}
		e.set([]byte(payload))
		if e.Get("_time").Exists() || e.Get("_delay_ms").Exists() {
			t.Errorf("%s has a time", payload)
		}
	}
	e := &Event{}
	e.set([]byte(`{"system_timestamp":1}`))
	if e.Get("_delay_ms").Exists() {
		t.Error("a recorded event has a delay")
	}
}

func TestEveryListedFieldIsComputed(t *testing.T) {
	for _, f := range Fields() {
		if _, ok := fields[f.Name]; !ok && f.Name != "_ref" {
			t.Errorf("%s is listed but not computed", f.Name)
		}
	}
	if len(Fields()) != len(fields)+1 {
		t.Error("a computed field is not listed")
	}
}
