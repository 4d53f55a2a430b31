package simulator

import (
	"context"
	"hash/fnv"
	"slices"
	"strconv"
	"sync"
	"time"
)

const (
	// queueLimit is the number of pending events in a polling queue. The oldest
	// ones are dropped (vendor source, 2024).
	queueLimit = 500

	lagLimit    = 1000 // events that a stream may be late before it loses some
	storedLimit = 5000 // rows of the database that are made while an instance runs
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
	return fleet[:n]
}

// instance is an Instance at run time.
type instance struct {
	Instance
	order    int             // among the server's instances
	past     func() []object // rows of the database from before it was added, by time
	running  context.Context // done once it is stopped or removed
	stop     context.CancelFunc
	requests int // for events, counted for the faults; under Server.mu

	mu        sync.Mutex
	pending   []item                   // the polling queue
	followers map[chan<- item]struct{} // streams
	stored    []object                 // rows of the database since it was added, by time
	served    []uint64                 // hashes of delivered payloads
}

// AddInstance adds and starts an instance. It replaces one with the same id.
func (s *Server) AddInstance(in Instance) {
	if in.ID == "" {
		in.ID = named(in.Name)
	}
	s.RemoveInstance(in.ID)
	added := &instance{Instance: in, followers: map[chan<- item]struct{}{}, past: func() []object { return nil }}
	added.running, added.stop = context.WithCancel(s.ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	added.order = len(s.instances)
	s.instances = append(s.instances, added)
	if s.capture != nil {
		added.pending = s.capture.of(in.ID)
		return
	}
	now := time.Now()
	added.past = sync.OnceValue(func() []object { return pastRows(added, s.opts.Seed, now) })
	if s.ctx.Err() == nil && s.opts.Rate != Max { // with Max, each stream makes its own events
		s.work.Go(func() { s.play(added) })
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
		if !sleep(in.running, time.Until(sc.base.Add(it.at))) {
			return
		}
		in.add(it)
	}
}

// add passes an event to the queue, the streams and the database.
func (in *instance) add(it item) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.pending = append(in.pending, it)
	if len(in.pending) >= 2*queueLimit {
		in.pending = slices.Clone(in.pending[queueLimit:])
	}
	for follower := range in.followers {
		select {
		case follower <- it:
		default: // it lags behind
		}
	}
	if it.stored == nil {
		return
	}
	in.stored = append(in.stored, it.stored)
	if len(in.stored) >= 2*storedLimit {
		in.stored = slices.Clone(in.stored[storedLimit:])
	}
}

// follow returns a channel of later events until stop is called.
func (in *instance) follow() (events <-chan item, stop func()) {
	in.mu.Lock()
	defer in.mu.Unlock()
	follower := make(chan item, lagLimit)
	in.followers[follower] = struct{}{}
	return follower, func() {
		in.mu.Lock()
		defer in.mu.Unlock()
		delete(in.followers, follower)
	}
}

// poll removes and returns the pending events.
func (in *instance) poll() []item {
	in.mu.Lock()
	defer in.mu.Unlock()
	items := in.pending[max(0, len(in.pending)-queueLimit):]
	in.pending = nil
	return items
}

// sleep waits for d and reports whether ctx is still alive.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// Served returns the hashes of the payloads of an instance that were delivered, over
// all its streams and polling responses: those whose last byte was written to the
// connection, in this order. It needs Options.Record. Records that a fault adds are
// not among them.
func (s *Server) Served(id string) []uint64 {
	s.mu.Lock()
	in := s.find(id)
	s.mu.Unlock()
	if in == nil {
		return nil
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	return slices.Clone(in.served)
}

// Hash returns the hash of a payload that Served returns: 64-bit FNV-1a.
func Hash(payload []byte) uint64 {
	h := fnv.New64a()
	h.Write(payload)
	return h.Sum64()
}
