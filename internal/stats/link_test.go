package stats

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
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
		{"never connected", []event.Notice{at(event.Retrying, time.Second), at(event.Retrying, time.Second)},
			Connecting, 0, 0, 0},
		{"current gap", []event.Notice{at(event.Connected, 0), at(event.Lost, 0), at(event.Retrying, 0)},
			Reconnecting, 0, 2, 2},
		{"two gaps", []event.Notice{at(event.Connected, 0), at(event.Lost, 0),
			at(event.Reconnected, 900*time.Millisecond), at(event.Lost, 0),
			at(event.Reconnected, 1200*time.Millisecond)}, Connected, 2, 2.1, 1.2},
		{"refused in a gap", []event.Notice{at(event.Connected, 0), at(event.Lost, 0), at(event.Ended, 0)}, Ended, 0, 1, 1},
		{"retrying", []event.Notice{at(event.Connected, 0), at(event.Retrying, 0),
			at(event.Reconnected, time.Second)}, Connected, 1, 1, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := New(Options{})
				c.Expect(gate)
				for _, n := range tc.notices {
					c.Notice(n)
					time.Sleep(time.Second)
				}
				in := c.Snapshot("").Instances[0]
				if in.State != tc.state || in.Reconnects != tc.reconnects || in.Gap != tc.gap || in.LongestGap != tc.longest {
					t.Errorf("%s, %d reconnects, gap %g, longest %g; want %s, %d, %g, %g",
						in.State, in.Reconnects, in.Gap, in.LongestGap, tc.state, tc.reconnects, tc.gap, tc.longest)
				}
			})
		})
	}
}

func TestSilence(t *testing.T) {
	every := func(f *feed, d time.Duration, n int, typ string) {
		for range n {
			f.put(typ, 0, "")
			time.Sleep(d)
		}
	}
	notice := func(c *Counter, k event.Kind) { c.Notice(event.Notice{Kind: k, Instance: gate}) }
	const ms = time.Millisecond
	for _, tc := range []struct {
		name   string
		play   func(c *Counter, f *feed)
		silent time.Duration // after the last call of play; 0: never
	}{
		{"nothing since the connection", func(*Counter, *feed) {}, 15 * time.Second},
		{"ten a second", func(_ *Counter, f *feed) {
			every(f, 100*ms, 99, "track")
			f.put("track", 0, "")
		}, 15 * time.Second},
		{"one burst", func(_ *Counter, f *feed) {
			every(f, ms, 50, "track")
			f.put("track", 0, "")
		}, 15 * time.Second},
		{"statistics every 5 s", func(_ *Counter, f *feed) {
			every(f, 5*time.Second, 5, "statistics")
			f.put("statistics", 0, "")
		}, 15 * time.Second},
		{"statistics every 10 s", func(_ *Counter, f *feed) {
			every(f, 10*time.Second, 5, "statistics")
			f.put("statistics", 0, "")
		}, 30 * time.Second},
		{"statistics every minute, tracks between", func(_ *Counter, f *feed) {
			every(f, time.Minute, 3, "statistics")
			f.put("track", 0, "")
		}, 3 * time.Minute},
		{"one statistics event says nothing of its interval", func(_ *Counter, f *feed) {
			f.put("statistics", 0, "")
		}, 15 * time.Second},
		{"two statistics events that arrive together", func(_ *Counter, f *feed) {
			every(f, time.Minute, 3, "statistics")
			every(f, 0, 2, "statistics")
		}, 3 * time.Minute},
		{"an hour without statistics is forgotten", func(_ *Counter, f *feed) {
			every(f, 10*time.Second, 5, "statistics")
			time.Sleep(time.Hour)
			every(f, 10*time.Second, 3, "statistics")
			f.put("statistics", 0, "")
		}, 30 * time.Second},
		{"a gap is no interval", func(c *Counter, f *feed) {
			every(f, 10*time.Second, 3, "statistics")
			notice(c, event.Lost)
			time.Sleep(time.Hour)
			notice(c, event.Reconnected)
			f.put("statistics", 0, "")
		}, 30 * time.Second},
		{"counted from the new connection", func(c *Counter, f *feed) {
			every(f, 100*ms, 10, "track")
			notice(c, event.Lost)
			time.Sleep(time.Hour)
			notice(c, event.Reconnected)
		}, 15 * time.Second},
		{"a skipped record has arrived, too", func(c *Counter, f *feed) {
			f.put("track", 0, "")
			time.Sleep(10 * time.Second)
			notice(c, event.Skipped)
		}, 15 * time.Second},
		{"not connected", func(c *Counter, f *feed) { every(f, 100*ms, 10, "track"); notice(c, event.Lost) }, 0},
		{"ended", func(c *Counter, f *feed) { every(f, 100*ms, 10, "track"); notice(c, event.Ended) }, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := New(Options{})
				c.Expect(gate)
				notice(c, event.Connected)
				tc.play(c, newFeed(t, c, gate))
				at := func(d time.Duration, silent bool) {
					time.Sleep(d)
					in := c.Snapshot("").Instances[0]
					if in.Silent != silent || (in.SilentFor > 0) != silent {
						t.Errorf("silent: %v (%g s), want %v", in.Silent, in.SilentFor, silent)
					}
				}
				if tc.silent == 0 {
					at(time.Hour, false)
					return
				}
				at(0, false)
				at(tc.silent-ms, false)
				at(ms, true)
			})
		})
	}
}

// TestBusyInstancesAreNotSilent plays cameras whose events come in bursts with
// pauses of up to 14 seconds between them.
func TestBusyInstancesAreNotSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Options{})
		var cameras sync.WaitGroup
		for i := range 6 {
			in := &event.Instance{ID: fmt.Sprint(i), Name: camera(i), Server: "http://nvr1:3546", Order: i}
			c.Notice(event.Notice{Kind: event.Connected, Instance: in})
			f := newFeed(t, c, in)
			r := rand.New(rand.NewPCG(1, uint64(i)))
			cameras.Go(func() {
				for range 20 {
					for range r.IntN(40) {
						f.put("track", 0, "")
						time.Sleep(30 * time.Millisecond)
					}
					time.Sleep(time.Duration(r.Int64N(int64(14 * time.Second))))
				}
			})
		}
		for range 20 {
			time.Sleep(2 * time.Second)
			for _, in := range c.Snapshot("").Instances {
				if in.Silent {
					t.Errorf("%s is silent: nothing for %g s", in.Name, in.SilentFor)
				}
			}
		}
		cameras.Wait()
	})
}

// TestArrivalsCountBeforeFilters checks that an instance is not silent when the
// filters of this program leave everything out.
func TestArrivalsCountBeforeFilters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := New(Options{})
		c.Expect(gate)
		c.Notice(event.Notice{Kind: event.Connected, Instance: gate})
		f := &feed{t: t, sink: c.Sink(nothing), in: gate}
		for range 30 {
			f.raw("statistics", "", `{"n":1}`, time.Now())
			time.Sleep(10 * time.Second)
		}
		time.Sleep(20*time.Second - 1)
		if in := c.Snapshot("").Instances[0]; in.Silent || in.Events != 0 {
			t.Errorf("silent %v, %d events", in.Silent, in.Events)
		}
		time.Sleep(time.Nanosecond)
		if in := c.Snapshot("").Instances[0]; !in.Silent {
			t.Error("not silent after three intervals of the statistics events")
		}
	})
}

// TestSilenceInEveryReport checks that all reports follow the same rule.
func TestSilenceInEveryReport(t *testing.T) {
	for _, tc := range []struct {
		quiet                          time.Duration
		text, color, ndjson, csv, prom string
	}{
		{1 * time.Second, "Gate      connected", "\x1b[32mconnected ", `"silent":false,"silent_s":0`,
			",connected,false,", "rtev_silent{%s} 0"},
		{4 * time.Second, "Gate      quiet 4 s", "\x1b[2mquiet 4 s ", `"silent":false,"silent_s":0`,
			",connected,false,", "rtev_silent{%s} 0"},
		{14999 * time.Millisecond, "Gate      quiet 14 s", "\x1b[2mquiet 14 s ", `"silent":false,"silent_s":0`,
			",connected,false,", "rtev_silent{%s} 0"},
		{15 * time.Second, "Gate      SILENT 15 s", "\x1b[1;31mSILENT 15 s ", `"silent":true,"silent_s":15`,
			",connected,true,", "rtev_silent{%s} 1"},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := New(Options{})
			c.Notice(event.Notice{Kind: event.Connected, Instance: gate})
			newFeed(t, c, gate).put("track", 0, "")
			time.Sleep(tc.quiet)
			s := c.Snapshot("total")
			var text, color, view, ndjson, rows, prom bytes.Buffer
			size := func() (int, int) { return 200, 50 }
			all := printers{Text(&text, false), Text(&color, true), NewView(&view, size, true).Print, NDJSON(&ndjson),
				CSV(&rows, false), Prom(&prom)}
			check(t, all.Print(s))
			labels := `instance="899c89f9-90c3-c633-8586-8f09b005ebed",name="Gate",server="http://nvr1:3546"`
			for _, want := range []struct{ in, part string }{
				{text.String(), tc.text}, {color.String(), tc.color}, {view.String(), tc.color}, {ndjson.String(), tc.ndjson},
				{rows.String(), tc.csv}, {prom.String(), fmt.Sprintf(tc.prom, labels)},
			} {
				if !strings.Contains(want.in, want.part) {
					t.Errorf("after %v: no %q in\n%s", tc.quiet, want.part, want.in)
				}
			}
		})
	}
}

func TestWarnsOnceOfClocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var warnings []string
		c := New(Options{Notify: func(n event.Notice) { warnings = append(warnings, n.Text) }})
		g, d, r := newFeed(t, c, gate), newFeed(t, c, dock), newFeed(t, c, roof)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- report(ctx, c, time.Second, (&recorder{}).Print) }()
		for range 5 {
			g.put("track", -3*time.Second, "")
			d.put("track", -time.Second, "") // the same server
			r.put("track", 20*time.Millisecond, "")
			time.Sleep(1100 * time.Millisecond)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		want := "events of http://nvr1:3546 carry times up to 3.0 s ahead of the clock here; delays are too small by as much"
		if len(warnings) != 1 || warnings[0] != want {
			t.Errorf("%q, want only %q", warnings, want)
		}
		if in := c.Snapshot("").Instances[0]; in.Delay.Negative != 5 || in.Delay.Max != -3000 {
			t.Errorf("%+v", in.Delay)
		}
	})
}

func TestIDJumps(t *testing.T) {
	for _, tc := range []struct {
		name, ids      string // ! is a reconnect
		recorded       bool
		jumps, missing uint64
	}{
		{"none", "1 2 3", false, 0, 0},
		{"starts anywhere", "500 501", false, 0, 0},
		{"several events of one record", "1 1 1 2 2", false, 0, 0},
		{"forward", "1 2 5 6 10", false, 2, 5},
		{"backward", "5 6 2 3", false, 1, 0},
		{"another connection", "5 6 ! 1 2 ! 9 10", false, 0, 0},
		{"jump after a reconnect", "5 6 ! 1 3", false, 1, 1},
		{"no numbers", "a b c", false, 0, 0},
		{"no ids between", "1 - - 2 4", false, 1, 1},
		{"huge", "1 18446744073709551615 99999999999999999999999 2", false, 0, 0},
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
			if in := c.Snapshot("").Instances[0]; in.IDJumps != tc.jumps || in.IDsMissing != tc.missing {
				t.Errorf("%d jumps, %d missing; want %d, %d", in.IDJumps, in.IDsMissing, tc.jumps, tc.missing)
			}
		})
	}
}

func TestSinkFailsAsFiltersDo(t *testing.T) {
	to := &flowtest.Collect{Err: event.ErrStop, At: 3, FlushErr: context.Canceled}
	s := New(Options{}).Sink(func(event.Sink) event.Sink { return to })
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

func TestUnwantedInstanceIsNotListed(t *testing.T) {
	for id, want := range map[string]int{"": 0, "7": 1} { // with an id its gaps are counted
		c := New(Options{Recorded: true})
		ev := flowtest.Event(t, "track", `{"n":1}`)
		ev.ID = id
		check(t, c.Sink(nothing).Put(ev))
		if n := len(c.Snapshot("").Instances); n != want {
			t.Errorf("id %q: %d instances, want %d", id, n, want)
		}
	}
}
