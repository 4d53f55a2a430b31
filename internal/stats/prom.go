package stats

import (
	"bytes"
	"io"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"

	"github.com/rtev/rtev/internal/term"
)

// Prom prints the total of a run, and nothing before it, in the text format of
// Prometheus: a file must hold one page only. It is for the text-file collector
// of node_exporter.
type Prom struct{ w io.Writer }

// NewProm returns a printer that writes to w.
func NewProm(w io.Writer) *Prom { return &Prom{w} }

// snapshotComment is the first line of a page. It answers a question that
// people have who see no rates.
const snapshotComment = "# A snapshot: counters start at 0 with each run, so rate() needs rtev stats --listen.\n"

// Print prints the page. Errors are *event.WriteError, or say what is wrong with
// the numbers.
func (p *Prom) Print(s *Snapshot) error {
	if !s.Total() {
		return nil
	}
	families, err := registry(func() *Snapshot { return s }, s.By).Gather()
	if err != nil {
		return err
	}
	out := bytes.NewBufferString(snapshotComment)
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(out, f); err != nil {
			return err
		}
	}
	return write(p.w, out.Bytes())
}

// Handler returns a handler that serves what c knows at each request, in the
// format that the client asks for. It is safe for concurrent use.
func Handler(c *Counter) http.Handler {
	return promhttp.HandlerFor(registry(c.Snapshot, c.by), promhttp.HandlerOpts{EnableOpenMetrics: true, MaxRequestsInFlight: 4})
}

func registry(snapshot func() *Snapshot, by string) *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(newCollector(snapshot, by)) // fails for a mistake in the names below
	return r
}

// collector turns snapshots into metrics. Values of labels are valid UTF-8
// without control characters, and limited in length and number: see limits.go.
type collector struct {
	snapshot         func() *Snapshot
	simple           []*prometheus.Desc // of simpleMetrics
	events           *prometheus.Desc
	delay, durations *prometheus.Desc
	open, ended      *prometheus.Desc
}

const (
	counter = prometheus.CounterValue
	gauge   = prometheus.GaugeValue
)

// metric is a metric with one number per instance. It is left out where of
// returns false.
type metric struct {
	kind       prometheus.ValueType
	name, help string
	of         func(*Instance) (n float64, ok bool)
}

var simpleMetrics = [...]metric{
	{gauge, "up", "Whether the instance is connected.", ifLive(func(in *Instance) float64 { return bit(in.State == Connected) })},
	{gauge, "silent", "Whether nothing arrived for 15 seconds and for three intervals of the instance's statistics events.",
		ifLive(func(in *Instance) float64 { return bit(in.Silent) })},
	{counter, "bytes_total", "Bytes of the payloads of events.", always(func(in *Instance) float64 { return float64(in.Bytes) })},
	{gauge, "last_event_timestamp_seconds", "When the last event arrived.",
		func(in *Instance) (float64, bool) { return float64(in.Last.UnixMilli()) / 1000, !in.Last.IsZero() }},
	{counter, "reconnects_total", "Connections made again after one was lost.",
		always(func(in *Instance) float64 { return float64(in.Reconnects) })},
	{counter, "gap_seconds_total", "Time without a connection.", always(func(in *Instance) float64 { return in.Gap })},
	{counter, "id_jumps_total", "Ids that did not follow one another within a connection.",
		always(func(in *Instance) float64 { return float64(in.IDJumps) })},
	{counter, "missing_ids_total", "Ids that were jumped over.", always(func(in *Instance) float64 { return float64(in.IDsMissing) })},
	{counter, "skipped_records_total", "Records that were not a JSON object.",
		always(func(in *Instance) float64 { return float64(in.Skipped) })},
	{counter, "oversize_records_total", "Records longer than the limit.",
		always(func(in *Instance) float64 { return float64(in.Oversize) })},
	{gauge, "server_fps", "Frames per second that the server processes.", ofEngine(func(e *Engine) float64 { return e.FPS })},
	{gauge, "server_source_fps", "Frames per second that the source sends.", ofEngine(func(e *Engine) float64 { return e.SourceFPS })},
	{gauge, "server_latency_seconds", "Latency that the server reports.", ofEngine(func(e *Engine) float64 { return e.Latency / 1000 })},
	{gauge, "server_queue_frames", "Frames waiting in the server.", ofEngine(func(e *Engine) float64 { return e.Queue })},
	{counter, "server_frames_total", "Frames that the server processed during this run.",
		ofEngine(func(e *Engine) float64 { return e.Frames })},
	{counter, "server_dropped_frames_total", "Frames that the server dropped during this run.",
		ofEngine(func(e *Engine) float64 { return e.Dropped })},
}

func always(of func(*Instance) float64) func(*Instance) (float64, bool) {
	return func(in *Instance) (float64, bool) { return of(in), true }
}

func ifLive(of func(*Instance) float64) func(*Instance) (float64, bool) {
	return func(in *Instance) (float64, bool) { return of(in), in.State != Recorded }
}

func ofEngine(of func(*Engine) float64) func(*Instance) (float64, bool) {
	return func(in *Instance) (float64, bool) {
		if in.Engine == nil {
			return 0, false
		}
		return of(in.Engine), true
	}
}

func bit(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func newCollector(snapshot func() *Snapshot, by string) *collector {
	value := "type"
	if by != "_type" {
		value = "value"
	}
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("rtev_"+name, help, append([]string{"instance", "name", "server"}, labels...), nil)
	}
	c := &collector{
		snapshot:  snapshot,
		events:    desc("events_total", "Events received, by "+term.Safe(by)+".", value),
		delay:     desc("delay_seconds", "Time from system_timestamp to the arrival of an event."),
		durations: desc("event_duration_seconds", "How long events lasted that ended.", "type"),
		open:      desc("open_events", "Events that have not ended.", "type", "place"),
		ended:     desc("ended_events_total", "Events that ended.", "type"),
	}
	for _, m := range simpleMetrics {
		c.simple = append(c.simple, desc(m.name, m.help))
	}
	return c
}

// Describe lists the metrics.
func (c *collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range append([]*prometheus.Desc{c.events, c.delay, c.durations, c.open, c.ended}, c.simple...) {
		ch <- d
	}
}

// Collect takes a snapshot and sends its numbers.
func (c *collector) Collect(ch chan<- prometheus.Metric) {
	s := c.snapshot()
	for i := range s.Instances {
		c.instance(ch, &s.Instances[i])
	}
}

func (c *collector) instance(ch chan<- prometheus.Metric, in *Instance) {
	// Safe keeps different names different.
	labels := []string{term.Safe(in.ID), term.Safe(in.Name), term.Safe(in.Server)}
	with := func(more ...string) []string {
		all := labels[:3:3]
		for _, s := range more {
			all = append(all, term.Safe(s))
		}
		return all
	}
	send := func(d *prometheus.Desc, kind prometheus.ValueType, n float64, more ...string) {
		ch <- prometheus.MustNewConstMetric(d, kind, n, with(more...)...)
	}
	histogram := func(d *prometheus.Desc, of *Dist, more ...string) {
		if of != nil {
			ch <- prometheus.MustNewConstHistogram(d, of.Count, of.sum/1000, of.buckets, with(more...)...)
		}
	}
	for i, m := range simpleMetrics {
		if n, ok := m.of(in); ok {
			send(c.simple[i], m.kind, n)
		}
	}
	for _, g := range in.Groups {
		send(c.events, counter, float64(g.Events), g.Value)
	}
	for _, o := range in.OpenEvents {
		send(c.open, gauge, float64(o.Count), o.Type, o.Place)
	}
	histogram(c.delay, in.Delay)
	for _, e := range in.Ended {
		send(c.ended, counter, float64(e.Count), e.Type)
		histogram(c.durations, e.Duration, e.Type)
	}
}
