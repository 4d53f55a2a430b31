package simulator

import (
	"context"
	"slices"
	"sync"
	"time"
)

// camera is an instance at run time.
type camera struct {
	Instance
	place *place
	order uint64 // among the instances, so that not all begin at once
	feed  feed
	tally tally

	// Under Server.mu:
	runs     int // times started
	requests int // of events, for the faults
	period   *period
}

// period is from one stop of an instance to the next. It ends the streams that
// were opened in it.
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

// AddInstance adds an instance; one with the same id is replaced. It fails
// where a fault of the instance does not exist.
func (s *Server) AddInstance(in Instance) error {
	if err := check(in.Faults); err != nil {
		return err
	}
	if in.ID == "" {
		in.ID = uuid(named("instance " + in.Name))
	}
	start := in.State == "" || in.State == "running"
	if start {
		in.State = "loaded" // until it is started
	}
	s.RemoveInstance(in.ID)
	c := &camera{Instance: in, place: newPlace(in), period: s.newPeriod()}
	if s.capture != nil {
		c.feed.fill(s.capture.of(in.ID))
	}
	s.mu.Lock()
	c.order = uint64(len(s.cameras))
	s.cameras = append(s.cameras, c)
	s.mu.Unlock()
	if start {
		s.SetRunning(in.ID, true)
	}
	return nil
}

// RemoveInstance removes an instance and ends its streams. It tells whether
// there was one.
func (s *Server) RemoveInstance(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.camera(id)
	if c == nil {
		return false
	}
	c.period.end()
	s.cameras = slices.DeleteFunc(s.cameras, func(o *camera) bool { return o == c })
	return true
}

// SetRunning starts or stops an instance. Stopping ends its streams; a stream
// of a stopped instance stays silent until the instance runs. It tells whether
// there is such an instance.
func (s *Server) SetRunning(id string, on bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.camera(id)
	switch {
	case c == nil:
		return false
	case on && c.State != "running" && !s.closed:
		c.State = "running"
		c.runs++
		close(c.period.started)
		s.play(c)
	case !on && c.State == "running":
		c.State = "loaded"
		c.period.end()
		c.period = s.newPeriod()
	}
	return true
}

// camera finds an instance; nil where there is none. Under mu.
func (s *Server) camera(id string) *camera {
	i := slices.IndexFunc(s.cameras, func(c *camera) bool { return c.ID == id })
	if i < 0 {
		return nil
	}
	return s.cameras[i]
}

// play starts the scene of an instance that begins to run. Under mu.
func (s *Server) play(c *camera) {
	if s.capture != nil || s.opts.Rate == Max {
		return // every stream has its own player
	}
	sc := newScene(c.place, s.album, s.opts.Seed+uint64(c.runs-1)<<32, time.Now(), 200+int64(c.order%8)*400)
	sc.rate = s.opts.Rate
	ctx := c.period.ctx
	s.work.Go(func() {
		for {
			it := sc.next()
			if !sleep(ctx, time.Until(sc.base.Add(it.at))) {
				return
			}
			c.feed.add(it)
		}
	})
}

// sleep waits for d, and tells whether ctx is not done.
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

// tally counts what was delivered.
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
