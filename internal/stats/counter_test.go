package stats

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/event"
)

func TestDroppedFramesSinceReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, k := New(Options{}), &recorder{}
		f := newFeed(t, c, gate)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- report(ctx, c, time.Second, k.Print) }()
		for _, total := range []string{`"12"`, `15`, `"15.0"`, `40`, `"7"`, `10`, `"many"`, `-3`, `1e300`, `null`} {
			time.Sleep(500 * time.Millisecond)
			f.put("statistics", 0, `,"dropped_frames_count":`+total)
			time.Sleep(500*time.Millisecond + 1)
		}
		cancel()
		<-done
		var since []float64
		for _, s := range k.all[:len(k.all)-1] {
			since = append(since, s.Instances[0].Engine.DroppedSince)
		}
		if want := []float64{0, 3, 0, 25, 7, 3, 0, 0, 0, 0}; !slices.Equal(since, want) {
			t.Errorf("%v, want %v", since, want)
		}
		if got := k.all[len(k.all)-1].Instances[0].Engine.Dropped; got != 38 {
			t.Errorf("%v in all, want 38", got)
		}
	})
}

func TestOpenEvents(t *testing.T) {
	c := New(Options{Wanted: func(typ string) bool { return typ != "event-loitering-end" }})
	f := newFeed(t, c, gate)
	begin := func(typ, id, place string) {
		f.put(typ, 0, fmt.Sprintf(`,"event_id":%q,"area_name":%q`, id, place))
	}
	end := func(typ, id string, ms string) {
		f.put(typ+"-end", 0, fmt.Sprintf(`,"event_id":%q,"event_duration_ms":%s`, id, ms))
	}
	begin("event-intrusion", "a", "Dock")
	begin("event-intrusion", "a", "Dock") // the same event again
	begin("event-intrusion", "b", "Dock")
	begin("event-intrusion", "c", "Yard")
	begin("event-intrusion", "", "Yard")       // without an id it cannot end
	begin("event-area-enter", "x", "Dock")     // has no end
	begin("event-loitering", "l", "Dock")      // its end is not wanted
	begin("event-armed-person", "gun", "Gate") // same id as an end of another type
	end("event-intrusion", "b", "8400")
	end("event-intrusion", "unseen", `"1600"`) // begun before this run
	end("event-fallen-person", "gun", "22000")
	end("event-novel", "n", "5") // a type that is not known
	begin("event-novel", "m", "Roof")
	in := c.Snapshot("").Instances[0]
	if want := []OpenEvent{{"event-armed-person", "Gate", 1}, {"event-intrusion", "Dock", 1},
		{"event-intrusion", "Yard", 1}, {"event-novel", "Roof", 1}}; !slices.Equal(in.OpenEvents, want) {
		t.Errorf("open: %v, want %v", in.OpenEvents, want)
	}
	var ended []string
	for _, e := range in.Ended {
		ended = append(ended, fmt.Sprintf("%s %d max %g", e.Type, e.Count, e.Duration.Max))
	}
	if want := []string{"event-fallen-person 1 max 22000", "event-intrusion 2 max 8400",
		"event-novel 1 max 5"}; !slices.Equal(ended, want) {
		t.Errorf("ended: %q, want %q", ended, want)
	}
	if in.Open != 4 {
		t.Errorf("%d open, want 4", in.Open)
	}
}

func TestGroups(t *testing.T) {
	c := New(Options{By: event.MustPath("v")})
	f := newFeed(t, c, gate)
	for _, v := range []string{`"a"`, `"a"`, `1`, `1`, `1.5`, `"1"`, `true`, `null`, `""`, `{"x":1}`, `[1]`,
		`"\u0061"`} {
		f.put("track", 0, `,"v":`+v)
	}
	f.put("statistics", 0, "")
	var got []string
	for _, g := range c.Snapshot("").Groups {
		got = append(got, fmt.Sprintf("%s=%d", g.Value, g.Events))
	}
	if want := []string{"(none)=3", "1=3", "a=3", "1.5=1", "[1]=1", "true=1", `{"x":1}=1`}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestRecording(t *testing.T) {
	c := New(Options{Recorded: true})
	f := newFeed(t, c, gate)
	start := time.Date(2026, 6, 19, 17, 0, 0, 0, time.UTC)
	for i := range 601 {
		at := start.Add(time.Duration(i) * 100 * time.Millisecond)
		f.raw("track", "", fmt.Sprintf(`{"instance_id":"x","system_timestamp":%d}`, at.UnixMilli()), time.Time{})
	}
	f.raw("statistics", "", `{"instance_id":"x","current_framerate":"9.94"}`, time.Time{}) // has no time
	c.Notice(event.Notice{Kind: event.Skipped})
	s := c.Snapshot("")
	in := s.Instances[0]
	for _, tc := range []struct {
		what      string
		got, want any
	}{
		{"start", s.Start, start}, {"end", s.Time, start.Add(time.Minute)}, {"elapsed", s.Elapsed, 60.0},
		{"events", s.Events, uint64(602)},
		{"rate", s.Rate, 10.033}, {"now", in.Now, 10.0}, {"minute", in.Minute, 10.0}, {"delay", in.Delay, (*Dist)(nil)},
		{"state", in.State, Recorded}, {"silent", in.Silent, false}, {"last", in.Last, start.Add(time.Minute)},
		{"skipped", s.Skipped, uint64(1)},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %v, want %v", tc.what, tc.got, tc.want)
		}
	}
}

func TestRecordingWithoutEvents(t *testing.T) {
	s := New(Options{Recorded: true}).Snapshot("")
	if now := time.Now(); s.Time != s.Start || s.Time.Nanosecond() != 0 || now.Sub(s.Time) > time.Minute ||
		s.Elapsed != 0 {
		t.Errorf("from %v to %v", s.Start, s.Time)
	}
}

func TestWindowForgets(t *testing.T) {
	var w window
	w.add(100, 1)
	w.add(30, 5) // no longer remembered
	w.add(40, 2)
	if n := w.sum(30, 101); n != 3 {
		t.Errorf("%d, want 3", n)
	}
	w.add(1000, 1)
	if n := w.sum(30, 1001); n != 1 {
		t.Errorf("%d, want 1", n)
	}
}

func TestRates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Options{})
		f := newFeed(t, c, gate)
		second := func(events int) Instance {
			for range events {
				time.Sleep(time.Second / time.Duration(events+1))
				f.put("track", 0, "")
			}
			time.Sleep(time.Second - time.Duration(events)*(time.Second/time.Duration(events+1)))
			return c.Snapshot("").Instances[0]
		}
		if in := second(10); in.Now != 10 || in.Minute != 10 {
			t.Errorf("after a second: %g now, %g a minute", in.Now, in.Minute)
		}
		for range 59 {
			second(10)
		}
		if in := second(70); in.Now != 22 || in.Minute != 11 {
			t.Errorf("after a busy second: %g now, %g a minute", in.Now, in.Minute)
		}
		time.Sleep(10 * time.Second)
		if in := c.Snapshot("").Instances[0]; in.Now != 0 || in.Minute != round(560.0/60) {
			t.Errorf("after ten quiet seconds: %g now, %g a minute", in.Now, in.Minute)
		}
		time.Sleep(time.Hour)
		if in := c.Snapshot("").Instances[0]; in.Now != 0 || in.Minute != 0 {
			t.Errorf("after an hour: %g now, %g a minute", in.Now, in.Minute)
		}
	})
}
