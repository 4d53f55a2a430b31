package flowtest

import (
	"strings"
	"sync"

	"github.com/rtev/rtev/internal/event"
)

// Taken is an event that Collect recorded. It owns its bytes.
type Taken struct {
	Type, ID, Payload string
	Instance          *event.Instance
}

// Collect is a sink that records events. The zero value takes everything. Set
// the fields before using it. Its methods are safe for concurrent use.
type Collect struct {
	// Err is returned by Put number At, counted from 1, and by all later ones,
	// which do not accept the event.
	Err error
	At  int
	// FlushErr is returned by every Flush.
	FlushErr error
	// OnPut, if not nil, is called at the start of each Put with its number,
	// counted from 1.
	OnPut func(n int)

	mu      sync.Mutex
	taken   []Taken
	puts    int
	flushes int
	pending int
	failed  bool
	after   int
}

// Put records ev, or fails according to Err and At.
func (c *Collect) Put(ev *event.Event) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed {
		c.after++
	}
	c.puts++
	n := c.puts
	if c.OnPut != nil {
		c.mu.Unlock()
		c.OnPut(n)
		c.mu.Lock()
	}
	if c.Err != nil && n >= c.At {
		c.failed = true
		return c.Err
	}
	c.taken = append(c.taken, Taken{ev.Type, strings.Clone(ev.ID), string(ev.Payload), ev.Instance})
	c.pending++
	return nil
}

// Flush returns FlushErr.
func (c *Collect) Flush() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed && c.Err != event.ErrStop {
		c.after++
	}
	c.flushes++
	if c.FlushErr != nil {
		c.failed = true
		return c.FlushErr
	}
	c.pending = 0
	return nil
}

// Taken returns the events taken so far.
func (c *Collect) Taken() []Taken {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Taken(nil), c.taken...)
}

// Payloads returns the payloads of the events taken so far.
func (c *Collect) Payloads() []string {
	var all []string
	for _, e := range c.Taken() {
		all = append(all, e.Payload)
	}
	return all
}

// Pending returns how many events were taken since the last successful Flush.
func (c *Collect) Pending() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pending
}

// AfterFailure returns how often Put or Flush was called after a failure. It does not
// count a Flush after ErrStop, because events put before may still be written.
func (c *Collect) AfterFailure() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.after
}
