package simulator

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// produce runs a scene for some time.
func produce(seed uint64, base time.Time, d time.Duration) []item {
	s := newScene(&instance{Instance: Fleet(1)[0]}, seed, base)
	var items []item
	for {
		it := s.next()
		if it.at >= d {
			return items
		}
		items = append(items, it)
	}
}

func noon() time.Time { return time.Date(2026, 6, 19, 12, 0, 0, 0, time.UTC) }

func TestSameSeedSameEvents(t *testing.T) {
	a, b := produce(7, noon(), 5*time.Minute), produce(7, noon(), 5*time.Minute)
	if len(a) != len(b) {
		t.Fatalf("%d and %d events", len(a), len(b))
	}
	for i := range a {
		if x, y := a[i].payload, b[i].payload; !bytes.Equal(x, y) || a[i].at != b[i].at {
			t.Fatalf("event %d:\n%.300s\n%.300s", i, x, y)
		}
	}
	if c := produce(8, noon(), time.Minute); bytes.Equal(c[5].payload, a[5].payload) {
		t.Error("another seed produces the same")
	}
}

func TestOnlyWallClockFollowsTheBase(t *testing.T) {
	a, b := produce(7, noon(), time.Minute), produce(7, noon().Add(time.Hour), time.Minute)
	for i := range a {
		x, y := decode[map[string]any](t, string(a[i].payload)), decode[map[string]any](t, string(b[i].payload))
		for _, v := range []map[string]any{x, y} {
			delete(v, "system_datetime")
			delete(v, "start_time")
		}
		later, err := y["system_timestamp"].(json.Number).Int64()
		if err != nil {
			t.Fatal(err)
		}
		y["system_timestamp"] = json.Number(strconv.FormatInt(later-3600_000, 10))
		if p, q := string(marshal(x)), string(marshal(y)); p != q {
			t.Fatalf("event %d:\n%.300s\n%.300s", i, p, q)
		}
	}
}

// story holds the members of an event that tests check.
type story struct {
	Type     string `json:"$id"`
	Event    string `json:"event_id"`
	Ref      string `json:"ref_event_id"`
	Track    string `json:"tracking_id"`
	RefTrack string `json:"ref_tracking_id"`
	Media    int64  `json:"event_timestamp_ms"`
	Duration *int64 `json:"event_duration_ms"`
	System   int64  `json:"system_timestamp"`
	Image    string `json:"image"`
	Events   []string
	Targets  []struct {
		Track string `json:"ref_tracking_id"`
	}
}

func stories(t *testing.T, items []item) []story {
	t.Helper()
	var list []story
	for _, it := range items {
		s := decode[story](t, string(it.payload))
		if s.Type != it.typ {
			t.Fatalf("%s in the payload of %s", s.Type, it.typ)
		}
		list = append(list, s)
	}
	return list
}

func TestReferences(t *testing.T) {
	list := stories(t, produce(1, noon(), 10*time.Minute))
	begun := map[string]story{}
	for _, s := range list {
		if s.Event != "" && !strings.HasSuffix(s.Type, "-end") {
			if _, twice := begun[s.Event]; twice {
				t.Errorf("event id %s twice", s.Event)
			}
			begun[s.Event] = s
		}
	}
	tracked := map[string]bool{}
	ended := map[string]bool{}
	cropBefore, cropAfter := 0, 0
	seen := map[string]bool{}
	for _, s := range list {
		seen[s.Event] = true
		tracked[s.Track] = true
		switch {
		case strings.HasSuffix(s.Type, "-end"):
			b, ok := begun[s.Event]
			if !ok || b.Type+"-end" != s.Type || s.Duration == nil || *s.Duration != s.Media-b.Media || *s.Duration <= 0 ||
				ended[s.Event] {
				t.Errorf("%+v does not end %+v", s, b)
			}
			ended[s.Event] = true
		case s.Type == "crop":
			b, ok := begun[s.Ref]
			if !ok || b.RefTrack != s.RefTrack || b.Media != s.Media {
				t.Errorf("crop of %q, %+v", s.Ref, b)
			}
			if seen[s.Ref] {
				cropAfter++
			} else {
				cropBefore++
			}
		}
	}
	for _, s := range list {
		if s.RefTrack != "" && !tracked[s.RefTrack] && s.System < list[len(list)-1].System-1000 {
			t.Errorf("%s refers to a track that was never sent", s.Type)
		}
		for _, target := range s.Targets {
			if !tracked[target.Track] {
				t.Errorf("a target that was never sent")
			}
		}
		for _, id := range s.Events {
			if _, ok := begun[id]; !ok {
				t.Errorf("a track with an unknown event %s", id)
			}
		}
	}
	if cropBefore == 0 || cropAfter == 0 {
		t.Errorf("crops before their event: %d, after: %d", cropBefore, cropAfter)
	}
	open := 0
	for id, s := range begun {
		if slices.Contains([]string{"event-intrusion", "event-loitering", "event-armed-person", "event-fallen-person"},
			s.Type) && !ended[id] {
			open++
		}
	}
	if open > 8 {
		t.Errorf("%d events have no end", open)
	}
}

// TestShapes compares keys and JSON types with the samples.
func TestShapes(t *testing.T) {
	made := map[string]map[string]any{}
	for _, it := range produce(3, noon(), 2*sceneLength*time.Millisecond) {
		if made[it.typ] != nil {
			continue
		}
		made[it.typ] = decode[map[string]any](t, string(it.payload))
		if names := keys(t, it.payload); !slices.IsSorted(names) {
			t.Errorf("keys of %s: %v", it.typ, names)
		}
	}
	samples, err := filepath.Glob("../event/testdata/payloads/*.json")
	if err != nil || len(samples) < 20 {
		t.Fatal(samples, err)
	}
	for _, name := range samples {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(name, "legacy") {
			continue
		}
		want := decode[map[string]any](t, string(data))
		typ := want["$id"].(string)
		got, ok := made[typ]
		if !ok {
			t.Errorf("%s never happens", typ)
			continue
		}
		if w, g := shape(want), shape(got); w != g {
			t.Errorf("%s:\nwant %s\ngot  %s", typ, w, g)
		}
	}
	if targets, _ := made["event-crowd-detection"]["targets"].([]any); len(targets) < 3 {
		t.Errorf("a crowd of %d", len(targets))
	}
}

// shape is the keys and JSON types of a value; of an array, its first element's.
func shape(v any) string {
	switch v := v.(type) {
	case map[string]any:
		var parts []string
		for k, e := range v {
			parts = append(parts, k+":"+shape(e))
		}
		slices.Sort(parts)
		return "{" + strings.Join(parts, ",") + "}"
	case []any:
		if len(v) == 0 {
			return "[]"
		}
		return "[" + shape(v[0]) + "]"
	case json.Number:
		if strings.Contains(v.String(), ".") {
			return "double"
		}
		return "integer"
	}
	return fmt.Sprintf("%T", v)
}

// keys are the top-level keys in their order.
func keys(t *testing.T, payload []byte) []string {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(payload))
	var list []string
	if _, err := dec.Token(); err != nil {
		t.Fatal(err)
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, key.(string))
		var v json.RawMessage
		if err := dec.Decode(&v); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func TestPicturesAreJPEGFiles(t *testing.T) {
	seen := map[string]bool{}
	for _, it := range produce(2, noon(), 10*time.Minute) {
		if it.typ != "crop" {
			continue
		}
		s := decode[story](t, string(it.payload))
		file, err := base64.StdEncoding.DecodeString(s.Image)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Image) < 30_000 || len(s.Image) > 60_000 {
			t.Errorf("%d bytes", len(s.Image))
		}
		if _, err := jpeg.Decode(bytes.NewReader(file)); err != nil {
			t.Error(err)
		}
		if !bytes.HasSuffix(file, []byte{0xFF, 0xD9}) || seen[s.Image] {
			t.Error("no end marker, or the same bytes twice")
		}
		seen[s.Image] = true
	}
	if len(seen) < 20 {
		t.Errorf("%d pictures in ten minutes", len(seen))
	}
}

// TestPace checks that something happens within the first second, but not too
// much in a minute.
func TestPace(t *testing.T) {
	for seed := range uint64(20) {
		first, events := time.Hour, 0
		for i, in := range Fleet(3) {
			s := newScene(&instance{Instance: in, order: i}, seed, noon())
			for it := s.next(); it.at < time.Minute; it = s.next() {
				if strings.HasPrefix(it.typ, "event-") {
					events++
					first = min(first, it.at)
				}
			}
		}
		if first > time.Second {
			t.Errorf("seed %d: the first event comes after %v", seed, first)
		}
		if events < 15 || events > 150 {
			t.Errorf("seed %d: %d events in a minute", seed, events)
		}
	}
}

func TestTenTracksPerSecond(t *testing.T) {
	age := map[string]int64{}
	for _, it := range produce(4, noon(), 10*time.Minute) {
		if it.typ != "track" {
			continue
		}
		v := decode[struct {
			Track string `json:"tracking_id"`
			Age   int64  `json:"age_ms"`
		}](t, string(it.payload))
		if last, ok := age[v.Track]; ok && v.Age != last+100 {
			t.Fatalf("a track of age %d after %d", v.Age, last)
		}
		age[v.Track] = v.Age
	}
	if len(age) < 20 {
		t.Errorf("%d objects in ten minutes", len(age))
	}
}

func TestRateSpacesEvents(t *testing.T) {
	s := newScene(&instance{Instance: Fleet(1)[0]}, 1, noon())
	s.rate = 50
	for i := range 200 {
		it := s.next()
		if want := time.Duration(i+1) * 20 * time.Millisecond; it.at != want {
			t.Fatalf("event %d after %v, want %v", i, it.at, want)
		}
		if got := stories(t, []item{it})[0].System; got != noon().Add(it.at).UnixMilli() {
			t.Fatalf("event %d says %d", i, got)
		}
	}
}
