package crop

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
)

// refs is a sink that writes down the area or class of each crop's Ref.
type refs struct{ got []string }

func (r *refs) Put(ev *event.Event) error {
	if isCrop(ev) {
		ref := "none"
		if ev.Ref != nil {
			ref = ev.Ref.Get("area_name").String() + ev.Ref.Get("object_class").String()
		}
		r.got = append(r.got, ref)
	}
	return nil
}

func (r *refs) Flush() error { return nil }

// cropsOnly is a filter, which must not see what a crop is joined with.
type cropsOnly struct {
	t *testing.T
	event.Sink
}

func (c cropsOnly) Put(ev *event.Event) error {
	if ev.Ref != nil {
		c.t.Errorf("the filter sees the Ref of %s", ev.Type)
	}
	if !isCrop(ev) {
		return nil
	}
	return c.Sink.Put(ev)
}

// Crops are joined with events that a filter drops.
func TestJoiner(t *testing.T) {
	var to refs
	j := NewJoiner(func(to event.Sink) event.Sink { return cropsOnly{t, to} }, &to)
	now := time.UnixMilli(first)
	put := func(typ, payload string) {
		t.Helper()
		ev := flowtest.Event(t, typ, payload)
		ev.Received = now
		if err := j.Put(ev); err != nil || ev.Ref != nil {
			t.Fatalf("%v, Ref %v", err, ev.Ref)
		}
	}
	put("crop", "{"+ofBoth[1:]+"}")
	put("track", track)
	put("crop", "{"+ofBoth[1:]+"}")
	put("event-intrusion", intrusion)
	put("event-intrusion-end", ended)
	put("crop", "{"+ofBoth[1:]+"}")
	now = now.Add(maxAge + time.Second)
	put("event-intrusion", `{"event_id":"e2"}`)
	put("crop", "{"+ofEvent[1:]+"}")
	if got := strings.Join(to.got, " "); got != "none Vehicle DockPerson none" {
		t.Errorf("got %q", got)
	}
	long := strings.Repeat("x", 10_000)
	for i := range 5000 {
		put("track", fmt.Sprintf(`{"tracking_id":"t%d"}`, i))
		put("event-x", fmt.Sprintf(`{"event_id":"x%d","a":"%s"}`, i, long))
	}
	if j.tracks.bytes > joinerBytes || j.events.bytes > joinerBytes || len(j.tracks.entries) > joinerEntries || len(j.events.entries) > joinerEntries {
		t.Errorf("%d and %d bytes, %d and %d entries", j.tracks.bytes, j.events.bytes, len(j.tracks.entries), len(j.events.entries))
	}
}
