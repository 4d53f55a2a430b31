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

var (
	errFull = errors.New("disk full")
	errPut  = &event.WriteError{Err: errFull, Written: 1}
)

type newSource = func(*testing.T, []string) event.Source

var sourceRules = []struct {
	says  string
	check func(*testing.T, newSource) error
}{
	{"it puts exactly the events, with type and instance", exactly},
	{"it flushes before it waits", flushes},
	{"an error of Put comes back unchanged, and nothing is put after it", refused(errPut)},
	{"an error of Flush comes back unchanged, and nothing is put after it", flushFails},
	{"ErrStop comes back unchanged, and nothing is put after it", refused(event.ErrStop)},
	{"once its ctx is done a waiting source returns ctx.Err() at once", cancelWaiting},
	{"once its ctx is done a source that puts events ends at once", cancelGiving},
	{"a ctx that is done from the start ends it at once", cancelBefore},
}

// result is what a source did.
type result struct {
	*Collect
	waited  bool // for more events, and not ended
	pending int  // events put and not flushed when it waited
	err     error
}

// run runs a source of the sample payloads into sink. Once it waits for more, which
// takes less than a second in the bubble's time, it cancels the source.
func run(t *testing.T, new newSource, sink *Collect) (result, error) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	src := new(t, payloads(t))
	ended := make(chan error, 1)
	go func() { ended <- src.Run(ctx, sink) }()
	time.Sleep(time.Second)
	synctest.Wait()
	r := result{Collect: sink, waited: len(ended) == 0}
	if r.waited {
		r.pending = sink.Pending()
	}
	cancel()
	synctest.Wait()
	if len(ended) == 0 {
		return r, errors.New("it still runs after its ctx was cancelled")
	}
	r.err = <-ended
	return r, nil
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
	r, err := run(t, new, &Collect{})
	if err == nil {
		err = prefix(t, r.Collect, true)
	}
	for _, ev := range r.Taken() {
		if !strings.Contains(ev.Payload, `"$id":"`+ev.Type+`"`) || ev.Instance == nil {
			return fmt.Errorf("type %q and instance %v of %.100q", ev.Type, ev.Instance, ev.Payload)
		}
	}
	return err
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
	r, err := run(t, new, &Collect{})
	if r.pending > 0 {
		return fmt.Errorf("%d events are put and not flushed", r.pending)
	}
	return err
}

// refused checks what a source does when the sink refuses an event with fail.
func refused(fail error) func(*testing.T, newSource) error {
	return func(t *testing.T, new newSource) error {
		for _, at := range []int{1, 2, len(payloads(t))} {
			if err := fails(t, new, &Collect{Err: fail, At: at}, fail); err != nil {
				return fmt.Errorf("put %d: %w", at, err)
			}
		}
		return nil
	}
}

func flushFails(t *testing.T, new newSource) error {
	return fails(t, new, &Collect{FlushErr: errFull}, errFull)
}

// fails checks that a source ends with the error of its sink. A source that comes to
// its end may never flush.
func fails(t *testing.T, new newSource, sink *Collect, fail error) error {
	r, err := run(t, new, sink)
	switch {
	case err != nil:
		return err
	case sink.FlushErr != nil && sink.flushes == 0 && !r.waited && r.err == nil:
		return nil
	case r.waited || r.err != fail:
		return fmt.Errorf("%v, and then it waited: %v, and ended with %v", fail, r.waited, r.err)
	case sink.AfterFailure() > 0:
		return fmt.Errorf("%d calls after %v", sink.AfterFailure(), fail)
	}
	return nil
}

func cancelWaiting(t *testing.T, new newSource) error {
	r, err := run(t, new, &Collect{})
	if err == nil && r.waited && r.err != context.Canceled {
		return fmt.Errorf("it returned %v", r.err)
	}
	return err
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
