package format

import (
	"testing"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
)

// BenchmarkEncoders measures one event of each kind. Bytes are those of the
// lines.
func BenchmarkEncoders(b *testing.B) {
	columns, err := ParseColumns("_time,_type,_place,object_class,location.x,who=targets.#.object_class")
	if err != nil {
		b.Fatal(err)
	}
	encoders := []struct {
		name string
		enc  Encoder
	}{
		{"ndjson", NewNDJSON(NDJSONOptions{})},
		{"ndjson-no-image", NewNDJSON(NDJSONOptions{NoImage: true})},
		{"ndjson-frame", NewNDJSON(NDJSONOptions{Frame: Frame{1920, 1080}})},
		{"ndjson-terminal", NewNDJSON(NDJSONOptions{Terminal: true})},
		{"ndjson-columns", NewNDJSON(NDJSONOptions{Columns: columns})},
		{"csv", NewCSV(CSVOptions{})},
		{"csv-columns", NewCSV(CSVOptions{Columns: columns})},
		{"text", NewText(TextOptions{})},
		{"text-color", NewText(TextOptions{Color: true, Width: func() int { return 140 }, Sources: names})},
	}
	for _, e := range encoders {
		for _, s := range flowtest.Samples(b) {
			switch s.Name {
			case "track", "crop", "event-intrusion", "statistics":
			default:
				continue
			}
			ev := flowtest.Event(b, "", s.Payload)
			b.Run(e.name+"/"+s.Name, func(b *testing.B) { encode(b, e.enc, ev) })
		}
	}
}

func encode(b *testing.B, enc Encoder, ev *event.Event) {
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = enc.AppendEvent(buf[:0], ev)
	}
	b.SetBytes(int64(len(buf)))
}
