package pipeline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
)

// script is a source of n events, one every pause, that then ends with err,
// or waits for ctx where end is false.
type script struct {
	name  string
	n     int
	pause time.Duration
	end   bool
	err   error
}

func (s script) Run(ctx context.Context, to event.Sink) error {
	for i := range s.n {
		ev, err := event.New("track", fmt.Appendf(nil, `{"from":%q,"n":%d}`, s.name, i), nil)
		if err != nil {
			return err
		}
		if err := to.Put(ev); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(s.pause):
		}
	}
	if s.end {
		return s.err
	}
	<-ctx.Done()
	return ctx.Err()
}

// closing is the last sink of a chain. It records the order of calls.
type closing struct {
	flowtest.Collect
	ends     []string
	closeErr error
}

func (c *closing) Flush() error {
	c.ends = append(c.ends, "flush")
	return c.Collect.Flush()
}

func (c *closing) Close() error {
	c.ends = append(c.ends, "close")
	return c.closeErr
}

var (
	errRefused = errors.New("refused")
	errDenied  = errors.New("denied")
	errDisk    = errors.New("disk full")
)

func TestRunEnds(t *testing.T) {
	lives := script{name: "lives", n: 5, pause: time.Second}
	ends := script{name: "ends", n: 2, end: true}
	refused := script{name: "refused", end: true, err: errRefused}
	denied := script{name: "denied", n: 3, pause: time.Second, end: true, err: errDenied}
	canceled := script{name: "canceled", end: true, err: fmt.Errorf("get: %w", context.Canceled)}
	for _, tc := range []struct {
		name    string
		sources []event.Source
		sink    *flowtest.Collect
		want    error
		after   time.Duration // of the hour after which ctx is done
	}{
		{"no source", nil, &flowtest.Collect{}, nil, 0},
		{"all end", []event.Source{ends, ends}, &flowtest.Collect{}, nil, 0},
		{"one lives while others fail", []event.Source{refused, lives, denied}, &flowtest.Collect{}, nil, time.Hour},
		{"one ended well", []event.Source{refused, ends}, &flowtest.Collect{}, nil, 0},
		{"all fail: the first that was added", []event.Source{denied, refused}, &flowtest.Collect{}, errDenied,
			3 * time.Second},
		{"all fail: the other order", []event.Source{refused, denied}, &flowtest.Collect{}, errRefused, 3 * time.Second},
		{"an error like that of a ctx, though nobody cancelled", []event.Source{canceled}, &flowtest.Collect{},
			context.Canceled, 0},
		{"the sink has enough", []event.Source{lives, refused}, &flowtest.Collect{Err: event.ErrStop, At: 3}, nil,
			2 * time.Second},
		{"the sink fails", []event.Source{lives, ends}, &flowtest.Collect{Err: errDisk, At: 5}, errDisk, 2 * time.Second},
		{"the last flush fails", []event.Source{ends}, &flowtest.Collect{FlushErr: errDisk}, errDisk, 0},
		{"the last flush fails after ErrStop", []event.Source{lives},
			&flowtest.Collect{Err: event.ErrStop, At: 2, FlushErr: errDisk}, errDisk, time.Second},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				began := time.Now()
				err := Run(ctx, tc.sources, func() event.Sink { return tc.sink })
				if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
					t.Errorf("got %v, want %v", err, tc.want)
				}
				if d := time.Since(began); d != tc.after {
					t.Errorf("over after %v, want %v", d, tc.after)
				}
				if tc.sink.FlushErr == nil && tc.sink.Pending() > 0 && !errors.Is(tc.want, errDisk) {
					t.Errorf("%d events are not flushed", tc.sink.Pending())
				}
			})
		})
	}
}

func TestFailureOfSinkAndSource(t *testing.T) {
	joined := errors.Join(errDisk, errDenied)
	lost := errors.Join(event.ErrStop, errDenied)
	for _, tc := range []struct {
		name            string
		sink, own, want error
	}{
		{"the source hides the sink's failure", errDisk, errRefused, errDisk},
		{"the source forgets the sink's failure", errDisk, nil, errDisk},
		{"the source says more", errDisk, joined, joined},
		{"enough", event.ErrStop, event.ErrStop, nil},
		{"enough, and the source ends", event.ErrStop, nil, nil},
		{"enough, and the source could not keep the rest", event.ErrStop, lost, lost},
		{"enough, and the source fails", event.ErrStop, errDenied, errDenied},
		{"only the source", nil, errRefused, errRefused},
	} {
		t.Run(tc.name, func(t *testing.T) {
			source := runs(func(_ context.Context, to event.Sink) error {
				if err := to.Put(&event.Event{}); err != tc.sink {
					t.Errorf("Put: %v", err)
				}
				return tc.own
			})
			err := Run(t.Context(), []event.Source{source}, func() event.Sink { return &flowtest.Collect{Err: tc.sink, At: 1} })
			if err != tc.want {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}

// A network time-out is also a context.DeadlineExceeded, and may happen when the
// time of the run itself is over.
func TestOnlyEndOfRunHidesError(t *testing.T) {
	timeout := fmt.Errorf("get http://nvr1:3546: %w", context.DeadlineExceeded)
	for _, tc := range []struct {
		name      string
		own, want error
	}{
		{"the run's end", context.DeadlineExceeded, nil},
		{"a time-out of the server", timeout, timeout},
		{"what was lost", errors.Join(context.DeadlineExceeded, lostEvents{}), lostEvents{}},
		{"another end", context.Canceled, context.Canceled},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			source := runs(func(ctx context.Context, _ event.Sink) error {
				<-ctx.Done()
				return tc.own
			})
			err := Run(ctx, []event.Source{source}, func() event.Sink { return &flowtest.Collect{} })
			if !errors.Is(err, tc.want) || (err == nil) != (tc.want == nil) {
				t.Errorf("%s: got %v, want %v", tc.name, err, tc.want)
			}
		})
	}
}

type lostEvents struct{}

func (lostEvents) Error() string { return "events are lost" }
func (lostEvents) Undelivered()  {}

func TestUndeliveredEventsAreReported(t *testing.T) {
	for _, sources := range [][]event.Source{
		{script{end: true}, script{end: true, err: lostEvents{}}, script{end: true, err: errDenied}},
		{script{end: true, err: fmt.Errorf("poll: %w", lostEvents{})}, script{n: 1, end: true}},
	} {
		if err := Run(t.Context(), sources, func() event.Sink { return &flowtest.Collect{} }); !errors.Is(err, lostEvents{}) {
			t.Errorf("got %v", err)
		}
	}
}

func TestFlushAfterErrStopReachesTheSink(t *testing.T) {
	sink := &flowtest.Collect{Err: event.ErrStop, At: 2}
	source := runs(func(_ context.Context, to event.Sink) error {
		to.Put(&event.Event{})
		err := to.Put(&event.Event{})
		if to.Flush() != nil || sink.Pending() != 0 {
			t.Error("what was put before has not left")
		}
		return err
	})
	if err := Run(t.Context(), []event.Source{source}, func() event.Sink { return sink }); err != nil {
		t.Error(err)
	}
}

type runs func(context.Context, event.Sink) error

func (f runs) Run(ctx context.Context, to event.Sink) error { return f(ctx, to) }

func TestChainsAreFlushedThenClosed(t *testing.T) {
	for _, tc := range []struct {
		name string
		sink *closing
		ends string
		want error
	}{
		{"at the end", &closing{}, "flush close", nil},
		{"after ErrStop", &closing{Collect: flowtest.Collect{Err: event.ErrStop, At: 1}}, "flush close", nil},
		{"after a failure", &closing{Collect: flowtest.Collect{Err: errDisk, At: 1}, closeErr: errDenied}, "close", errDisk},
		{"close fails", &closing{closeErr: errDisk}, "flush close", errDisk},
		{"close fails after ErrStop", &closing{Collect: flowtest.Collect{Err: event.ErrStop, At: 1}, closeErr: errDisk},
			"flush close", errDisk},
	} {
		t.Run(tc.name, func(t *testing.T) {
			chain := Match(func(*event.Event) bool { return true }, NewLimit(9, func() {}).Sink(tc.sink))
			err := Run(t.Context(), []event.Source{script{n: 1, end: true}}, func() event.Sink { return chain })
			if got := strings.Join(tc.sink.ends, " "); got != tc.ends || err != tc.want {
				t.Errorf("%s, %v; want %s, %v", got, err, tc.ends, tc.want)
			}
		})
	}
}

func TestSourcesAreAddedAndStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		sink := &flowtest.Collect{}
		g := NewGroup(ctx, func() event.Sink { return sink })
		stop := g.Add(script{name: "first", n: 100, pause: time.Second})
		g.Go(func(ctx context.Context) {
			time.Sleep(10*time.Second + time.Millisecond)
			stop()
			time.Sleep(10 * time.Second) // nothing runs, and the run goes on
			g.Add(script{name: "second", n: 1, end: true, err: errDenied})
			<-ctx.Done()
		})
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
		if got := sink.Payloads(); len(got) != 12 || !strings.Contains(got[11], "second") {
			t.Errorf("got %v", got)
		}
	})
}

func TestRunEndsWhenAllSourcesFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGroup(t.Context(), func() event.Sink { return &flowtest.Collect{} })
		g.Go(func(ctx context.Context) { <-ctx.Done() })
		g.Add(script{end: true, err: errRefused})
		synctest.Wait() // it has failed, and another is still to be added
		g.Add(script{n: 1, pause: time.Second, end: true, err: errDenied})
		if err := g.Wait(); err != errRefused {
			t.Errorf("got %v", err)
		}
	})
}

func TestRunWaitsForFunctionsStartedWithGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		began := time.Now()
		g := NewGroup(ctx, nil)
		g.Go(func(ctx context.Context) { <-ctx.Done() })
		if err := g.Wait(); err != nil || time.Since(began) != time.Hour {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestMatch(t *testing.T) {
	sink := &flowtest.Collect{}
	chain := Match(func(ev *event.Event) bool { return ev.Type == "crop" }, sink)
	for _, typ := range []string{"track", "crop", "track"} {
		if err := chain.Put(flowtest.Event(t, typ, `{}`)); err != nil {
			t.Error(err)
		}
	}
	if err := chain.Flush(); err != nil || sink.Pending() > 0 {
		t.Errorf("%v, %d not flushed", err, sink.Pending())
	}
	if got := sink.Taken(); len(got) != 1 || got[0].Type != "crop" {
		t.Errorf("got %v", got)
	}
}

func TestLimitCountsOverAllChains(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var sinks [4]flowtest.Collect
		taken := func() (n int) {
			for i := range sinks {
				n += len(sinks[i].Taken())
			}
			return n
		}
		calls := 0
		limit := NewLimit(100, func() {
			if calls++; taken() != 100 {
				t.Errorf("done with %d put down", taken())
			}
			cancel()
		})
		next := 0
		err := Run(ctx, []event.Source{script{n: 90}, script{n: 90}, script{n: 90}, script{}}, func() event.Sink {
			next++
			return limit.Sink(&sinks[next-1])
		})
		if err != nil || taken() != 100 || calls != 1 {
			t.Errorf("%v, %d taken, done called %d times", err, taken(), calls)
		}
	})
}

func TestLimitDoesNotCountFailedPuts(t *testing.T) {
	limit := NewLimit(1, func() { t.Error("done, though nothing was put") })
	if err := limit.Sink(&flowtest.Collect{Err: errDisk}).Put(&event.Event{}); err != errDisk {
		t.Errorf("got %v", err)
	}
	if err := limit.Sink(&flowtest.Collect{}).Put(&event.Event{}); err != event.ErrStop {
		t.Errorf("got %v, want ErrStop", err)
	}
}

func TestChainAllocatesNothing(t *testing.T) {
	ev := flowtest.Event(t, "track", `{}`)
	chain := &guard{Sink: Match(func(ev *event.Event) bool { return ev.Type == "track" },
		NewLimit(1<<40, func() {}).Sink(nowhere{}))}
	if n := testing.AllocsPerRun(100, func() { chain.Put(ev) }); n != 0 {
		t.Errorf("%v allocations an event", n)
	}
}

type nowhere struct{}

func (nowhere) Put(*event.Event) error { return nil }
func (nowhere) Flush() error           { return nil }

// TestManySources is for the race detector: sources that come, fail, end and
// are stopped at once.
func TestManySources(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var sink flowtest.Collect
	g := NewGroup(ctx, func() event.Sink { return &sink })
	var adding sync.WaitGroup
	for i := range 50 {
		adding.Go(func() {
			g.Add(script{n: 10, end: true})
			stop := g.Add(script{n: 1})
			g.Add(script{end: true, err: errRefused})
			if i%2 == 0 {
				stop()
			}
		})
	}
	adding.Wait()
	cancel()
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}
