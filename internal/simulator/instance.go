package simulator

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Instance describes one simulated analytics instance.
type Instance struct {
	ID       string    // UUID; derived from Name if empty
	Name     string    // display name
	Group    string    // group as the server lists it
	Areas    [2]string // names of a forbidden area and of another one
	Tripwire string    // name of a line in front of both
	State    string    // "running" (also ""), "loaded" or "registered"
	Faults   []Fault   // in addition to the server's
}

// Fleet returns n instances: Gate, Dock and Car park, then numbered cameras.
// Instances have the same id in every run.
func Fleet(n int) []Instance {
	fleet := []Instance{
		{
			Name: "Gate", ID: "899c89f9-90c3-c633-8586-8f09b005ebed", Group: "site-north",
			Areas: [2]string{"Gate lane", "Visitor path"}, Tripwire: "Gate A",
		},
		{Name: "Dock", Group: "site-north", Areas: [2]string{"Loading dock", "Ramp"}, Tripwire: "Dock door"},
		{Name: "Car park", Group: "site-south", Areas: [2]string{"Pay station", "Row 1"}, Tripwire: "Barrier"},
	}
	for i := len(fleet); i < n; i++ {
		no := strconv.Itoa(i + 1)
		fleet = append(fleet, Instance{
			Name: "Camera " + no, Group: "fleet", Tripwire: "Line " + no,
			Areas: [2]string{"Zone " + no, "Passage " + no},
		})
	}
	return fleet[:max(n, 0)]
}

// instance is an Instance at run time.
type instance struct {
	Instance
	order int // among the server's instances
	feed  feed
	tally tally

	database database
	added    time.Time // the made-up past ends here

	// Under Server.mu:
	runs     int // times started
	requests int // for events, counted for the faults
	period   *period
}

// placeID returns the UUID of one of the instance's places.
func (in *instance) placeID(p place) string { return named("place " + in.ID + strconv.Itoa(int(p))) }

// period lasts from one stop of an instance to the next. Streams end with the
// period in which they were opened.
type period struct {
	ctx     context.Context
	end     context.CancelFunc
	started chan struct{} // closed when the instance runs
}

func (s *Server) newPeriod() *period {
	p := &period{started: make(chan struct{})}
	p.ctx, p.end = context.WithCancel(s.ctx)
	return p
}

// AddInstance adds an instance and replaces one with the same id. The error
// is about a fault of the instance that does not exist.
func (s *Server) AddInstance(in Instance) error {
	if err := check(in.Faults); err != nil {
		return err
	}
	if in.ID == "" {
		in.ID = named("instance " + in.Name)
	}
	start := in.State == "" || in.State == "running"
	if start {
		in.State = "loaded" // until it is started
	}
	s.RemoveInstance(in.ID)
	added := &instance{Instance: in, added: time.Now(), period: s.newPeriod()}
	s.mu.Lock()
	added.order = len(s.instances)
	s.mu.Unlock()
	if s.capture != nil {
		added.fill(s.capture.of(in.ID))
	}
	s.mu.Lock()
	s.instances = append(s.instances, added)
	s.mu.Unlock()
	if start {
		s.SetRunning(in.ID, true)
	}
	return nil
}

// fill makes recorded events pending and stores them, with their own times.
func (in *instance) fill(items []item) {
	in.feed.fill(items)
	for _, it := range items {
		var p struct {
			Time int64 `json:"system_timestamp"`
		}
		if json.Unmarshal(it.payload, &p) == nil && p.Time > 0 {
			in.database.add(time.UnixMilli(p.Time), it)
		}
	}
}

// RemoveInstance removes an instance and ends its streams. It reports whether
// the instance existed.
func (s *Server) RemoveInstance(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.find(id)
	if in == nil {
		return false
	}
	in.period.end()
	s.instances = slices.DeleteFunc(s.instances, func(o *instance) bool { return o == in })
	return true
}

// SetRunning starts or stops an instance. Stopping ends its streams; a stream
// of a stopped instance is silent until the instance runs. SetRunning reports
// whether the instance exists.
func (s *Server) SetRunning(id string, on bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.find(id)
	switch {
	case in == nil:
		return false
	case on && in.State != "running" && !s.closed:
		in.State = "running"
		in.runs++
		close(in.period.started)
		s.play(in)
	case !on && in.State == "running":
		in.State = "loaded"
		in.period.end()
		in.period = s.newPeriod()
	}
	return true
}

// find returns the instance with an id, or nil. The caller holds s.mu.
func (s *Server) find(id string) *instance {
	i := slices.IndexFunc(s.instances, func(in *instance) bool { return in.ID == id })
	if i < 0 {
		return nil
	}
	return s.instances[i]
}

// play starts the scene of an instance. The caller holds s.mu.
func (s *Server) play(in *instance) {
	if s.capture != nil || s.opts.Rate == Max {
		return // each stream has its own player
	}
	sc := newScene(in, s.opts.Seed+uint64(in.runs-1)<<32, time.Now())
	sc.rate = s.opts.Rate
	ctx := in.period.ctx
	s.work.Go(func() {
		for {
			it := sc.next()
			if !sleep(ctx, time.Until(sc.base.Add(it.at))) {
				return
			}
			in.feed.add(it)
			in.database.add(sc.base.Add(it.at), it)
		}
	})
}

// sleep waits for d and reports whether ctx is still alive.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// tally counts delivered events. Safe for concurrent use.
type tally struct {
	mu     sync.Mutex
	count  int
	hashes []uint64
}

func (t *tally) add(n int, hashes ...uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count += n
	t.hashes = append(t.hashes, hashes...)
}

// Served returns how many events of an instance were delivered, over all its
// streams and polling responses: those whose last byte was written to the
// connection. With Options.Record it also returns the Hash of each payload, in
// the order of delivery. Records that a fault adds are not among them.
func (s *Server) Served(id string) (count int, hashes []uint64) {
	s.mu.Lock()
	in := s.find(id)
	s.mu.Unlock()
	if in == nil {
		return 0, nil
	}
	in.tally.mu.Lock()
	defer in.tally.mu.Unlock()
	return in.tally.count, slices.Clone(in.tally.hashes)
}

// Hash returns the number by which Served knows a payload: FNV-1a, 64 bits.
func Hash(payload []byte) uint64 {
	h := fnv.New64a()
	h.Write(payload)
	return h.Sum64()
}

func hash(name string) uint64 { return Hash([]byte(name)) }

// named returns the UUID that belongs to a name.
func named(name string) string { return uuid(rand.New(rand.NewPCG(hash(name), 0))) }

// uuid returns sixteen random bytes in the form of a UUID, as the server's are.
func uuid(rng *rand.Rand) string {
	var b [16]byte
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
