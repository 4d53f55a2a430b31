package stats

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
)

func TestOpenEventsBeyondLimit(t *testing.T) {
	c := New(Options{})
	f := newFeed(t, c, gate)
	for i := range maxOpen + 50 {
		f.put("event-intrusion", 0, fmt.Sprintf(`,"event_id":"e%d","area_name":"place %d"`, i, i%100))
	}
	in := c.Snapshot("").Instances[0]
	if in.Open != maxOpen || in.OpenEvents[99] != (OpenEvent{"event-intrusion", "place 99", maxOpen / 100}) {
		t.Errorf("%d open in %d places, last %v", in.Open, len(in.OpenEvents), in.OpenEvents[99])
	}
	for i := range maxOpen + 50 {
		f.put("event-intrusion-end", 0, fmt.Sprintf(`,"event_id":"e%d","event_duration_ms":1`, i))
	}
	if in := c.Snapshot("").Instances[0]; in.Open != 0 || len(in.OpenEvents) != 0 || in.Ended[0].Count != maxOpen+50 {
		t.Errorf("%d open, %v, %d ended", in.Open, in.OpenEvents, in.Ended[0].Count)
	}
}

func TestGroupsBeyondLimit(t *testing.T) {
	c := New(Options{By: event.MustPath("_track")})
	s := c.Sink(unfiltered)
	var events uint64
	put := func(id int) {
		ev, err := event.New("track", fmt.Appendf(nil, `{"$id":"type-%d","tracking_id":"t%d"}`, id, id), gate)
		check(t, err)
		ev.Type = fmt.Sprintf("type-%d", id)
		ev.Received = time.Now()
		events++
		check(t, s.Put(ev))
	}
	for id := range 100_000 {
		put(id)
	}
	snap := c.Snapshot("")
	if n := len(snap.Groups); n != maxGroups+1 || snap.Groups[0].Value != other ||
		snap.Groups[0].Events != events-maxGroups {
		t.Errorf("%d groups, the first %s with %d of %d events", n, snap.Groups[0].Value, snap.Groups[0].Events, events)
	}
	if n := len(c.order[0].types); n != maxGroups+1 { // and other
		t.Errorf("%d types remembered", n)
	}
}

func TestInstancesBeyondLimit(t *testing.T) {
	c := New(Options{Recorded: true})
	for i := range maxInstances + 100 {
		newFeed(t, c, &event.Instance{ID: fmt.Sprintf("i%d", i)}).put("track", 0, "")
	}
	s := c.Snapshot("")
	if len(s.Instances) != maxInstances+1 || s.Instances[maxInstances].Name != other ||
		s.Instances[maxInstances].Events != 100 || s.Events != maxInstances+100 {
		t.Errorf("%d instances, last %q with %d", len(s.Instances), s.Instances[len(s.Instances)-1].Name,
			s.Instances[len(s.Instances)-1].Events)
	}
}

func TestItemsBeyondLimit(t *testing.T) {
	c := New(Options{By: event.MustPath("v")})
	c.items.Store(maxItems - 10)
	for i := range 20 {
		f := newFeed(t, c, &event.Instance{ID: fmt.Sprintf("i%d", i)})
		for v := range 5 {
			f.put("event-intrusion", 0, fmt.Sprintf(`,"v":%d,"event_id":"%d"`, v, v))
		}
	}
	s := c.Snapshot("")
	things := 0
	for _, in := range s.Instances {
		things += len(in.Groups) + int(in.Open)
	}
	if s.Events != 100 || things > 10+20 {
		t.Errorf("%d events, %d things", s.Events, things)
	}
}

func TestEndedEventsAreForgotten(t *testing.T) {
	c := New(Options{})
	f := newFeed(t, c, gate)
	f.put("event-intrusion", 0, "")
	f.put("event-intrusion-end", 0, "")
	c.items.Store(maxItems - 1)
	for i := range 10 {
		f.put("event-intrusion", 0, fmt.Sprintf(`,"event_id":"e%d"`, i))
		f.put("event-intrusion-end", 0, fmt.Sprintf(`,"event_id":"e%d"`, i))
	}
	f.put("event-intrusion", 0, `,"event_id":"last"`)
	if in := c.Snapshot("").Instances[0]; in.Open != 1 {
		t.Errorf("%d open, want 1", in.Open)
	}
}

func TestPutDoesNotAllocate(t *testing.T) {
	for _, by := range []string{"_type", "_place", "system_timestamp"} {
		c := New(Options{By: event.MustPath(by)})
		s := c.Sink(unfiltered)
		var all []*event.Event
		for i, sample := range flowtest.Samples(t) {
			ev := flowtest.Event(t, "", sample.Payload)
			ev.ID, ev.Received = fmt.Sprint(i), time.UnixMilli(1781889230000)
			all = append(all, ev)
		}
		put := func() {
			for _, ev := range all {
				ev.Received = ev.Received.Add(10 * time.Millisecond)
				if err := s.Put(ev); err != nil {
					t.Error(err)
				}
			}
		}
		put()
		if n := testing.AllocsPerRun(200, put); n != 0 {
			t.Errorf("by %s: %v allocations for %d events", by, n, len(all))
		}
	}
}

func TestConcurrentPutAndSnapshot(t *testing.T) {
	c := New(Options{})
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			in := []*event.Instance{gate, dock}[i%2]
			s := c.Sink(unfiltered)
			ev, err := event.New("track", []byte(trackPayload), in)
			if err != nil {
				t.Error(err)
				return
			}
			for n := range 2000 {
				ev.Received = time.Now()
				if err := s.Put(ev); err != nil {
					t.Error(err)
				}
				if n%500 == 0 {
					c.Notice(event.Notice{Kind: event.Skipped, Instance: in})
					c.Snapshot("")
				}
			}
		})
	}
	wait.Wait()
	if s := c.Snapshot(""); s.Events != 16_000 || s.Skipped != 32 || len(s.Instances) != 2 {
		t.Errorf("%d events, %d skipped, %d instances", s.Events, s.Skipped, len(s.Instances))
	}
}
