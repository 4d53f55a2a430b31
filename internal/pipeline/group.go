// Package pipeline runs sources into sinks until the run is over. Each source has
// its own goroutine and its own chain of sinks, such as Match, Limit, Cooldown and
// a writer.
package pipeline

import (
	"cmp"
	"context"
	"errors"
	"sync"

	"github.com/rtev/rtev/internal/event"
)

// Group is a run of sources, which may be added and stopped while it lasts.
//
// The run is over when all sources and all functions started with Go, which could
// add more sources, have ended. It ends early, and cancels what still runs, when
// ctx is done, when a chain returns ErrStop (success) or fails, or when no source
// is left and all have failed. After its source has ended, each chain is flushed,
// and closed if it is an io.Closer. All methods but Wait are safe for concurrent
// use.
type Group struct {
	ctx    context.Context
	cancel context.CancelFunc
	open   func() event.Sink
	work   sync.WaitGroup // sources, and functions started with Go

	mu        sync.Mutex
	added     int   // sources so far
	running   int   // running sources, plus 1 until Wait because more may be added
	succeeded bool  // a source ended without an error, or a chain wanted no more
	failed    error // the error of the first source in the order of Add that failed
	failedAt  int   // its place in that order
	broken    error // the first failure of a chain
	lost      error // the first error of a source that is an undelivered
}

// undelivered is an error of a source whose events were not all delivered. It
// counts even if other sources succeeded.
type undelivered interface {
	error
	Undelivered()
}

// NewGroup returns a run that ends with ctx. open returns the chain of a source;
// Add calls it in the goroutine of its caller. A source that fails while others go
// on must report that itself.
func NewGroup(ctx context.Context, open func() event.Sink) *Group {
	g := &Group{open: open, running: 1}
	g.ctx, g.cancel = context.WithCancel(ctx)
	return g
}

// Add starts a source. stop ends that source alone, without waiting for it.
// After Wait was called, only functions started with Go may call Add.
func (g *Group) Add(s event.Source) (stop func()) {
	ctx, cancel := context.WithCancel(g.ctx)
	chain := &guard{Sink: g.open()}
	g.mu.Lock()
	order := g.added
	g.added++
	g.running++
	g.mu.Unlock()
	g.work.Go(func() {
		defer cancel()
		err := s.Run(ctx, chain)
		if ended := ctx.Err(); ended != nil && err == ended {
			// Only the source's own context ends it without an error. A time-out
			// of the network wraps context.DeadlineExceeded as well.
			err = nil
		}
		chain.end()
		g.ended(order, err, chain)
	})
	return cancel
}

// Go runs f in its own goroutine, to add more sources. The run waits for f. The ctx
// of f is done as soon as the run is over.
func (g *Group) Go(f func(ctx context.Context)) { g.work.Go(func() { f(g.ctx) }) }

// ended records how the source at a place in the order of Add ended.
func (g *Group) ended(order int, err error, chain *guard) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, lost := errors.AsType[undelivered](err); lost && g.lost == nil {
		g.lost = err
	}
	switch {
	case chain.err != nil:
		g.cancel()
		if g.broken == nil {
			g.broken = failure(err, chain)
		}
		g.succeeded = true
	case err == nil:
		g.succeeded = true
	case g.failed == nil || order < g.failedAt:
		g.failed, g.failedAt = err, order
	}
	g.leave()
}

// failure returns the error of a failed chain, or the error of its source if that
// says more, such as that events could not be saved either. It returns nil if the
// chain only wanted no more events.
func failure(err error, chain *guard) error {
	switch {
	case chain.broken() && !errors.Is(err, chain.err):
		return chain.err
	case chain.broken() || err != event.ErrStop:
		return err
	}
	return nil
}

// leave ends the run if no source is left and all have failed. The caller holds
// g.mu.
func (g *Group) leave() {
	g.running--
	if g.running == 0 && g.failed != nil && !g.succeeded {
		g.cancel()
	}
}

// Wait waits until the run is over and everything is flushed. Call it once. It
// returns
//   - the first failure of a chain, as its source returned it: events that were
//     put may be lost;
//   - else the first error of a source that says that events were not delivered;
//   - else nil, if a chain wanted no more events, or if at least one source reached
//     its end or was stopped, also by ctx;
//   - else the error of the failed source that was added first. A source that
//     worked and then ended for good, such as by a 401, has failed.
func (g *Group) Wait() error {
	g.mu.Lock()
	g.leave()
	g.mu.Unlock()
	g.work.Wait()
	g.cancel()
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := cmp.Or(g.broken, g.lost); err != nil || g.succeeded {
		return err
	}
	return g.failed
}

// Run runs sources, each into a chain that open returns, until the run is over,
// and returns what Group.Wait returns.
func Run(ctx context.Context, sources []event.Source, open func() event.Sink) error {
	g := NewGroup(ctx, open)
	for _, s := range sources {
		g.Add(s)
	}
	return g.Wait()
}
