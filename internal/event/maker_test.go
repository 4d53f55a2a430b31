package event

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rtev/rtev/internal/jsonraw"
)

// collect is a sink that keeps copies of events.
type collect struct {
	types, payloads, ids []string
}

func (c *collect) Put(e *Event) error {
	c.types = append(c.types, strings.Clone(e.Type))
	c.payloads = append(c.payloads, string(e.Payload))
	c.ids = append(c.ids, strings.Clone(e.ID))
	return nil
}

func (c *collect) Flush() error { return nil }

func TestRecordFramings(t *testing.T) {
	const gate = "899c89f9-90c3-c633-8586-8f09b005ebed"
	whole := `{"$id":"track","instance_id":"` + gate + `","n":1}`
	for _, tc := range []struct {
		name, typ, data string
		want            []string // type, space, payload
		bad             int
	}{
		{"payload as it stands", "track", whole, []string{"track " + whole}, 0},
		{"type from $id", "", whole, []string{"track " + whole}, 0},
		{"the record's type wins", "event-x", whole, []string{"event-x " + whole}, 0},
		{"white space is kept", "track", " " + whole + "\t", []string{"track  " + whole + "\t"}, 0},
		{"line ends become blanks", "track", "{\"$id\":\"track\",\n\"instance_id\":\"x\"}",
			[]string{`track {"$id":"track", "instance_id":"x"}`}, 0},
		{"nothing known", "", `{"a":1,"instance_id":"x"}`, []string{`unknown {"a":1,"instance_id":"x"}`}, 0},
		{"id and instance in front", "statistics", `{"latency":"38.2"}`,
			[]string{`statistics {"$id":"statistics","instance_id":"` + gate + `","latency":"38.2"}`}, 0},
		{"in front of an empty object", "x", ` { }`, []string{`x {"$id":"x","instance_id":"` + gate + `" }`}, 0},
		{"in front of a name with an escape", "x", `{"\u0061":1}`,
			[]string{`x {"$id":"x","instance_id":"` + gate + `","\u0061":1}`}, 0},
		{"a type that needs quoting", "a\"b\\\x01", `{}`,
			[]string{"a\"b\\\x01 " + `{"$id":"a\"b\\\u0001","instance_id":"` + gate + `"}`}, 0},
		{"item", "", `{"dataType":"track","jsonObject":"{\"$id\":\"track\",\"instance_id\":\"\u00e9\\n\"}"}`,
			[]string{`track {"$id":"track","instance_id":"é\n"}`}, 0},
		{"older item", "", `{"object":"{\"a\":1}","type":"statistics"}`,
			[]string{`statistics {"$id":"statistics","instance_id":"` + gate + `","a":1}`}, 0},
		{"item without a type", "", `{"jsonObject":"{\"$id\":\"crop\",\"instance_id\":\"x\"}"}`,
			[]string{`crop {"$id":"crop","instance_id":"x"}`}, 0},
		{"item with the object itself", "", `{"type":"x","object":{"instance_id":"x"}}`,
			[]string{`x {"$id":"x","instance_id":"x"}`}, 0},
		{"array of items", "", `[{"type":"a","object":"{\"instance_id\":1}"} , {"type":"b","object":"{\"instance_id\":2}"}]`,
			[]string{`a {"$id":"a","instance_id":1}`, `b {"$id":"b","instance_id":2}`}, 0},
		{"array of payloads", "", "[" + whole + "," + whole + "]", []string{"track " + whole, "track " + whole}, 0},
		{"broken item in an array costs only itself", "",
			`[{"type":"a","object":"{"},{"type":"b","object":"{\"instance_id\":2}"},7]`,
			[]string{`b {"$id":"b","instance_id":2}`}, 2},
		{"array cut off", "", `[{"type":"b","object":"{\"instance_id\":2}"},{"typ`,
			[]string{`b {"$id":"b","instance_id":2}`}, 1},
		{"not JSON", "track", `<html>`, nil, 1},
		{"not an object", "track", `42`, nil, 1},
		{"half an object", "track", `{"a":1`, nil, 1},
		{"two objects", "track", `{} {}`, nil, 1},
		{"nothing", "track", ``, nil, 1},
		{"empty array", "track", `[]`, nil, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bad, got := 0, &collect{}
			m := Maker{Instance: &Instance{ID: gate}, Bad: func([]byte) { bad++ }}
			if err := m.Record([]byte(tc.typ), []byte("7"), []byte(tc.data), time.Time{}, got); err != nil {
				t.Fatal(err)
			}
			var lines []string
			for i := range got.types {
				lines = append(lines, got.types[i]+" "+got.payloads[i])
				if got.ids[i] != "7" {
					t.Errorf("id %q, want 7", got.ids[i])
				}
			}
			if strings.Join(lines, "\n") != strings.Join(tc.want, "\n") || bad != tc.bad {
				t.Errorf("got %q and %d bad, want %q and %d", lines, bad, tc.want, tc.bad)
			}
		})
	}
}

func TestRecordKeepsBytes(t *testing.T) {
	files, _ := filepath.Glob("testdata/payloads/*.json")
	if len(files) < 20 {
		t.Fatalf("%d samples", len(files))
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		got := &collect{}
		m := Maker{}
		want := strings.ReplaceAll(string(data), "\n", " ")
		if err := m.Record(nil, nil, data, time.Time{}, got); err != nil || len(got.payloads) != 1 ||
			got.payloads[0] != want {
			t.Errorf("%s: %v, %q", file, err, got.payloads)
		}
	}
}

func TestRecordAllocatesNothing(t *testing.T) {
	data := []byte(`{"$id":"track","instance_id":"x","location":{"x":0.25,"y":1e-3},"events":["a","b"]}`)
	m, typ, id, to := Maker{}, []byte("track"), []byte("1"), drop{}
	path, place := MustPath("location.x"), MustPath("_place")
	n := testing.AllocsPerRun(100, func() {
		if m.Record(typ, id, data, time.Time{}, to) != nil || path.Of(&m.ev).Num != 0.25 || place.Of(&m.ev).Exists() {
			t.Error("wrong")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations a record", n)
	}
}

type drop struct{}

func (drop) Put(*Event) error { return nil }
func (drop) Flush() error     { return nil }

// A sink may have joined or folded the event before.
func TestRecordStartsAfresh(t *testing.T) {
	var m Maker
	to := &collect{}
	for range 2 {
		if err := m.Record(nil, nil, []byte(`{"a":1}`), time.Time{}, to); err != nil {
			t.Fatal(err)
		}
		if m.ev.Ref != nil || m.ev.Folded != 0 {
			t.Errorf("Ref %v, Folded %d", m.ev.Ref, m.ev.Folded)
		}
		m.ev.Ref, m.ev.Folded = &Event{}, 7
	}
}

func TestNewAndClone(t *testing.T) {
	gate := &Instance{ID: "i1", Name: "Gate"}
	e, err := New("", []byte(`{"$id":"track","n":1}`), gate)
	if err != nil || e.Type != "track" || string(e.Payload) != `{"instance_id":"i1","$id":"track","n":1}` {
		t.Fatalf("%v %+v", err, e)
	}
	c := e.Clone()
	for i := range e.Payload {
		e.Payload[i] = 'x'
	}
	if c.Get("n").Num != 1 || c.Instance != gate {
		t.Error("the copy does not own its bytes")
	}
	if _, err := New("x", []byte(`[1]`), gate); err != jsonraw.ErrNotObject {
		t.Errorf("got %v, want %v", err, jsonraw.ErrNotObject)
	}
}

func TestKnownTypesAllocateNothing(t *testing.T) {
	m := Maker{}
	types := [][]byte{[]byte("track"), []byte("event-intrusion"), []byte("crop")}
	data := []byte(`{"$id":"x","instance_id":"x"}`)
	records := func() {
		for _, typ := range types {
			if err := m.Record(typ, nil, data, time.Time{}, drop{}); err != nil || m.ev.Type != string(typ) {
				t.Fatalf("%v, type %q, want %q", err, m.ev.Type, typ)
			}
		}
	}
	records()
	if n := testing.AllocsPerRun(100, records); n != 0 {
		t.Errorf("%v allocations", n)
	}
	kept := m.ev.Type
	copy(types[2], "xxxx")
	if kept != "crop" {
		t.Errorf("a type changed to %q", kept)
	}
}

func TestMakerReleasesLargeBuffers(t *testing.T) {
	m := Maker{Instance: &Instance{ID: "i"}, Bad: func([]byte) {}}
	large := `{"dataType":"t` + strings.Repeat("\u0061", 1<<20) + `","jsonObject":"{\"a\":\"` +
		strings.Repeat("x", 4<<20) + `\"}"}`
	for _, data := range []string{large,
		`{"dataType":"t","jsonObject":"{\"a\":` + strings.Repeat("x", 4<<20) + `}"}`, large[:len(large)-1]} {
		if err := m.Record(nil, nil, []byte(data), time.Time{}, drop{}); err != nil {
			t.Fatal(err)
		}
		if n := cap(m.inner) + cap(m.front) + cap(m.typ) + cap(m.quoted); n > keepBuffer {
			t.Errorf("buffers of %d bytes are kept", n)
		}
	}
}
