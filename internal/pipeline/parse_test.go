package pipeline

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
)

// Each letter of want is one of the events below; those that are missing were
// dropped.
func TestParseCooldownGroups(t *testing.T) {
	one, two := &event.Instance{ID: "1", Name: "Gate"}, &event.Instance{ID: "2", Name: "Dock"}
	events := []struct {
		letter   string
		instance *event.Instance
		typ      string
		payload  string
	}{
		{"a", one, "event-intrusion", `{"area_name":"Yard","object_class":"Person"}`},
		{"b", one, "event-intrusion", `{"area_name":"Yard","object_class":"Person","n":1}`},
		{"c", one, "event-intrusion", `{"area_name":"Yard","object_class":"Vehicle","n":"1"}`},
		{"d", two, "event-intrusion", `{"area_name":"Yard","object_class":"Person"}`},
		{"e", one, "event-line-crossing", `{"tripwire_name":"Yard","object_class":"Person"}`},
		{"f", one, "track", `{"tracking_id":"t1","object_class":"Person"}`},
		{"g", one, "track", `{"tracking_id":"t2","object_class":"Person"}`},
		{"h", one, "track", `{"tracking_id":"t1","object_class":"Vehicle"}`},
		{"i", two, "track", `{"tracking_id":"t1"}`},
		{"j", one, "track", `{}`},
		{"k", one, "track", `{}`},
		{"l", one, "statistics", `{}`},
		{"m", one, "statistics", `{}`},
	}
	for _, tc := range []struct{ cooldown, want string }{
		{"30s", "acdefgijkl"},
		{"0", "abcdefghijklm"},
		{"0:_place", "abcdefghijklm"},
		{"1h:_place", "afghijklm"},
		{"1h:_place, _class", "acfhijklm"},
		{"1h:_type", "aefl"},
		{"1h:_instance", "ad"},
		{"1h:n", "abdefghijklm"},
		{"tracks", "abcdefgijklm"},
	} {
		c, err := ParseCooldown(tc.cooldown)
		if tc.cooldown == "tracks" {
			c, err = NewTrackCooldown(time.Minute), nil
		}
		if err != nil {
			t.Errorf("%s: %v", tc.cooldown, err)
			continue
		}
		got := ""
		for _, e := range events {
			to := &flowtest.Collect{}
			ev := flowtest.Event(t, e.typ, e.payload)
			ev.Instance, ev.Received = e.instance, time.Now()
			if err := through(c, to).Put(ev); err != nil {
				t.Fatal(err)
			}
			got += strings.Repeat(e.letter, len(to.Taken()))
		}
		if got != tc.want {
			t.Errorf("%s: %s pass, want %s", tc.cooldown, got, tc.want)
		}
	}
}

func TestParseCooldownErrors(t *testing.T) {
	for text, want := range map[string]string{
		"":           `"" is not a duration such as 30s`,
		"30":         `"30" is not a duration such as 30s`,
		":_place":    `"" is not a duration`,
		"-1s":        "-1s: the duration must not be negative",
		"30s:":       `"30s:": a field is empty`,
		"30s:_x,":    "_x",
		"30s:_plase": "_place",
	} {
		if _, err := ParseCooldown(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// A track that is updated ten times a second for 12 s is three lines.
func TestTrackCooldownFoldsUpdates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &folds{}
		chain := through(NewTrackCooldown(5*time.Second), to)
		for range 120 {
			ev := flowtest.Event(t, "track", `{"tracking_id":"t1"}`)
			ev.Received = time.Now()
			if err := chain.Put(ev); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if got := fmt.Sprint(to.all); got != "[track+0 track+49 track+49]" {
			t.Errorf("got %s", got)
		}
	})
}

func TestGroupsAllocateNothing(t *testing.T) {
	ev := flowtest.Event(t, "event-intrusion", `{"area_name":"Yard","object_class":"Person"}`)
	ev.Instance = &event.Instance{ID: "1", Name: "Gate"}
	chain := through(&Cooldown{period: time.Nanosecond}, nowhere{})
	if n := testing.AllocsPerRun(100, func() { _ = chain.Put(ev) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
