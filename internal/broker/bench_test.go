package broker

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/rtev/rtev/internal/event"
)

// BenchmarkPublish measures events of 500 bytes of a live source, from Put to the
// last acknowledgement.
func BenchmarkPublish(b *testing.B) {
	for _, kind := range []string{"nats", "mqtt", "kafka"} {
		b.Run(kind, func(b *testing.B) {
			address, err := ParseAddress(benchBroker(b, kind))
			check(b, err)
			broker, err := Dial(b.Context(), address, Options{Live: true})
			check(b, err)
			sink, maker := broker.Sink(lines{}), event.Maker{}
			payload := fmt.Appendf(nil, `{"$id":"track","instance_id":"i","p":%q,"n":`, strings.Repeat("x", 420))
			start, n := len(payload), int64(0)
			for b.Loop() {
				n++
				payload = append(strconv.AppendInt(payload[:start], n, 10), '}')
				e, err := maker.New("track", payload, nil)
				check(b, err)
				check(b, sink.Put(e))
			}
			b.StartTimer() // Loop has stopped it
			check(b, broker.Close())
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// benchBroker starts a broker and returns its URL.
func benchBroker(b *testing.B, kind string) string {
	port := freePort(b)
	switch kind {
	case "nats":
		startNATS(b, port, b.TempDir())
		stream(b, port, "rtev")
		return "nats://127.0.0.1:" + port + "/rtev"
	case "mqtt":
		start(b, port, "mosquitto", "-p", port)
		return "mqtt://127.0.0.1:" + port + "/rtev"
	}
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "rtev"))
	check(b, err)
	b.Cleanup(cluster.Close)
	return "kafka://" + cluster.ListenAddrs()[0] + "/rtev"
}
