package stats

import (
	"cmp"
	"slices"
	"time"
)

// Snapshot is what a Counter knows at one moment. Its JSON is what -o ndjson
// prints: the names are documented in docs/stats.md and stable.
type Snapshot struct {
	Record   string    `json:"record"` // "interval", or "total" for the last of a run
	Time     time.Time `json:"time"`   // of a recording: its last event's
	Start    time.Time `json:"start"`  // of a recording: its first event's
	Elapsed  float64   `json:"elapsed_s"`
	Recorded bool      `json:"recorded"`
	By       string    `json:"by"` // what the groups have in common
	Flow
	Groups    []Group    `json:"groups"`
	Instances []Instance `json:"instances"`

	unplaced Flow // of no instance: records of a recording that tell of none
}

// Total tells whether the snapshot is the last of its run.
func (s *Snapshot) Total() bool { return s.Record == "total" }

// Count is how many events there were, and how many a second.
type Count struct {
	Events uint64    `json:"events"`
	Bytes  uint64    `json:"bytes"`               // of their payloads
	Rate   float64   `json:"events_per_s"`        // over elapsed_s
	Now    float64   `json:"events_per_s_now"`    // over the last five whole seconds
	Minute float64   `json:"events_per_s_minute"` // over the last sixty
	Last   time.Time `json:"last,omitzero"`
}

// Flow is what came from an instance, how late, and what did not come.
type Flow struct {
	Count
	ByteRate    float64 `json:"bytes_per_s"`
	ByteRateNow float64 `json:"bytes_per_s_now"`
	Delay       *Dist   `json:"delay_ms,omitempty"` // received minus system_timestamp
	Reconnects  uint64  `json:"reconnects"`
	Gap         float64 `json:"gap_s"` // without a connection, the gap at hand included
	LongestGap  float64 `json:"longest_gap_s"`
	IDJumps     uint64  `json:"id_jumps"`
	IDsMissing  uint64  `json:"ids_missing"`
	Skipped     uint64  `json:"skipped"`
	Oversize    uint64  `json:"oversize"`
	Open        uint64  `json:"open"` // events begun and not ended
}

// Group is the events with one value of Snapshot.By.
type Group struct {
	Value string `json:"value"`
	Count
}

// Instance is one instance.
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
	quiet time.Duration // for how long nothing arrived over the current connection
	last  [60]uint32    // events in each of the last sixty whole seconds
}

// Engine is what the instance's own statistics say.
type Engine struct {
	FPS          float64 `json:"fps"`
	SourceFPS    float64 `json:"source_fps"`
	Latency      float64 `json:"latency_ms"`
	Queue        float64 `json:"queue"`
	Frames       float64 `json:"frames"`                      // in this run
	Dropped      float64 `json:"dropped_frames"`              // in this run
	DroppedSince float64 `json:"dropped_frames_since_report"` // since the report before
}

// OpenEvent is how many events of a type are open at a place.
type OpenEvent struct {
	Type  string `json:"type"`
	Place string `json:"place"`
	Count uint64 `json:"count"`
}

// EndedType is how many events of a type ended, and how long they lasted.
type EndedType struct {
	Type     string `json:"type"`
	Count    uint64 `json:"count"`
	Duration *Dist  `json:"duration_ms,omitempty"`
}

// Bounds of the distributions' buckets, in seconds, for Prometheus.
var (
	delayBounds    = []float64{0, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}
	durationBounds = []float64{1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 14400}
)

// Snapshot returns what is known now.
func (c *Counter) Snapshot() *Snapshot {
	tallies := c.list()
	over := stretch{0, time.Since(c.start)}
	if c.o.Recorded {
		over = recordedSpan(tallies)
	}
	s := &Snapshot{
		Record: "interval", Recorded: c.o.Recorded, By: c.by, Elapsed: round(over.seconds()),
		Time: c.clock(over.to), Start: c.clock(over.from), Groups: []Group{}, Instances: []Instance{},
	}
	var delay dist
	for _, t := range tallies {
		s.Instances = append(s.Instances, t.show(over, &delay))
	}
	slices.SortStableFunc(s.Instances, func(a, b Instance) int { return cmp.Compare(a.order, b.order) })
	s.unplaced = c.unplaced()
	s.sum(over)
	s.Delay = delay.show(nil)
	return s
}

// clock is the time of a moment, to the millisecond.
func (c *Counter) clock(at time.Duration) time.Time {
	return c.start.Add(at).UTC().Truncate(time.Millisecond)
}

func recordedSpan(tallies []*tally) stretch {
	var all span
	for _, t := range tallies {
		t.mu.Lock()
		if t.span.known {
			all.add(t.span.first)
			all.add(t.span.last)
		}
		t.mu.Unlock()
	}
	return stretch{all.first, all.last}
}

// sum adds up what the instances have.
func (s *Snapshot) sum(over stretch) {
	groups := map[string]*Group{}
	s.Flow.add(&s.unplaced)
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
	s.Rate, s.ByteRate = over.per(s.Events), over.per(s.Bytes)
	for _, g := range groups {
		g.Rate = over.per(g.Events)
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

// sortGroups puts the largest first.
func sortGroups(g []Group) {
	slices.SortFunc(g, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(a.Value, b.Value))
	})
}
