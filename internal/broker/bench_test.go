package broker

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/rtev/rtev/internal/event"
)

// BenchmarkPublish measures events of 500 bytes from Put to acknowledgement. It
// flushes every 200 events, as a busy stream does.
func BenchmarkPublish(b *testing.B) {
	for _, kind := range []string{"nats", "mqtt", "kafka"} {
		b.Run(kind, func(b *testing.B) {
			address, err := ParseAddress(benchBroker(b, kind))
			if err != nil {
				b.Fatal(err)
			}
			broker, err := Dial(b.Context(), address, Options{Live: true})
			if err != nil {
				b.Fatal(err)
			}
			sink := broker.Sink(lines{})
			padding := strings.Repeat("x", 420)
			n := 0
			began := time.Now()
			for b.Loop() {
				n++
				e, err := event.New("track", fmt.Appendf(nil, `{"$id":"track","instance_id":"i","n":%d,"p":%q}`, n, padding), nil)
				if err != nil {
					b.Fatal(err)
				}
				if err := sink.Put(e); err != nil {
					b.Fatal(err)
				}
				if n%200 == 0 {
					if err := sink.Flush(); err != nil {
						b.Fatal(err)
					}
				}
			}
			if err := broker.Close(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(n)/time.Since(began).Seconds(), "events/s")
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
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(cluster.Close)
	return "kafka://" + cluster.ListenAddrs()[0] + "/rtev"
}
