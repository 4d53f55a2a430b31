package stats

import (
	"bytes"
	"io"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"

	"github.com/rtev/rtev/internal/format"
)

// Prom prints the total of a run, and nothing before it, as a page of
// Prometheus' text format: two pages in one file would be none. It is meant
// for node_exporter's text-file collector.
type Prom struct{ w io.Writer }

// NewProm prints to w.
func NewProm(w io.Writer) *Prom { return &Prom{w} }

// Print prints the page. Errors are *event.WriteError, or say what is wrong
// with the numbers.
func (p *Prom) Print(s *Snapshot) error {
	if !s.Total() {
		return nil
	}
	r, err := registry(func() *Snapshot { return s }, s.By)
	if err != nil {
		return err
	}
	families, err := r.Gather()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&out, f); err != nil {
			return err
		}
	}
	return write(p.w, out.Bytes())
}

// Handler serves what c knows at each request, in the format that the client
// asks for. It is safe for concurrent use.
func Handler(c *Counter) (http.Handler, error) {
	r, err := registry(c.Snapshot, c.by)
	if err != nil {
		return nil, err
	}
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{EnableOpenMetrics: true, MaxRequestsInFlight: 4}), nil
}

func registry(take func() *Snapshot, by string) (*prometheus.Registry, error) {
	r := prometheus.NewRegistry()
	return r, r.Register(newCollector(take, by))
}

// collector turns snapshots into metrics. Its label values are UTF-8, bounded
// in length and number (see limits), and cannot hold a control character.
type collector struct {
	take             func() *Snapshot
	simple           []metric
	events           *prometheus.Desc
	delay, lasted    *prometheus.Desc
	open, endedCount *prometheus.Desc
}

// metric is a number of an instance; ok is false where it is not known.
type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	of   func(*Instance) (n float64, ok bool)
}

// labels are those of every metric.
func labels(more ...string) []string { return append([]string{"instance", "name", "server"}, more...) }

func newCollector(take func() *Snapshot, by string) *collector {
	value := "type"
	if by != "_type" {
		value = "value"
	}
	desc := func(name, help string, more ...string) *prometheus.Desc {
		return prometheus.NewDesc("rtev_"+name, help, labels(more...), nil)
	}
	c := &collector{
		take:       take,
		events:     desc("events_total", "Events received, by "+string(format.AppendSafe(nil, by))+".", value),
		delay:      desc("delay_seconds", "Time of receiving an event minus its system_timestamp."),
		lasted:     desc("event_duration_seconds", "How long events lasted that ended.", "type"),
		open:       desc("open_events", "Events begun and not ended.", "type", "place"),
		endedCount: desc("ended_events_total", "Events that ended.", "type"),
	}
	add := func(kind prometheus.ValueType, name, help string, of func(*Instance) (float64, bool)) {
		c.simple = append(c.simple, metric{desc(name, help), kind, of})
	}
	flowMetrics(add)
	engineMetrics(add)
	return c
}

type addMetric func(kind prometheus.ValueType, name, help string, of func(*Instance) (float64, bool))

func flowMetrics(add addMetric) {
	const counter, gauge = prometheus.CounterValue, prometheus.GaugeValue
	add(gauge, "up", "Whether the connection stands.", func(in *Instance) (float64, bool) { return bit(in.State == Connected), in.State != Recorded })
	add(gauge, "silent", "Whether nothing arrived for 15 seconds and for three intervals of the instance's statistics events.", func(in *Instance) (float64, bool) { return bit(in.Silent), in.State != Recorded })
	add(counter, "bytes_total", "Bytes of the events' payloads.", func(in *Instance) (float64, bool) { return float64(in.Bytes), true })
	add(gauge, "last_event_timestamp_seconds", "When the last event came.", func(in *Instance) (float64, bool) { return float64(in.Last.UnixMilli()) / 1000, !in.Last.IsZero() })
	add(counter, "reconnects_total", "Connections made again after one was lost.", func(in *Instance) (float64, bool) { return float64(in.Reconnects), true })
	add(counter, "gap_seconds_total", "Time without a connection.", func(in *Instance) (float64, bool) { return in.Gap, true })
	add(counter, "id_jumps_total", "Ids that did not follow one another within a connection.", func(in *Instance) (float64, bool) { return float64(in.IDJumps), true })
	add(counter, "missing_ids_total", "Ids that were jumped over.", func(in *Instance) (float64, bool) { return float64(in.IDsMissing), true })
	add(counter, "skipped_records_total", "Records that were not a JSON object.", func(in *Instance) (float64, bool) { return float64(in.Skipped), true })
	add(counter, "oversize_records_total", "Records longer than the limit.", func(in *Instance) (float64, bool) { return float64(in.Oversize), true })
}

func engineMetrics(add addMetric) {
	const counter, gauge = prometheus.CounterValue, prometheus.GaugeValue
	own := func(of func(*Engine) float64) func(*Instance) (float64, bool) {
		return func(in *Instance) (float64, bool) {
			if in.Engine == nil {
				return 0, false
			}
			return of(in.Engine), true
		}
	}
	add(gauge, "server_fps", "Frames a second that the server works through.", own(func(e *Engine) float64 { return e.FPS }))
	add(gauge, "server_source_fps", "Frames a second that the source sends.", own(func(e *Engine) float64 { return e.SourceFPS }))
	add(gauge, "server_latency_seconds", "Latency as told by the server.", own(func(e *Engine) float64 { return e.Latency / 1000 }))
	add(gauge, "server_queue_frames", "Frames waiting in the server.", own(func(e *Engine) float64 { return e.Queue }))
	add(counter, "server_frames_total", "Frames that the server worked through during this run.", own(func(e *Engine) float64 { return e.Frames }))
	add(counter, "server_dropped_frames_total", "Frames that the server dropped during this run.", own(func(e *Engine) float64 { return e.Dropped }))
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Describe lists the metrics.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, m := range c.simple {
		ch <- m.desc
	}
	for _, d := range []*prometheus.Desc{c.events, c.delay, c.lasted, c.open, c.endedCount} {
		ch <- d
	}
}

// Collect takes a snapshot and tells its numbers.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	s := c.take()
	for i := range s.Instances {
		c.instance(ch, &s.Instances[i])
	}
}

func (c *collector) instance(ch chan<- prometheus.Metric, in *Instance) {
	where := []string{label(in.ID), label(in.Name), label(in.Server)}
	send := func(d *prometheus.Desc, kind prometheus.ValueType, n float64, more ...string) {
		m, err := prometheus.NewConstMetric(d, kind, n, append(where[:3:3], more...)...)
		if err != nil {
			m = prometheus.NewInvalidMetric(d, err)
		}
		ch <- m
	}
	for _, m := range c.simple {
		if n, ok := m.of(in); ok {
			send(m.desc, m.kind, n)
		}
	}
	for _, g := range in.Groups {
		send(c.events, prometheus.CounterValue, float64(g.Events), label(g.Value))
	}
	for _, o := range in.OpenEvents {
		send(c.open, prometheus.GaugeValue, float64(o.Count), label(o.Type), label(o.Place))
	}
	histogram(ch, c.delay, in.Delay, where...)
	for _, e := range in.Ended {
		send(c.endedCount, prometheus.CounterValue, float64(e.Count), label(e.Type))
		histogram(ch, c.lasted, e.Duration, append(where[:3:3], label(e.Type))...)
	}
}

func histogram(ch chan<- prometheus.Metric, d *prometheus.Desc, of *Dist, values ...string) {
	if of == nil {
		return
	}
	m, err := prometheus.NewConstHistogram(d, of.Count, of.sum/1000, of.buckets, values...)
	if err != nil {
		m = prometheus.NewInvalidMetric(d, err)
	}
	ch <- m
}

// label is a text as a label's value. Different texts stay different.
func label(s string) string { return string(format.AppendSafe(nil, s)) }
