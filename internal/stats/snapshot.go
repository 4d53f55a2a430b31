package stats

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/term"
)

// Snapshot is what a Counter knows at one moment. Its JSON is what -o ndjson
// prints; docs/stats.md has the names, which are stable.
type Snapshot struct {
	Record   string    `json:"record"` // "interval", or "total" for the last report of a run
	Time     time.Time `json:"time"`   // of a recording, the time of its last event
	Start    time.Time `json:"start"`  // of a recording, the time of its first event
	Elapsed  float64   `json:"elapsed_s"`
	Recorded bool      `json:"recorded"`
	By       string    `json:"by"` // the path or computed field of the groups
	Flow
	Groups    []Group    `json:"groups"`
	Instances []Instance `json:"instances"`

	unassigned Flow // skipped records of a recording that name no instance
}

// Total reports whether the snapshot is the last of its run.
func (s *Snapshot) Total() bool { return s.Record == "total" }

// Count says how many events there were, in all and per second.
type Count struct {
	Events uint64    `json:"events"`
	Bytes  uint64    `json:"bytes"`               // of their payloads
	Rate   float64   `json:"events_per_s"`        // over elapsed_s
	Now    float64   `json:"events_per_s_now"`    // over the last five whole seconds
	Minute float64   `json:"events_per_s_minute"` // over the last sixty
	Last   time.Time `json:"last,omitzero"`
}

// Flow says what came from an instance, how late, and what was lost.
type Flow struct {
	Count
	ByteRate    float64 `json:"bytes_per_s"`
	ByteRateNow float64 `json:"bytes_per_s_now"`
	Delay       *Dist   `json:"delay_ms,omitempty"` // received minus system_timestamp
	Reconnects  uint64  `json:"reconnects"`
	Gap         float64 `json:"gap_s"` // seconds without a connection, up to now
	LongestGap  float64 `json:"longest_gap_s"`
	IDJumps     uint64  `json:"id_jumps"`
	IDsMissing  uint64  `json:"ids_missing"`
	Skipped     uint64  `json:"skipped"`
	Oversize    uint64  `json:"oversize"`
	Open        uint64  `json:"open"` // events that have not ended
}

// Group counts the events with one value of Snapshot.By.
type Group struct {
	Value string `json:"value"`
	Count
}

// Instance holds the numbers of one instance.
type Instance struct {
	ID        string  `json:"instance"`
	Name      string  `json:"name"`
	Server    string  `json:"server"`
	State     State   `json:"state"`
	StateFor  float64 `json:"state_s"`
	Silent    bool    `json:"silent"`
	SilentFor float64 `json:"silent_s"`
	Flow
	Engine     *Engine     `json:"server_stats,omitempty"`
	OpenEvents []OpenEvent `json:"open_events"`
	Ended      []EndedType `json:"ended_events"`
	Groups     []Group     `json:"groups"`

	order int
	quiet time.Duration // since anything arrived over the current connection
}

// Engine is what the statistics events of an instance say.
type Engine struct {
	FPS          float64 `json:"fps"`
	SourceFPS    float64 `json:"source_fps"`
	Latency      float64 `json:"latency_ms"`
	Queue        float64 `json:"queue"`
	Frames       float64 `json:"frames"`                      // in this run
	Dropped      float64 `json:"dropped_frames"`              // in this run
	DroppedSince float64 `json:"dropped_frames_since_report"` // since the last report
}

// OpenEvent says how many events of a type are open at a place.
type OpenEvent struct {
	Type  string `json:"type"`
	Place string `json:"place"`
	Count uint64 `json:"count"`
}

// EndedType says how many events of a type ended, and how long they lasted.
type EndedType struct {
	Type     string `json:"type"`
	Count    uint64 `json:"count"`
	Duration *Dist  `json:"duration_ms,omitempty"`
}

// Bounds of the buckets of distributions for Prometheus, in seconds.
var (
	delayBounds    = []float64{0, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}
	durationBounds = []float64{1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14400}
)

// Snapshot returns what is known now. record is "interval" or "total" if it is
// for a report, which counts dropped frames since the report before and warns
// once of each server whose clock is ahead; else it is "".
func (c *Counter) Snapshot(record string) *Snapshot {
	c.mu.Lock()
	tallies, unassigned := slices.Clone(c.order), c.unassigned
	c.mu.Unlock()
	run := span{0, time.Since(c.start)}
	if c.o.Recorded {
		run = recordedSpan(tallies, run.last.Truncate(time.Second))
	}
	s := &Snapshot{
		Record: record, Recorded: c.o.Recorded, By: c.o.By.String(), Elapsed: round(run.seconds()),
		Time: c.clock(run.last), Start: c.clock(run.first), Groups: []Group{}, Instances: []Instance{},
		unassigned: unassigned,
	}
	var delay dist
	for _, t := range tallies {
		t.mu.Lock()
		if !t.isEmpty() {
			s.Instances = append(s.Instances, t.snapshot(run, record != ""))
			delay.merge(t.delay)
		}
		t.mu.Unlock()
	}
	slices.SortStableFunc(s.Instances, func(a, b Instance) int { return cmp.Compare(a.order, b.order) })
	s.sum(run)
	s.Delay = delay.snapshot(nil)
	if record != "" {
		c.warnOfClocks(s)
	}
	return s
}

// clock returns the time of a moment, in milliseconds.
func (c *Counter) clock(at time.Duration) time.Time {
	return c.start.Add(at).UTC().Truncate(time.Millisecond)
}

// recordedSpan returns the span of the events of a recording, or the moment now
// if none has a time.
func recordedSpan(tallies []*tally, now time.Duration) span {
	all := never
	for _, t := range tallies {
		t.mu.Lock()
		for _, g := range t.groups {
			all.add(g.span)
		}
		t.mu.Unlock()
	}
	if !all.known() {
		return span{now, now}
	}
	return all
}

// warnOfClocks warns once of each server whose events carry times in the future
// of the clock here.
func (c *Counter) warnOfClocks(s *Snapshot) {
	for i := range s.Instances {
		in := &s.Instances[i]
		if in.Delay == nil || in.Delay.Min >= -1 { // rounding to milliseconds explains as much
			continue
		}
		c.mu.Lock()
		warned := c.warned[in.Server]
		c.warned[in.Server] = true
		c.mu.Unlock()
		if !warned {
			c.o.Notify.Tell(event.Notice{Kind: event.Warning, Text: fmt.Sprintf(
				"events of %s carry times up to %s ahead of the clock here; delays are too small by as much",
				cmp.Or(in.Server, "the server"), term.Millis(-in.Delay.Min))})
		}
	}
}

// sum adds up the numbers of the instances.
func (s *Snapshot) sum(run span) {
	groups := map[string]*Group{}
	s.Flow.add(&s.unassigned)
	for i := range s.Instances {
		in := &s.Instances[i]
		s.Flow.add(&in.Flow)
		for _, g := range in.Groups {
			if groups[g.Value] == nil {
				groups[g.Value] = &Group{Value: g.Value}
			}
			groups[g.Value].add(&g.Count)
		}
	}
	s.Rate, s.ByteRate = run.perSecond(s.Events), run.perSecond(s.Bytes)
	for _, g := range groups {
		g.Rate = run.perSecond(g.Events)
		s.Groups = append(s.Groups, *g)
	}
	sortGroups(s.Groups)
}

func (c *Count) add(o *Count) {
	c.Events += o.Events
	c.Bytes += o.Bytes
	c.Now = round(c.Now + o.Now)
	c.Minute = round(c.Minute + o.Minute)
	if o.Last.After(c.Last) {
		c.Last = o.Last
	}
}

func (f *Flow) add(o *Flow) {
	f.Count.add(&o.Count)
	f.ByteRateNow = round(f.ByteRateNow + o.ByteRateNow)
	f.Reconnects += o.Reconnects
	f.Gap = round(f.Gap + o.Gap)
	f.LongestGap = max(f.LongestGap, o.LongestGap)
	f.IDJumps += o.IDJumps
	f.IDsMissing += o.IDsMissing
	f.Skipped += o.Skipped
	f.Oversize += o.Oversize
	f.Open += o.Open
}

// sortGroups puts the largest group first.
func sortGroups(g []Group) {
	slices.SortFunc(g, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(a.Value, b.Value))
	})
}

// snapshot returns the numbers of the instance. t.mu must be held.
func (t *tally) snapshot(run span, report bool) Instance {
	in := t.in
	in.Groups, in.OpenEvents, in.Ended = []Group{}, []OpenEvent{}, []EndedType{}
	if in.Engine != nil {
		e := *in.Engine
		e.DroppedSince = round(e.Dropped - t.reported)
		if report {
			t.reported = e.Dropped
		}
		in.Engine = &e
	}
	if in.State != Recorded {
		in.StateFor = round((run.last - t.since).Seconds())
		in.quiet = t.quiet(run.last)
		if in.quiet >= t.arrivals.silentAfter() {
			in.Silent, in.SilentFor = true, round(in.quiet.Seconds())
		}
	}
	gap := t.currentGap(run.last)
	in.Gap, in.LongestGap = round((t.gap + gap).Seconds()), round(max(t.longest, gap).Seconds())
	groups := slices.Collect(maps.Values(t.groups))
	in.Count = t.c.count(run, groups)
	in.ByteRate, in.ByteRateNow = run.perSecond(in.Bytes), run.rate(5, in.Bytes, t.volume.sum)
	in.Delay = t.delay.snapshot(delayBounds)
	for i, g := range groups {
		in.Groups = append(in.Groups, Group{g.value, t.c.count(run, groups[i:i+1])})
	}
	sortGroups(in.Groups)
	for typ, p := range t.pairs {
		p.addTo(&in, typ)
	}
	slices.SortFunc(in.OpenEvents, func(a, b OpenEvent) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Place, b.Place))
	})
	slices.SortFunc(in.Ended, func(a, b EndedType) int { return cmp.Compare(a.Type, b.Type) })
	return in
}

// count returns the numbers of some groups together.
func (c *Counter) count(run span, groups []*group) (n Count) {
	all := never
	for _, g := range groups {
		n.Events += g.events
		n.Bytes += g.bytes
		all.add(g.span)
	}
	counted := func(from, to int64) (sum uint64) {
		for _, g := range groups {
			sum += g.rate.sum(from, to)
		}
		return sum
	}
	n.Rate = run.perSecond(n.Events)
	n.Now, n.Minute = run.rate(5, n.Events, counted), run.rate(60, n.Events, counted)
	if all.known() {
		n.Last = c.clock(all.last)
	}
	return n
}
