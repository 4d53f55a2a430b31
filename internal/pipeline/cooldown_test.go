package pipeline

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
)

// byType returns a cooldown whose groups are the types.
func byType(period time.Duration) *Cooldown {
	return &Cooldown{period: period, paths: []event.Path{event.MustPath("_type")}}
}

// through puts a cooldown in front of a sink.
func through(c *Cooldown, to event.Sink) event.Sink { return Match(c.Pass, c.Sink(to)) }

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
		c, to := byType(5*time.Second), &folds{}
		chain := through(c, to)
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
		c := byType(5 * time.Second)
		failing := errors.New("not now")
		if err := through(c, &flowtest.Collect{Err: failing, At: 1}).Put(live(t, "a")); err != failing {
			t.Fatal(err)
		}
		to.OnPut = func(int) { time.Sleep(10 * time.Second) } // a slow reader
		chain := through(c, to)
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
	chain := through(byType(5*time.Second), to)
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

func TestCooldownPassesEventsWithoutGroup(t *testing.T) {
	for _, c := range []*Cooldown{{period: time.Hour, tracks: true}, byType(0), nil} {
		to := &closing{}
		chain := through(c, to)
		for range 3 {
			if err := chain.Put(live(t, "a")); err != nil {
				t.Fatal(err)
			}
		}
		if err := closeSink(chain); err != nil || len(to.Taken()) != 3 || len(to.ends) != 1 {
			t.Errorf("%v, %d events, %v", err, len(to.Taken()), to.ends)
		}
	}
}

func TestCooldownIsBounded(t *testing.T) {
	c := byType(time.Hour)
	chain := through(c, nowhere{})
	ev := live(t, "a")
	for n := range 5 * maxGroups {
		ev.Type = fmt.Sprint(n)
		if err := chain.Put(ev); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.groups) > maxGroups {
		t.Errorf("%d groups", len(c.groups))
	}
}
