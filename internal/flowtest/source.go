package flowtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// Source checks the rules of a source, each in its own synctest bubble.
//
// newSource is called inside the bubble. It returns a source that puts one event for
// each payload, in order, and then waits for more or ends. Each payload is one line
// and has "$id", the event's type, and "instance_id". newSource must use t.Cleanup to
// stop what it starts, such as a server over a Net, because a remaining goroutine
// fails the test.
func Source(t *testing.T, newSource func(t *testing.T, payloads []string) event.Source) {
	for _, rule := range sourceRules {
		t.Run(rule.says, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if err := rule.check(t, newSource); err != nil {
					t.Errorf("a source's rule: %s\n%v", rule.says, err)
				}
			})
		})
	}
}

type newSource = func(*testing.T, []string) event.Source

type sourceRule struct {
	says  string
	check func(*testing.T, newSource) error
}

var sourceRules = []sourceRule{
	{"it puts exactly the events, with type and instance", exactly},
	{"it flushes before it waits", flushes},
	{"an error of Put comes back unchanged, and nothing is put after it", refused(&event.WriteError{Err: errors.New("disk full"), Written: 1})},
	{"an error of Flush comes back unchanged, and nothing is put after it", flushFails},
	{"ErrStop comes back unchanged, and nothing is put after it", refused(event.ErrStop)},
	{"once its ctx is done a waiting source returns ctx.Err() at once", cancelWaiting},
	{"once its ctx is done a source that puts events ends at once", cancelGiving},
	{"a ctx that is done from the start ends it at once", cancelBefore},
}

// running is a source that was started.
type running struct {
	sink   *Collect
	cancel context.CancelFunc
	ended  chan struct{}
	err    error // Run's, once ended is closed
}

// start runs a source of the sample payloads into sink until it has ended or
// waits for more. In the bubble's time a second is enough.
func start(t *testing.T, new newSource, sink *Collect) *running {
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{sink: sink, cancel: cancel, ended: make(chan struct{})}
	src := new(t, payloads(t))
	go func() {
		defer close(r.ended)
		r.err = src.Run(ctx, sink)
	}()
	time.Sleep(time.Second)
	synctest.Wait()
	return r
}

// stop cancels the source. Every check calls it last.
func (r *running) stop() error {
	r.cancel()
	synctest.Wait()
	if !r.over() {
		return errors.New("it still runs after its ctx was cancelled")
	}
	return nil
}

func (r *running) over() bool {
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}

// payloads returns the samples and an event of 300 KB, like a large crop.
func payloads(t *testing.T) []string {
	var all []string
	for _, s := range Samples(t) {
		all = append(all, s.Payload)
	}
	giant := `{"$id":"crop","instance_id":"i1","image":"` + strings.Repeat("A", 300<<10) + `"}`
	return slices.Insert(all, len(all)/2, giant)
}

func exactly(t *testing.T, new newSource) error {
	r := start(t, new, &Collect{})
	if err := r.stop(); err != nil {
		return err
	}
	if err := prefix(t, r.sink, true); err != nil {
		return err
	}
	for _, ev := range r.sink.Taken() {
		if !strings.Contains(ev.Payload, `"$id":"`+ev.Type+`"`) || ev.Instance == nil {
			return fmt.Errorf("type %q and instance %v of %.100q", ev.Type, ev.Instance, ev.Payload)
		}
	}
	return nil
}

// prefix checks that the first payloads were taken, or all of them.
func prefix(t *testing.T, sink *Collect, all bool) error {
	got, want := sink.Payloads(), payloads(t)
	for i := range got {
		if i >= len(want) || got[i] != want[i] {
			return fmt.Errorf("event %d is %.200q", i+1, got[i])
		}
	}
	if all && len(got) != len(want) {
		return fmt.Errorf("%d events of %d came", len(got), len(want))
	}
	return nil
}

func flushes(t *testing.T, new newSource) error {
	r := start(t, new, &Collect{})
	pending, over := r.sink.Pending(), r.over()
	if err := r.stop(); err != nil {
		return err
	}
	if pending > 0 && !over {
		return fmt.Errorf("%d events are put and not flushed", pending)
	}
	return nil
}

// refused checks what a source does when the sink refuses an event with fail.
func refused(fail error) func(*testing.T, newSource) error {
	return func(t *testing.T, new newSource) error {
		for _, at := range []int{1, 2, len(payloads(t))} {
			r := start(t, new, &Collect{Err: fail, At: at})
			over := r.over()
			if err := r.stop(); err != nil {
				return err
			}
			switch {
			case !over || r.err != fail:
				return fmt.Errorf("put %d failed with %v; ended: %v, with %v", at, fail, over, r.err)
			case r.sink.AfterFailure() > 0:
				return fmt.Errorf("%d calls after put %d had failed", r.sink.AfterFailure(), at)
			}
		}
		return nil
	}
}

func flushFails(t *testing.T, new newSource) error {
	fail := errors.New("disk full")
	r := start(t, new, &Collect{FlushErr: fail})
	over := r.over()
	if err := r.stop(); err != nil {
		return err
	}
	switch {
	case r.sink.Flushes() == 0 && r.err == nil: // it came to its end and never waited
		return nil
	case !over || r.err != fail:
		return fmt.Errorf("ended: %v, with %v", over, r.err)
	case r.sink.AfterFailure() > 0:
		return fmt.Errorf("%d calls after the flush had failed", r.sink.AfterFailure())
	}
	return nil
}

func cancelWaiting(t *testing.T, new newSource) error {
	r := start(t, new, &Collect{})
	over := r.over()
	if err := r.stop(); err != nil {
		return err
	}
	if !over && r.err != context.Canceled {
		return fmt.Errorf("it returned %v", r.err)
	}
	return nil
}

func cancelGiving(t *testing.T, new newSource) error {
	ctx, cancel := context.WithCancel(t.Context())
	sink := &Collect{OnPut: func(n int) {
		if n == 2 {
			cancel()
		}
	}}
	return ends(t, ctx, new, sink)
}

func cancelBefore(t *testing.T, new newSource) error {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ends(t, ctx, new, &Collect{})
}

// ends checks that a source ends at once, with nil or the error of its ctx.
func ends(t *testing.T, ctx context.Context, new newSource, sink *Collect) error {
	began := time.Now()
	err := new(t, payloads(t)).Run(ctx, sink)
	if d := time.Since(began); d > 0 {
		return fmt.Errorf("it ended only after %v", d)
	}
	if err != nil && err != context.Canceled {
		return fmt.Errorf("it returned %v", err)
	}
	return prefix(t, sink, false)
}
