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

	running context.Context // done once it is stopped or removed
	stop    context.CancelFunc

	requests int // for events, counted for the faults; under Server.mu
}

// placeID returns the UUID of one of the instance's places.
func (in *instance) placeID(p place) string { return named("place " + in.ID + strconv.Itoa(int(p))) }

// AddInstance adds and starts an instance. It replaces one with the same id. It
// fails if a fault of the instance does not exist.
func (s *Server) AddInstance(in Instance) error {
	if err := check(in.Faults); err != nil {
		return err
	}
	if in.ID == "" {
		in.ID = named("instance " + in.Name)
	}
	s.RemoveInstance(in.ID)
	added := &instance{Instance: in, added: time.Now()}
	added.running, added.stop = context.WithCancel(s.ctx)
	if s.capture != nil {
		added.fill(s.capture.of(in.ID))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	added.order = len(s.instances)
	s.instances = append(s.instances, added)
	if !s.closed && s.capture == nil && s.opts.Rate != Max { // otherwise each stream has its own player
		s.work.Go(func() { s.play(added) })
	}
	return nil
}

// fill makes recorded events pending and stores them, with their own times.
func (in *instance) fill(items []item) {
	in.feed.items = items
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
	if !s.Stop(id) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.instances = slices.DeleteFunc(s.instances, func(in *instance) bool { return in.ID == id })
	return true
}

// Stop stops an instance: its streams end, and later ones are silent. It
// reports whether the instance exists.
func (s *Server) Stop(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	in := s.find(id)
	if in != nil {
		in.stop()
	}
	return in != nil
}

// find returns the instance with an id, or nil. The caller holds s.mu.
func (s *Server) find(id string) *instance {
	i := slices.IndexFunc(s.instances, func(in *instance) bool { return in.ID == id })
	if i < 0 {
		return nil
	}
	return s.instances[i]
}

// play produces the scene of an instance until it is stopped.
func (s *Server) play(in *instance) {
	sc := newScene(in, s.opts.Seed, time.Now())
	sc.rate = s.opts.Rate
	for {
		it := sc.next()
		at := sc.base.Add(it.at)
		if !sleep(in.running, time.Until(at)) {
			return
		}
		in.feed.add(it)
		in.database.add(at, it)
	}
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

// Hash returns the hash of a payload that Served returns: 64-bit FNV-1a.
func Hash(payload []byte) uint64 {
	h := fnv.New64a()
	h.Write(payload)
	return h.Sum64()
}

func hash(name string) uint64 { return Hash([]byte(name)) }

// named returns the UUID for a name. It is the same in every run.
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
