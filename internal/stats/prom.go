package stats

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"

	"github.com/rtev/rtev/internal/term"
)

// snapshotComment is the first line of a page. It answers a question that
// people have who see no rates.
const snapshotComment = "# A snapshot: counters start at 0 with each run, so rate() needs rtev stats --listen.\n"

// Prom returns a printer that prints the total of a run, and nothing before it,
// in the text format of Prometheus: a file must hold one page only. It is for
// the text-file collector of node_exporter.
func Prom(w io.Writer) Printer {
	return func(s *Snapshot) error {
		if !s.Total() {
			return nil
		}
		families, err := registry(func() *Snapshot { return s }).Gather()
		if err != nil {
			return err
		}
		out := bytes.NewBufferString(snapshotComment)
		for _, f := range families {
			if _, err := expfmt.MetricFamilyToText(out, f); err != nil {
				return err
			}
		}
		return write(w, out.Bytes())
	}
}

// Handler returns a handler that serves what c knows at each request, in the
// format that the client asks for. It is safe for concurrent use.
func Handler(c *Counter) http.Handler {
	return promhttp.HandlerFor(registry(c.Snapshot), promhttp.HandlerOpts{EnableOpenMetrics: true, MaxRequestsInFlight: 4})
}

func registry(snapshot func() *Snapshot) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collector(snapshot)) // a collector without descriptions is always taken
	return r
}

// collector turns snapshots into metrics. Values of labels are valid UTF-8
// without control characters, and limited in length and number.
type collector func() *Snapshot

// Describe sends nothing: which metrics there are depends on the snapshot.
func (c collector) Describe(chan<- *prometheus.Desc) {}

// Collect takes a snapshot and sends its numbers.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	s := c()
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

// label is a label that not all metrics have.
type label struct{ name, value string }

// desc returns the description of a metric and the values of its labels. Safe
// keeps different names different.
func (m metrics) desc(name, help string, labels []label) (*prometheus.Desc, []string) {
	names := []string{"instance", "name", "server"}
	values := []string{term.Safe(m.in.ID), term.Safe(m.in.Name), term.Safe(m.in.Server)}
	for _, l := range labels {
		names, values = append(names, l.name), append(values, term.Safe(l.value))
	}
	return prometheus.NewDesc("rtev_"+name, help, names, nil), values
}

func (m metrics) send(kind prometheus.ValueType, name, help string, n float64, labels ...label) {
	desc, values := m.desc(name, help, labels)
	m.ch <- prometheus.MustNewConstMetric(desc, kind, n, values...)
}

func (m metrics) histogram(name, help string, d *Dist, labels ...label) {
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

// state sends the state of a live instance, and what its server says.
func (m metrics) state() {
	bit := map[bool]float64{true: 1}
	if in := m.in; in.State != Recorded {
		m.send(gauge, "up", "Whether the instance is connected.", bit[in.State == Connected])
		m.send(gauge, "silent", "Whether nothing arrived for 15 seconds and for three intervals of the instance's statistics events.", bit[in.Silent])
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
	value := "type"
	if by != "_type" {
		value = "value"
	}
	for _, g := range m.in.Groups {
		m.send(counter, "events_total", "Events received, by "+term.Safe(by)+".", float64(g.Events), label{value, g.Value})
	}
	m.histogram("delay_seconds", "Time from system_timestamp to the arrival of an event.", m.in.Delay)
	for _, o := range m.in.OpenEvents {
		m.send(gauge, "open_events", "Events that have not ended.", float64(o.Count), label{"type", o.Type}, label{"place", o.Place})
	}
	for _, e := range m.in.Ended {
		m.send(counter, "ended_events_total", "Events that ended.", float64(e.Count), label{"type", e.Type})
		m.histogram("event_duration_seconds", "How long events lasted that ended.", e.Duration, label{"type", e.Type})
	}
}

// Server serves the metrics of a Counter over HTTP.
type Server struct {
	http    http.Server
	addr    net.Addr
	serving sync.WaitGroup
	err     error // why the serving ended; valid after serving
}

// Serve starts to serve the metrics of c at http://addr/metrics. It calls
// failed when it can no longer accept connections; Close returns the reason.
func Serve(addr string, c *Counter, failed func(error)) (*Server, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, reason(err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", Handler(c))
	s := &Server{addr: l.Addr(), http: http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: 3 * time.Minute,
	}}
	s.serving.Go(func() {
		if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			s.err = reason(err)
			failed(s.err)
		}
	})
	return s, nil
}

// Addr returns the address that the server listens on.
func (s *Server) Addr() net.Addr { return s.addr }

// Close ends all connections, and returns the error that ended the serving
// before Close was called.
func (s *Server) Close() error {
	_ = s.http.Close() // it closes the listener: nothing is lost when that fails
	s.serving.Wait()
	return s.err
}

// reason returns the innermost part of a network error, without the name of the
// system call and the address, which the caller knows.
func reason(err error) error {
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err
}
