package crop

import (
	"strings"
	"testing"

	"github.com/rtev/rtev/internal/flowtest"
)

// A crop is joined with what was seen before it.
func TestJoiner(t *testing.T) {
	var j Joiner
	var got []string
	put := func(typ, payload string) {
		t.Helper()
		ev := flowtest.Event(t, typ, payload)
		if !j.See(ev) || ev.Ref != nil || !j.Join(ev) {
			t.Fatalf("Ref is %v", ev.Ref)
		}
		switch {
		case ev.Ref != nil:
			got = append(got, ev.Ref.Get("area_name").String()+ev.Ref.Get("object_class").String())
		case typ == "crop":
			got = append(got, "none")
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
	if got := strings.Join(got, " "); got != "none Vehicle DockPerson Vehicle none" {
		t.Errorf("got %q", got)
	}
}
