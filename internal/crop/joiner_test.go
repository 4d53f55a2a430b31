package crop

import (
	"strings"
	"testing"

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
	put := func(typ, payload string) {
		t.Helper()
		ev := flowtest.Event(t, typ, payload)
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
	put("event-intrusion", `{"event_id":"e2"}`)
	put("crop", "{"+ofTrack[1:]+"}")
	put("crop", `{"ref_event_id":"e3"}`)
	if got := strings.Join(to.got, " "); got != "none Vehicle DockPerson Vehicle none" {
		t.Errorf("got %q", got)
	}
}
