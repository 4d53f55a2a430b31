package jsonraw

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkScan measures the pass that checks a payload: a track, and a crop
// with 45 KB of picture.
func BenchmarkScan(b *testing.B) {
	track := `{"$id":"track","$version":1,"age_ms":1200,"detection_confidence":0.8700000047683716,` +
		`"event_timestamp_ms":41200,"events":["6b42f3eb-71df-b37c-3738-cbdd9b8b36ef"],` +
		`"instance_id":"183224d2-7b72-b647-391e-179fa311b891","is_moving":1,"location":{"height":0.1374142915010452,` +
		`"width":0.0412242896854877,"x":0.3498106598854065,"y":0.1481474637985229},"object_class":"Person",` +
		`"system_datetime":"2026-06-19T17:13:44Z","system_timestamp":1781889224024,` +
		`"tracking_id":"83f1535f-99ab-0bf4-e9d0-2dfd85d3e3f7"}`
	crop := strings.TrimSuffix(track, "}") + `,"image":"` + strings.Repeat("aB3/", 45_000/4) + `"}`
	for _, c := range []struct{ name, payload string }{{"track", track}, {"crop", crop}} {
		b.Run(c.name, func(b *testing.B) {
			var x Index
			var like Scanner
			var payloads [64][]byte // alike, as those of one instance are
			for i := range payloads {
				n := fmt.Sprint(1000 + i*i*i)
				change := strings.NewReplacer("1200", n, "8700", n, "1374", n, "0412", n, "3498", n, "1481", n, "9224024", n,
					"83f1", n)
				payloads[i] = []byte(change.Replace(c.payload))
			}
			b.SetBytes(int64(len(c.payload)))
			i := 0
			for b.Loop() {
				i++
				if err := like.Scan(payloads[i%len(payloads)], &x); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
