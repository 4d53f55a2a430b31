// Package pipeline runs sources into sinks until what was asked for is done:
// one goroutine a source, each with a chain of its own (Match, Limit, a sink).
package pipeline

import (
	"context"
	"errors"
	"sync"

	"github.com/rtev/rtev/internal/event"
)

// Group is a run of sources that may come and go while it lasts.
//
// The run is over when all its sources have ended and nothing started with Go
// is left that could add more. It is over early, with the others cancelled,
// when ctx is done, when a chain returns ErrStop (success) or fails, or when
// there is no source left and each one failed: then there is nothing to wait
// for. Each chain is flushed after its source ended, and closed where it has
// a Close method. All methods but Wait are safe for concurrent use.
type Group struct {
	ctx    context.Context
	cancel context.CancelFunc
	open   func(event.Source) event.Sink
	work   sync.WaitGroup // sources, and what Go started

	mu      sync.Mutex
	added   int   // sources so far
	running int   // sources at work, and 1 until Wait: more may be added
	lived   bool  // a source ended without an error, or a chain had enough
	failed  error // of the failed sources the one that was added first
	at      int   // its place in the order of Add
	broken  error // the first failure of a chain
}

// NewGroup makes a run that ends with ctx. What one source fails with while
// others go on is told by nobody here: that is the source's. open makes the chain of a source;
// it is called by Add, in the caller's goroutine.
func NewGroup(ctx context.Context, open func(event.Source) event.Sink) *Group {
	g := &Group{open: open, running: 1}
	g.ctx, g.cancel = context.WithCancel(ctx)
	return g
}

// Add starts a source. stop ends that source alone and does not wait for it.
// Once Wait was called only what Go runs may still add.
func (g *Group) Add(s event.Source) (stop func()) {
	ctx, cancel := context.WithCancel(g.ctx)
	chain := &guard{to: g.open(s)}
	g.mu.Lock()
	order := g.added
	g.added++
	g.running++
	g.mu.Unlock()
	g.work.Go(func() {
		defer cancel()
		err := s.Run(ctx, chain)
		if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
			err = nil
		}
		chain.end()
		g.ended(order, err, chain)
	})
	return cancel
}

// Go runs f beside the sources, to add more of them. The run waits for f; its
// ctx is done as soon as the run is over.
func (g *Group) Go(f func(ctx context.Context)) { g.work.Go(func() { f(g.ctx) }) }

// ended notes how the source in that place of the order ended, which has
// returned err.
func (g *Group) ended(order int, err error, chain *guard) {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case chain.err != nil:
		g.cancel()
		if g.broken == nil {
			g.broken = failure(err, chain)
		}
		g.lived = true
	case err == nil:
		g.lived = true
	case g.failed == nil || order < g.at:
		g.failed, g.at = err, order
	}
	g.leave()
}

// failure is how a chain has failed: its source's error where that says more,
// such as that events could not be kept either. Nil: the chain had enough.
func failure(err error, chain *guard) error {
	switch {
	case chain.broken() && !errors.Is(err, chain.err):
		return chain.err
	case chain.broken() || err != event.ErrStop:
		return err
	}
	return nil
}

// leave ends the run when nobody is left and nobody has lived. The lock is held.
func (g *Group) leave() {
	g.running--
	if g.running == 0 && g.failed != nil && !g.lived {
		g.cancel()
	}
}

// Wait waits until the run is over and all has been flushed. It returns
//   - the first failure of a chain, as its source returned it: what was put
//     may be lost;
//   - else nil, when a chain had enough, or when at least one source came to
//     its end or was stopped, by ctx too: whoever cancelled ctx knows why;
//   - else the error of the failed source that was added first. One that was
//     alive and then ended for good, such as by a 401, has failed like one
//     that could never be opened: nobody reads its events any more.
//
// It is called once.
func (g *Group) Wait() error {
	g.mu.Lock()
	g.leave()
	g.mu.Unlock()
	g.work.Wait()
	g.cancel()
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.broken != nil:
		return g.broken
	case g.lived:
		return nil
	}
	return g.failed
}

// Run runs sources, each into a chain made by open, until the run is over. It
// returns what Group.Wait says.
func Run(ctx context.Context, sources []event.Source, open func() event.Sink) error {
	g := NewGroup(ctx, func(event.Source) event.Sink { return open() })
	for _, s := range sources {
		g.Add(s)
	}
	return g.Wait()
}
