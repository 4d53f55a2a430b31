package stats

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"

	"github.com/rtev/rtev/internal/term"
)

// Prom returns a printer that prints the total of a run, and nothing before it,
// in the text format of Prometheus: a file must hold one page only. It is for
// the text-file collector of node_exporter.
func Prom(w io.Writer) Printer {
	return func(s *Snapshot) error {
		if !s.Total() {
			return nil
		}
		families, _ := registry(func(string) *Snapshot { return s }).Gather() // fails only for what it leaves out
		var out bytes.Buffer
		for _, f := range families {
			if _, err := expfmt.MetricFamilyToText(&out, f); err != nil {
				return err
			}
		}
		return write(w, out.Bytes())
	}
}

// Serve serves what c knows at each request for /metrics, in the format that the
// client asks for, until ctx is done. It closes l. The error says why it can no
// longer accept connections.
func Serve(ctx context.Context, l net.Listener, c *Counter) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry(c.Snapshot), promhttp.HandlerOpts{
		EnableOpenMetrics: true, MaxRequestsInFlight: 4, ErrorHandling: promhttp.ContinueOnError,
	}))
	server := http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 3 * time.Minute,
	}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() }) // nothing is lost if it fails
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// registry returns a registry of the metrics of snapshots. Two names that look
// the same have the same labels, so it leaves one of them out and reports that.
func registry(snapshot func(record string) *Snapshot) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collector(snapshot)) // a collector without descriptions is always taken
	return r
}

// collector turns snapshots into metrics. Values of labels are valid UTF-8
// without control characters, and limited in length and number.
type collector func(record string) *Snapshot

// Describe sends nothing: which metrics there are depends on the snapshot.
func (c collector) Describe(chan<- *prometheus.Desc) {}

// Collect takes a snapshot and sends its numbers.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	s := c("")
	for i := range s.Instances {
		m := metrics{ch, &s.Instances[i]}
		m.totals()
		m.state()
		m.events(s.By)
	}
}

// metrics sends the metrics of one instance.
type metrics struct {
	ch chan<- prometheus.Metric
	in *Instance
}

const (
	counter = prometheus.CounterValue
	gauge   = prometheus.GaugeValue
)

// desc returns the description of a metric and the values of its labels. labels
// are pairs of a name and a value that not all metrics have.
func (m metrics) desc(name, help string, labels []string) (*prometheus.Desc, []string) {
	names := []string{"instance", "name", "server"}
	values := []string{term.Safe(m.in.ID), term.Safe(m.in.Name), term.Safe(m.in.Server)}
	for i := 0; i < len(labels); i += 2 {
		names, values = append(names, labels[i]), append(values, term.Safe(labels[i+1]))
	}
	return prometheus.NewDesc("rtev_"+name, help, names, nil), values
}

func (m metrics) send(kind prometheus.ValueType, name, help string, n float64, labels ...string) {
	desc, values := m.desc(name, help, labels)
	m.ch <- prometheus.MustNewConstMetric(desc, kind, n, values...)
}

func (m metrics) histogram(name, help string, d *Dist, labels ...string) {
	if d != nil {
		desc, values := m.desc(name, help, labels)
		m.ch <- prometheus.MustNewConstHistogram(desc, d.Count, d.sum/1000, d.buckets, values...)
	}
}

// totals sends what is counted of every instance.
func (m metrics) totals() {
	in := m.in
	m.send(counter, "bytes_total", "Bytes of the payloads of events.", float64(in.Bytes))
	m.send(counter, "reconnects_total", "Connections made again after one was lost.", float64(in.Reconnects))
	m.send(counter, "gap_seconds_total", "Time without a connection.", in.Gap)
	m.send(counter, "id_jumps_total", "Ids that did not follow one another within a connection.", float64(in.IDJumps))
	m.send(counter, "missing_ids_total", "Ids that were jumped over.", float64(in.IDsMissing))
	m.send(counter, "skipped_records_total", "Records that were not a JSON object.", float64(in.Skipped))
	m.send(counter, "oversize_records_total", "Records longer than the limit.", float64(in.Oversize))
}

const silentHelp = "Whether nothing arrived for 15 seconds and for three intervals of the instance's statistics events."

// state sends the state of a live instance, and what its server says.
func (m metrics) state() {
	bit := map[bool]float64{true: 1}
	if in := m.in; in.State != Recorded {
		m.send(gauge, "up", "Whether the instance is connected.", bit[in.State == Connected])
		m.send(gauge, "silent", silentHelp, bit[in.Silent])
	}
	if last := m.in.Last; !last.IsZero() {
		m.send(gauge, "last_event_timestamp_seconds", "When the last event arrived.", float64(last.UnixMilli())/1000)
	}
	e := m.in.Engine
	if e == nil {
		return
	}
	m.send(gauge, "server_fps", "Frames per second that the server processes.", e.FPS)
	m.send(gauge, "server_source_fps", "Frames per second that the source sends.", e.SourceFPS)
	m.send(gauge, "server_latency_seconds", "Latency that the server reports.", e.Latency/1000)
	m.send(gauge, "server_queue_frames", "Frames waiting in the server.", e.Queue)
	m.send(counter, "server_frames_total", "Frames that the server processed during this run.", e.Frames)
	m.send(counter, "server_dropped_frames_total", "Frames that the server dropped during this run.", e.Dropped)
}

// events sends how many events of each kind there were, and how long they took.
func (m metrics) events(by string) {
	label := "type"
	if by != "_type" {
		label = "value"
	}
	for _, g := range m.in.Groups {
		m.send(counter, "events_total", "Events received, by "+term.Safe(by)+".", float64(g.Events), label, g.Value)
	}
	m.histogram("delay_seconds", "Time from system_timestamp to the arrival of an event.", m.in.Delay)
	for _, o := range m.in.OpenEvents {
		m.send(gauge, "open_events", "Events that have not ended.", float64(o.Count), "type", o.Type, "place", o.Place)
	}
	for _, e := range m.in.Ended {
		m.send(counter, "ended_events_total", "Events that ended.", float64(e.Count), "type", e.Type)
		m.histogram("event_duration_seconds", "How long events lasted that ended.", e.Duration, "type", e.Type)
	}
}
