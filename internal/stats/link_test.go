package stats

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
)

func TestConnections(t *testing.T) {
	at := func(k event.Kind, span time.Duration) event.Notice {
		return event.Notice{Kind: k, Instance: gate, Span: span}
	}
	for _, tc := range []struct {
		name       string
		notices    []event.Notice // one a second, from the start
		state      State
		reconnects uint64
		gap        float64
		longest    float64
	}{
		{"expected", nil, Connecting, 0, 0, 0},
		{"connected", []event.Notice{at(event.Connected, 0)}, Connected, 0, 0, 0},
		{"never came about", []event.Notice{at(event.Retrying, time.Second), at(event.Retrying, time.Second)}, Connecting, 0, 0, 0},
		{"a gap at hand", []event.Notice{at(event.Connected, 0), at(event.Lost, 0), at(event.Retrying, 0)}, Reconnecting, 0, 2, 2},
		{"two gaps", []event.Notice{at(event.Connected, 0), at(event.Lost, 0), at(event.Reconnected, 900*time.Millisecond), at(event.Lost, 0),
			at(event.Reconnected, 1200*time.Millisecond)}, Connected, 2, 2.1, 1.2},
		{"refused in a gap", []event.Notice{at(event.Connected, 0), at(event.Lost, 0), at(event.Ended, 0)}, Ended, 0, 1, 1},
		{"of a polled queue", []event.Notice{at(event.Connected, 0), at(event.Retrying, 0), at(event.Reconnected, time.Second)}, Connected, 1, 1, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := New(Options{})
				c.Expect(gate)
				for _, n := range tc.notices {
					c.Notice(n)
					time.Sleep(time.Second)
				}
				in := c.Snapshot().Instances[0]
				if in.State != tc.state || in.Reconnects != tc.reconnects || in.Gap != tc.gap || in.LongestGap != tc.longest {
					t.Errorf("%s, %d reconnects, gap %g, longest %g; want %s, %d, %g, %g",
						in.State, in.Reconnects, in.Gap, in.LongestGap, tc.state, tc.reconnects, tc.gap, tc.longest)
				}
			})
		})
	}
}

func TestSilence(t *testing.T) {
	steady := func(f *feed, every time.Duration, n int) {
		for range n {
			f.put("track", 0, "")
			time.Sleep(every)
		}
	}
	for _, tc := range []struct {
		name   string
		play   func(c *Counter, f *feed)
		quiet  time.Duration // from then on nothing comes
		silent bool
	}{
		{"steady, and goes on", func(_ *Counter, f *feed) { steady(f, 100*time.Millisecond, 100) }, 0, false},
		{"steady, stops for less than a second", func(_ *Counter, f *feed) { steady(f, 100*time.Millisecond, 100) }, 900 * time.Millisecond, false},
		{"steady, stops", func(_ *Counter, f *feed) { steady(f, 100*time.Millisecond, 100) }, 1100 * time.Millisecond, true},
		{"every two seconds, two pauses", func(_ *Counter, f *feed) { steady(f, 2*time.Second, 20) }, 3900 * time.Millisecond, false},
		{"every two seconds, three pauses", func(_ *Counter, f *feed) { steady(f, 2*time.Second, 20) }, 4100 * time.Millisecond, true},
		{"once an hour, two hours", func(_ *Counter, f *feed) { steady(f, time.Hour, 5) }, time.Hour, false},
		{"bursts five seconds apart", func(_ *Counter, f *feed) {
			for range 10 {
				steady(f, time.Millisecond, 50)
				time.Sleep(5 * time.Second)
			}
		}, 5 * time.Second, false},
		{"bursts five seconds apart, stop", func(_ *Counter, f *feed) {
			for range 10 {
				steady(f, time.Millisecond, 50)
				time.Sleep(5 * time.Second)
			}
		}, 11 * time.Second, true},
		{"a first burst says little of habits", func(_ *Counter, f *feed) { steady(f, time.Millisecond, 50) }, 9 * time.Second, false},
		{"nothing after a first burst", func(_ *Counter, f *feed) { steady(f, time.Millisecond, 50) }, 11 * time.Second, true},
		{"not connected", func(c *Counter, f *feed) {
			steady(f, 100*time.Millisecond, 100)
			c.Notice(event.Notice{Kind: event.Lost, Instance: gate})
		}, time.Hour, false},
		{"a gap is no habit", func(c *Counter, f *feed) {
			steady(f, 100*time.Millisecond, 100)
			c.Notice(event.Notice{Kind: event.Lost, Instance: gate})
			time.Sleep(time.Hour)
			c.Notice(event.Notice{Kind: event.Reconnected, Instance: gate, Span: time.Hour})
			steady(f, 100*time.Millisecond, 20)
		}, 2 * time.Second, true},
		{"habits of a day long past fade", func(_ *Counter, f *feed) {
			steady(f, 10*time.Second, 50)
			steady(f, 100*time.Millisecond, 36_000)
		}, 2 * time.Second, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := New(Options{})
				c.Expect(gate)
				c.Notice(event.Notice{Kind: event.Connected, Instance: gate})
				tc.play(c, newFeed(t, c, gate))
				time.Sleep(tc.quiet)
				if in := c.Snapshot().Instances[0]; in.Silent != tc.silent {
					t.Errorf("silent: %v (%g s)", in.Silent, in.SilentFor)
				}
			})
		})
	}
}

func TestClocksApartAreToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		c := New(Options{Notify: func(n event.Notice) { told = append(told, n.Text) }})
		g, d, r := newFeed(t, c, gate), newFeed(t, c, dock), newFeed(t, c, roof)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- Report(ctx, c, time.Second, &keep{}) }()
		for range 5 {
			g.put("track", -3*time.Second, "")
			d.put("track", -4*time.Second, "") // the same server
			r.put("track", 20*time.Millisecond, "")
			time.Sleep(1100 * time.Millisecond)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		want := "clocks are apart: events of http://nvr1:3546 carry times up to 4.00 s ahead of the clock here; delays are too small by as much"
		if len(told) != 1 || told[0] != want {
			t.Errorf("%q, want only %q", told, want)
		}
		if in := c.Snapshot().Instances[0]; in.Delay.Negative != 5 || in.Delay.Max != -3000 {
			t.Errorf("%+v", in.Delay)
		}
	})
}

func TestIDsThatJump(t *testing.T) {
	for _, tc := range []struct {
		name, ids      string // ! is a border between connections
		recorded       bool
		jumps, missing uint64
	}{
		{"none", "1 2 3", false, 0, 0},
		{"starts anywhere", "500 501", false, 0, 0},
		{"several events of one record", "1 1 1 2 2", false, 0, 0},
		{"forward", "1 2 5 6 10", false, 2, 5},
		{"backward", "5 6 2 3", false, 1, 0},
		{"another connection", "5 6 ! 1 2 ! 9 10", false, 0, 0},
		{"jump behind a border", "5 6 ! 1 3", false, 1, 1},
		{"no numbers", "a b c", false, 0, 0},
		{"no ids between", "1 - - 2 4", false, 1, 1},
		{"huge", "18446744073709551615 1 99999999999999999999999 2", false, 0, 0},
		{"a recording of two connections", "5 6 1 2", true, 0, 0},
		{"a recording with a hole", "5 6 9", true, 1, 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := New(Options{Recorded: tc.recorded})
			f := newFeed(t, c, gate)
			for id := range strings.FieldsSeq(tc.ids) {
				if id == "!" {
					c.Notice(event.Notice{Kind: event.Reconnected, Instance: gate})
					continue
				}
				f.raw("track", strings.TrimPrefix(id, "-"), `{"instance_id":"x"}`, time.Now())
			}
			if in := c.Snapshot().Instances[0]; in.IDJumps != tc.jumps || in.IDsMissing != tc.missing {
				t.Errorf("%d jumps, %d missing; want %d, %d", in.IDJumps, in.IDsMissing, tc.jumps, tc.missing)
			}
		})
	}
}

func TestWatchIsTransparent(t *testing.T) {
	to := &flowtest.Collect{Err: event.ErrStop, At: 3, FlushErr: context.Canceled}
	s := New(Options{}).Watch(to)
	ev := flowtest.Event(t, "track", `{"n":1}`)
	for i := 1; i <= 3; i++ {
		if err := s.Put(ev); (err == event.ErrStop) != (i == 3) {
			t.Errorf("put %d: %v", i, err)
		}
	}
	if err := s.Flush(); err != context.Canceled || len(to.Taken()) != 2 {
		t.Errorf("%v, %d events", err, len(to.Taken()))
	}
}

func TestAnInstanceOfWhichNothingIsWantedIsNotListed(t *testing.T) {
	for id, want := range map[string]int{"": 0, "7": 1} { // with an id its gaps are counted
		c := New(Options{Recorded: true})
		ev := flowtest.Event(t, "track", `{"n":1}`)
		ev.ID = id
		if err := c.Watch(discard{}).Put(ev); err != nil {
			t.Fatal(err)
		}
		if n := len(c.Snapshot().Instances); n != want {
			t.Errorf("id %q: %d instances, want %d", id, n, want)
		}
	}
}
