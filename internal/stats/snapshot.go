package stats

import (
	"cmp"
	"slices"
	"time"
)

// Snapshot is what a Counter knows at one moment. Its JSON is what -o ndjson
// prints; docs/stats.md has the names, which are stable.
type Snapshot struct {
	Record   string    `json:"record"` // "interval", or "total" for the last of a run
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

// Snapshot returns what is known now.
func (c *Counter) Snapshot() *Snapshot {
	c.mu.Lock()
	tallies, unassigned := slices.Clone(c.order), c.unassigned
	c.mu.Unlock()
	over := period{0, time.Since(c.start)}
	if c.o.Recorded {
		over = recordedPeriod(tallies)
	}
	s := &Snapshot{
		Record: "interval", Recorded: c.o.Recorded, By: c.by, Elapsed: round(over.seconds()),
		Time: c.clock(over.to), Start: c.clock(over.from), Groups: []Group{}, Instances: []Instance{},
		unassigned: unassigned,
	}
	var delay dist
	for _, t := range tallies {
		t.mu.Lock()
		if !t.isEmpty() {
			s.Instances = append(s.Instances, t.snapshot(over, &delay))
		}
		t.mu.Unlock()
	}
	slices.SortStableFunc(s.Instances, func(a, b Instance) int { return cmp.Compare(a.order, b.order) })
	s.sum(over)
	s.Delay = delay.snapshot(nil)
	return s
}

// clock returns the time of a moment, in milliseconds.
func (c *Counter) clock(at time.Duration) time.Time {
	return c.start.Add(at).UTC().Truncate(time.Millisecond)
}

func recordedPeriod(tallies []*tally) period {
	var all span
	for _, t := range tallies {
		t.mu.Lock()
		if t.span.known {
			all.add(t.span.first)
			all.add(t.span.last)
		}
		t.mu.Unlock()
	}
	return period{all.first, all.last}
}

// sum adds up the numbers of the instances.
func (s *Snapshot) sum(over period) {
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
	s.Rate, s.ByteRate = over.perSecond(s.Events), over.perSecond(s.Bytes)
	for _, g := range groups {
		g.Rate = over.perSecond(g.Events)
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

// snapshot returns the numbers of the instance, and adds its delays to those of
// all instances. t.mu must be held.
func (t *tally) snapshot(over period, delays *dist) Instance {
	in := t.in
	in.Groups, in.OpenEvents, in.Ended = []Group{}, []OpenEvent{}, []EndedType{}
	if in.Engine != nil {
		e := *in.Engine
		e.DroppedSince = e.Dropped
		in.Engine = &e
	}
	if in.State != Recorded {
		in.StateFor = round((over.to - t.since).Seconds())
		in.quiet = t.quiet(over.to)
		if in.quiet >= t.arrivals.silentAfter() {
			in.Silent, in.SilentFor = true, round(in.quiet.Seconds())
		}
	}
	gap := t.currentGap(over.to)
	in.Gap, in.LongestGap = round((t.gap + gap).Seconds()), round(max(t.longest, gap).Seconds())
	in.Count = t.c.count(&t.traffic, over)
	in.ByteRate, in.ByteRateNow = over.perSecond(in.Bytes), rate(&t.volume, over, 5, in.Bytes)
	in.Delay = t.delay.snapshot(delayBounds)
	delays.merge(&t.delay)
	for _, g := range t.groups {
		in.Groups = append(in.Groups, Group{g.value, t.c.count(&g.traffic, over)})
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

func (c *Counter) count(n *traffic, over period) Count {
	count := Count{
		Events: n.events, Bytes: n.bytes, Rate: over.perSecond(n.events),
		Now: rate(&n.rate, over, 5, n.events), Minute: rate(&n.rate, over, 60, n.events),
	}
	if n.span.known {
		count.Last = c.clock(n.span.last)
	}
	return count
}
