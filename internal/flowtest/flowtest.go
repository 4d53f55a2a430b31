// Package flowtest contains test suites for the rules that every source and every
// encoder must follow, and helpers: sample events, a recording sink, and a network
// inside the process. Only tests import it.
package flowtest

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rtev/rtev/internal/event"
)

// Event returns an event with a payload, from an instance {ID: "i1", Name:
// "Gate"}. As in a source, "$id" and "instance_id" are added in front if they are
// missing. typ may be empty if the payload has "$id".
func Event(t testing.TB, typ, payload string) *event.Event {
	t.Helper()
	ev, err := event.New(typ, []byte(payload), &event.Instance{ID: "i1", Name: "Gate", Server: "http://nvr1:3546"})
	if err != nil {
		t.Fatalf("%v: %.200q", err, payload)
	}
	return ev
}

// Sample is a payload as a server sends it: one line, with "$id" and
// "instance_id". Name is its file's name without extension.
type Sample struct{ Name, Payload string }

// Samples returns the documented payloads in internal/event/testdata, for the
// tests of packages beside it.
func Samples(t testing.TB) []Sample {
	t.Helper()
	files, err := filepath.Glob("../event/testdata/payloads/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no sample payloads: %v", err)
	}
	var all []Sample
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var line bytes.Buffer
		if err := json.Compact(&line, text); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		typ := ""
		if !strings.Contains(line.String(), `"$id"`) {
			typ = "statistics" // of older servers
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		all = append(all, Sample{name, string(Event(t, typ, line.String()).Payload)})
	}
	return all
}

// Hostile returns JSON objects that are meant to do harm, with control and bidi
// characters, invalid UTF-8, wrong JSON types, or huge and tiny values.
func Hostile() []Sample {
	long := strings.Repeat("x", 100_000)
	return []Sample{
		{"nothing", `{}`},
		{"line ends", "{\"$id\":\"track\",\n \"area_name\":\"a\\nb\\r\\nc\",\r\n\"object_class\":\"x\\u2028y\\u0085z\"}"},
		{"escape sequences", `{"$id":"event-intrusion","area_name":"\u001b[2J\u001b]0;title\u0007",` +
			`"object_class":"\u009b31m","event_id":"\u0000\u007f\b"}`},
		{"raw C1 and DEL", "{\"$id\":\"event-intrusion\",\"area_name\":\"\xc2\x9b31m\x7f\",\"object_class\":\"\xc2\x85\"}"},
		{"bidi", "{\"$id\":\"crop\",\"area_name\":\"\\u202egpj.exe\"," +
			"\"object_class\":\"\xe2\x80\xae\xe2\x81\xa6\xd8\x9c\",\"ref_event_id\":\"\\u2066\"}"},
		{"bad UTF-8", "{\"$id\":\"event-intrusion\",\"area_name\":\"\xff\xc0\xaf\xed\xa0\x80\"," +
			"\"object_class\":\"\\ud800\",\"\xfe\":1}"},
		{"quotes and commas", `{"$id":"event-area-enter","area_name":"a,\"b\"';,","object_class":"\"","event_id":","}`},
		{"formulas", `{"$id":"event-area-enter","area_name":"=1+1",` +
			`"object_class":"@SUM(A1)","event_id":"-1","tracking_id":"\tx"}`},
		{"wrong types", `{"$id":"track","location":"here","object_class":[1,{"a":null}],` +
			`"area_name":{"x":1},"system_timestamp":"soon","events":7,"confidence":true}`},
		{"numbers", `{"$id":"track","location":{"x":1e999999,"y":-1e-999999,"width":-0,"height":0.30000000000000004},` +
			`"system_timestamp":1e300,"event_timestamp_ms":-1}`},
		{"numeric strings", `{"$id":"statistics","current_framerate":"9.94","latency":"","dropped_frames_count":"-0x1"}`},
		{"double names", `{"$id":"track","$id":"crop","area_name":"a","area_name":"b"}`},
		{"a type to fear", `{"$id":"\u001b[31mevent\nlie","x":1}`},
		{"long", `{"$id":"` + long[:300] + `","area_name":"` + long + `",` +
			`"value":"` + long + `","n":[` + strings.Repeat("1,", 50_000) + `1]}`},
		{"deep", `{"$id":"track","location":` + strings.Repeat(`{"a":`, 5_000) + `1` + strings.Repeat(`}`, 5_000) + `}`},
		{"wide", `{"$id":"track"` + strings.Repeat(`,"k":1`, 5_000) + `}`},
		{"no picture", `{"$id":"crop","image":"","confidence":"high"}`},
		{"odd picture", `{"$id":"crop","image":{"a":[1]},"ref_event_id":7}`},
		{"emoji and wide",
			`{"$id":"event-intrusion","area_name":"前門 👩‍👩‍👧 e\u0301","object_class":"Person"}`},
	}
}
