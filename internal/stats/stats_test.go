package stats

import (
	"context"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/event"
)

var (
	gate = &event.Instance{ID: "899c89f9-90c3-c633-8586-8f09b005ebed", Name: "Gate", Server: "http://nvr1:3546",
		Order: 0}
	dock = &event.Instance{ID: "183224d2-7b72-b647-391e-179fa311b891", Name: "Loading dock",
		Server: "http://nvr1:3546", Order: 1}
	roof = &event.Instance{ID: "00000000-0000-0000-0000-000000000001", Name: "Roof", Server: "http://nvr2:3546",
		Order: 2}
)

// check ends the test if err is not nil.
func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

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

// feed puts events of one instance into a counter, as the chain of a source does.
type feed struct {
	t    *testing.T
	sink event.Sink
	in   *event.Instance
	id   int
}

func newFeed(t *testing.T, c *Counter, in *event.Instance) *feed {
	return &feed{t: t, sink: c.Sink(unfiltered), in: in}
}

// unfiltered and nothing are chains that pass all events, and none.
func unfiltered(to event.Sink) event.Sink { return to }
func nothing(event.Sink) event.Sink       { return discard{} }

// put puts an event with the next SSE id that was sent delay ago. more is added
// to its payload: "" or `,"a":1`.
func (f *feed) put(typ string, delay time.Duration, more string) {
	f.t.Helper()
	f.id++
	now := time.Now()
	payload := fmt.Sprintf(`{"$id":%q,"instance_id":%q,"system_timestamp":%d%s}`,
		typ, f.in.ID, now.Add(-delay).UnixMilli(), more)
	f.raw(typ, fmt.Sprint(f.id), payload, now)
}

func (f *feed) raw(typ, id, payload string, received time.Time) {
	f.t.Helper()
	ev, err := event.New(typ, []byte(payload), f.in)
	if err != nil {
		f.t.Fatalf("%v: %s", err, payload)
	}
	ev.ID, ev.Received = id, received
	if err := f.sink.Put(ev); err != nil {
		f.t.Fatal(err)
	}
}

// recorder has a Printer that records the snapshots.
type recorder struct{ all []*Snapshot }

func (k *recorder) Print(s *Snapshot) error {
	k.all = append(k.all, s)
	return nil
}

// printers has a Printer that passes each snapshot to several printers.
type printers []Printer

func (p printers) Print(s *Snapshot) error {
	for _, one := range p {
		if err := one(s); err != nil {
			return err
		}
	}
	return nil
}

// report prints the reports of a run that ends with ctx, and its total.
func report(ctx context.Context, c *Counter, every time.Duration, p Printer) error {
	if err := c.Report(ctx, every, p); err != nil {
		return err
	}
	return p(c.Snapshot("total"))
}

// scene plays a run of ten seconds, with some of everything that is counted, and
// reports it every four seconds.
func scene(t *testing.T, p Printer) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Options{})
		for _, in := range []*event.Instance{gate, dock, roof} {
			c.Expect(in)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- report(ctx, c, 4*time.Second, p) }()
		play(t, c)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// play makes Gate send ten tracks a second, Loading dock lose its connection,
// and Roof send nothing.
func play(t *testing.T, c *Counter) {
	g, d := newFeed(t, c, gate), newFeed(t, c, dock)
	c.Notice(event.Notice{Kind: event.Connected, Instance: gate})
	c.Notice(event.Notice{Kind: event.Connected, Instance: dock})
	for i := range 100 {
		time.Sleep(50 * time.Millisecond)
		g.put("track", time.Duration(i+1)*time.Millisecond, `,"object_class":"Person"`)
		switch i {
		case 10, 11, 12:
			d.put("event-intrusion", 40*time.Millisecond, fmt.Sprintf(`,"event_id":"e%d","area_name":"Yard"`, i))
		case 20:
			d.put("event-intrusion-end", 40*time.Millisecond, `,"event_id":"e10","event_duration_ms":500`)
			d.put("statistics", time.Millisecond, `,"current_framerate":"9.94","source_framerate":25,`+
				`"latency":"38.2","input_queue_size":1,"dropped_frames_count":"12","frames_processed":100`)
			d.id += 3
			d.put("event-line-crossing", 10*time.Millisecond, `,"tripwire_name":"Line 1"`)
		case 30:
			c.Notice(event.Notice{Kind: event.Lost, Instance: dock})
		case 70:
			c.Notice(event.Notice{Kind: event.Reconnected, Instance: dock, Span: 2 * time.Second})
			c.Notice(event.Notice{Kind: event.Skipped, Instance: dock})
			d.id = 0
			d.put("statistics", 0, `,"current_framerate":8,"source_framerate":25,`+
				`"latency":40,"input_queue_size":3,"dropped_frames_count":17,"frames_processed":90`)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func TestNumbers(t *testing.T) {
	k := &recorder{}
	scene(t, k.Print)
	if len(k.all) != 3 || k.all[0].Total() || !k.all[len(k.all)-1].Total() {
		t.Fatalf("%d reports; want two and a total", len(k.all))
	}
	s := k.all[len(k.all)-1]
	g, d, r := s.Instances[0], s.Instances[1], s.Instances[2]
	for _, tc := range []struct {
		what      string
		got, want any
	}{
		{"elapsed", s.Elapsed, 10.0},
		{"events", s.Events, uint64(107)},
		{"gate events", g.Events, uint64(100)},
		{"gate rate", g.Rate, 10.0},
		{"gate now", g.Now, 10.0},
		{"gate minute", g.Minute, 10.0},
		{"gate max delay", g.Delay.Max, 100.0},
		{"gate min delay", g.Delay.Min, 1.0},
		{"gate state", g.State, Connected},
		{"gate last", g.Last, s.Time.Add(-50 * time.Millisecond)},
		{"dock events", d.Events, uint64(7)},
		{"dock reconnects", d.Reconnects, uint64(1)},
		{"dock gap", d.Gap, 2.0},
		{"dock jumps", d.IDJumps, uint64(1)},
		{"dock missing", d.IDsMissing, uint64(3)},
		{"dock skipped", d.Skipped, uint64(1)},
		{"dock open", d.Open, uint64(2)},
		{"dock place", d.OpenEvents[0], OpenEvent{"event-intrusion", "Yard", 2}},
		{"dock ended", d.Ended[0].Duration.Max, 500.0},
		{"dock fps", d.Engine.FPS, 8.0},
		{"dock queue", d.Engine.Queue, 3.0},
		{"dock dropped", d.Engine.Dropped, 5.0},
		{"dock frames after a restart", d.Engine.Frames, 90.0},
		{"dropped in the first four seconds", k.all[0].Instances[1].Engine.DroppedSince, 0.0},
		{"roof", r.Events, uint64(0)},
		{"roof state", r.State, Connecting},
		{"first group", s.Groups[0].Value, "track"},
	} {
		if tc.got != tc.want {
			t.Errorf("%s: %v, want %v", tc.what, tc.got, tc.want)
		}
	}
}

func TestReportEndsWhenPrinterFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		err := New(Options{}).Report(t.Context(), time.Second, func(*Snapshot) error { return io.ErrClosedPipe })
		if err != io.ErrClosedPipe || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestReportWithoutInterval(t *testing.T) {
	if err := New(Options{}).Report(t.Context(), 0, nil); err != nil {
		t.Error(err)
	}
}
