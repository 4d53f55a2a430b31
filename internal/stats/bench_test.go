package stats

import (
	"fmt"
	"testing"
	"time"

	"github.com/rtev/rtev/internal/event"
)

const trackPayload = `{"$id":"track","$version":1,"age_ms":3600,"detection_confidence":0.872,` +
	`"event_timestamp_ms":41200,"events":["6b42f3eb-71df-b37c-3738-cbdd9b8b36ef"],` +
	`"instance_id":"183224d2-7b72-b647-391e-179fa311b891","is_moving":1,` +
	`"location":{"height":0.128,"width":0.041,"x":0.212,"y":0.634},"object_class":"Person",` +
	`"system_datetime":"2026-06-19T17:13:44Z",` +
	`"system_timestamp":1781889224026,"tracking_id":"83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7"}`

// discard is a sink that drops all events.
type discard struct{}

func (discard) Put(*event.Event) error { return nil }
func (discard) Flush() error           { return nil }

// BenchmarkRecord compares making events of records with making and counting
// them.
func BenchmarkRecord(b *testing.B) {
	in := &event.Instance{ID: "i1", Name: "Gate"}
	c := New(Options{})
	for name, sink := range map[string]event.Sink{"discard": discard{}, "count": c.Sink(unfiltered)} {
		b.Run(name, func(b *testing.B) {
			m := event.Maker{Instance: in}
			typ, data, id := []byte("track"), []byte(trackPayload), []byte("1234567")
			at := time.UnixMilli(1781889224066)
			b.ReportAllocs()
			for b.Loop() {
				at = at.Add(10 * time.Microsecond)
				if err := m.Record(typ, id, data, at, sink); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkPut(b *testing.B) {
	in := &event.Instance{ID: "i1", Name: "Gate"}
	for _, by := range []string{"", "object_class", "_track", "location.x"} {
		b.Run("by="+by, func(b *testing.B) {
			ev, err := event.New("track", []byte(trackPayload), in)
			if err != nil {
				b.Fatal(err)
			}
			sink := New(Options{By: event.MustPath(by)}).Sink(unfiltered)
			ev.ID, ev.Received = "7", time.UnixMilli(1781889224066)
			b.ReportAllocs()
			for b.Loop() {
				ev.Received = ev.Received.Add(10 * time.Microsecond)
				if err := sink.Put(ev); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkSnapshot(b *testing.B) {
	c := New(Options{})
	for i := range 1000 {
		in := &event.Instance{ID: fmt.Sprint(i)}
		ev, err := event.New("track", []byte(trackPayload), in)
		if err != nil {
			b.Fatal(err)
		}
		ev.Received = time.UnixMilli(1781889224066 + int64(i))
		if err := c.Sink(unfiltered).Put(ev); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		c.Snapshot("")
	}
}
