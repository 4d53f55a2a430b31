package pipeline

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
)

func byType(dst []byte, ev *event.Event) []byte { return append(dst, ev.Type...) }

// live returns an event of that type that arrives now.
func live(t *testing.T, typ string) *event.Event {
	ev := flowtest.Event(t, typ, `{}`)
	ev.Received = time.Now()
	return ev
}

// folds is a sink that notes types and Folded.
type folds struct {
	flowtest.Collect
	all []string
}

func (f *folds) Put(ev *event.Event) error {
	err := f.Collect.Put(ev)
	if err == nil {
		f.all = append(f.all, fmt.Sprintf("%s+%d", ev.Type, ev.Folded))
	}
	return err
}

func TestCooldownDropsWithinThePeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, to := NewCooldown(5*time.Second, byType), &folds{}
		chain := c.Sink(to)
		for second := range 12 {
			for _, typ := range []string{"a", "b"} {
				if typ == "b" && second%6 != 0 {
					continue
				}
				if err := chain.Put(live(t, typ)); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(time.Second)
		}
		if got, want := fmt.Sprint(to.all), "[a+0 b+0 a+4 b+0 a+4]"; got != want || c.Dropped() != 9 {
			t.Errorf("got %s, want %s; %d dropped", got, want, c.Dropped())
		}
	})
}

func TestCooldownStartsWithPut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to := &folds{}
		c := NewCooldown(5*time.Second, byType)
		failing := errors.New("not now")
		if err := c.Sink(&flowtest.Collect{Err: failing, At: 1}).Put(live(t, "a")); err != failing {
			t.Fatal(err)
		}
		to.OnPut = func(int) { time.Sleep(10 * time.Second) } // a slow reader
		chain := c.Sink(to)
		for range 3 {
			if err := chain.Put(live(t, "a")); err != nil {
				t.Fatal(err)
			}
			time.Sleep(4 * time.Second)
		}
		if got := fmt.Sprint(to.all); got != "[a+0 a+1]" {
			t.Errorf("got %s", got)
		}
	})
}

func TestCooldownOfRecordedEventsUsesTheirTime(t *testing.T) {
	to := &folds{}
	chain := NewCooldown(5*time.Second, byType).Sink(to)
	for _, second := range []int{0, 1, 2, 6, 7, 3} { // back by more than a period's start: a new recording
		ev := flowtest.Event(t, "a", fmt.Sprintf(`{"system_timestamp":%d}`, int64(1790000000000)+int64(second)*1000))
		if err := chain.Put(ev); err != nil {
			t.Fatal(err)
		}
	}
	if got := fmt.Sprint(to.all); got != "[a+0 a+2 a+1]" {
		t.Errorf("got %s", got)
	}
}

// Dropped events count as written as soon as those before them are.
func TestCooldownCountsDroppedEventsAsWritten(t *testing.T) {
	const events = "daabbbcab" // d passes because it has no group
	for written, want := range []int{0, 1, 3, 6, 9} {
		failing := &event.WriteError{Err: errors.New("full"), Written: written}
		to := &flowtest.Collect{FlushErr: failing}
		chain := NewCooldown(time.Hour, func(dst []byte, ev *event.Event) []byte {
			return append(dst, strings.TrimPrefix(ev.Type, "d")...)
		}).Sink(to)
		for _, typ := range strings.Split(events, "") {
			if err := chain.Put(live(t, typ)); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			failure, ok := errors.AsType[*event.WriteError](chain.Flush())
			if !ok || failure.Err != failing.Err || failure.Written != want {
				t.Errorf("%d of 4 lines written: %+v, want %d events", written, failure, want)
			}
		}
	}
}

func TestCooldownPositionsAreBounded(t *testing.T) {
	chain := NewCooldown(time.Hour, func(dst []byte, _ *event.Event) []byte { return dst }).Sink(nowhere{}).(*cooled)
	ev := live(t, "a")
	for range 2 * maxPositions {
		if err := chain.Put(ev); err != nil {
			t.Fatal(err)
		}
	}
	for _, tc := range []struct{ written, want int }{{-7, 0}, {10, 10}, {maxPositions + 10, maxPositions - 1}} {
		chain.err = nil
		failure, _ := errors.AsType[*event.WriteError](chain.recount(&event.WriteError{Written: tc.written}))
		if failure == nil || failure.Written != tc.want || len(chain.passed) > maxPositions {
			t.Errorf("%d lines written: %+v, want %d events; %d positions", tc.written, failure, tc.want, len(chain.passed))
		}
	}
}

func TestCooldownPassesEventsWithoutGroup(t *testing.T) {
	for _, c := range []*Cooldown{NewCooldown(time.Hour, func(dst []byte, _ *event.Event) []byte { return dst }), NewCooldown(0, byType)} {
		to := &closing{}
		chain := c.Sink(to)
		for range 3 {
			if err := chain.Put(live(t, "a")); err != nil {
				t.Fatal(err)
			}
		}
		if err := (link{chain}).Close(); err != nil || len(to.Taken()) != 3 || len(to.ends) != 1 {
			t.Errorf("%v, %d events, %v", err, len(to.Taken()), to.ends)
		}
	}
}

func TestCooldownIsBounded(t *testing.T) {
	n := 0
	c := NewCooldown(time.Hour, func(dst []byte, _ *event.Event) []byte { n++; return fmt.Append(dst, n) })
	chain := c.Sink(nowhere{})
	ev := live(t, "a")
	for range 5 * maxGroups {
		if err := chain.Put(ev); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.recent) > maxGroups || len(c.old) > maxGroups {
		t.Errorf("%d and %d groups", len(c.recent), len(c.old))
	}
}
