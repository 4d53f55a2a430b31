package event

import (
	"testing"
	"time"
)

// BenchmarkRecord measures what one field of a track costs.
func BenchmarkRecord(b *testing.B) {
	data := []byte(`{"$id":"track","$version":1,"age_ms":1200,"detection_confidence":0.8700000047683716,` +
		`"event_timestamp_ms":41200,"events":["6b42f3eb-71df-b37c-3738-cbdd9b8b36ef"],` +
		`"instance_id":"183224d2-7b72-b647-391e-179fa311b891","is_moving":1,"location":{"height":0.1374142915010452,` +
		`"width":0.0412242896854877,"x":0.3498106598854065,"y":0.1481474637985229},"object_class":"Person",` +
		`"system_datetime":"2026-06-19T17:13:44Z","system_timestamp":1781889224024,` +
		`"tracking_id":"83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7"}`)
	typ := []byte("track")
	for _, path := range []string{"", "object_class", "location.x", "_time"} {
		b.Run("path "+path, func(b *testing.B) {
			var m Maker
			p := MustPath(path)
			b.ReportAllocs()
			for b.Loop() {
				if err := m.Record(typ, nil, data, time.Time{}, drop{}); err != nil {
					b.Fatal(err)
				}
				p.Of(&m.ev)
			}
		})
	}
}
