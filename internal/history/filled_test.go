package history

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// script is a live source: a list of steps.
type script struct {
	notify event.Notify
	steps  []func(s *script, to event.Sink) error
}

func (s *script) Run(ctx context.Context, to event.Sink) error {
	for _, step := range s.steps {
		if err := step(s, to); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return ctx.Err()
}

func tell(kind event.Kind, span time.Duration) func(*script, event.Sink) error {
	return func(s *script, _ event.Sink) error {
		s.notify.Tell(event.Notice{Kind: kind, Span: span, Text: "connection"})
		return nil
	}
}

func wait(d time.Duration) func(*script, event.Sink) error {
	return func(*script, event.Sink) error {
		time.Sleep(d)
		return nil
	}
}

// send puts a live event with an id. Its server time is now plus ahead.
func send(id string, ahead time.Duration) func(*script, event.Sink) error {
	return sendType("event-intrusion", id, ahead)
}

func sendType(typ, id string, ahead time.Duration) func(*script, event.Sink) error {
	return func(_ *script, to event.Sink) error {
		now := time.Now()
		e, err := event.New(typ, fmt.Appendf(nil,
			`{"$id":%q,"instance_id":"i","event_id":%q,"system_timestamp":%d}`,
			typ, id, now.Add(ahead).UnixMilli()), gate)
		if err != nil {
			return err
		}
		e.Received = now
		if err := to.Put(e); err != nil {
			return err
		}
		return to.Flush()
	}
}

// shown is a sink that records the ids of events, with ~ before stored ones.
type shown struct {
	mu   sync.Mutex
	ids  []string
	fail error
}

func (s *shown) Put(e *event.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	mark := ""
	if e.Stored {
		mark = "~"
	}
	s.ids = append(s.ids, mark+e.Get("event_id").String())
	return nil
}

func (s *shown) Flush() error { return nil }

// remembered returns a row of the database.
func remembered(id string, at time.Time) storedRow {
	return storedRow{at, fmt.Sprintf(`{"event_type":"Intrusion","event_id":%q,"instance_id":"i","system_timestamp":%d}`,
		id, at.UnixMilli())}
}

// filledRun runs a script for two minutes of the synctest bubble's time.
func filledRun(t *testing.T, d *database, since time.Time, gaps bool, sink *shown,
	steps ...func(*script, event.Sink) error) (notices string, err error) {
	t.Helper()
	var list []string
	var mu sync.Mutex
	f := Filled{
		Live:   func(notify event.Notify) event.Source { return &script{notify, steps} },
		Stored: Source{Client: d.client(t), Instances: []*event.Instance{gate}},
		Since:  since, Gaps: gaps,
		Notify: func(n event.Notice) {
			mu.Lock()
			defer mu.Unlock()
			list = append(list, n.Text)
		},
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	err = f.Run(ctx, sink)
	return strings.Join(list, "\n"), err
}

func TestStoredThenLiveEventsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		d := &database{strict: true, rows: []storedRow{
			remembered("old", began.Add(-time.Hour)), remembered("a", began.Add(-2*time.Minute)),
			remembered("b", began.Add(-time.Minute)), remembered("both", began),
		}}
		var sink shown
		_, err := filledRun(t, d, began.Add(-10*time.Minute), false, &sink,
			tell(event.Connected, 0), send("both", 0), send("live", 0))
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if want := []string{"~a", "~b", "~both", "live"}; !slices.Equal(sink.ids, want) {
			t.Errorf("shown %q, want %q", sink.ids, want)
		}
	})
}

func TestPastOfServerFarAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const ahead = time.Hour
		server := time.Now().Add(ahead)
		d := &database{strict: true, rows: []storedRow{
			remembered("a", server.Add(-time.Hour)), remembered("b", server.Add(-time.Minute)),
		}}
		var sink shown
		filledRun(t, d, server.Add(-2*time.Hour), false, &sink, tell(event.Connected, 0), send("live", ahead))
		if want := []string{"~a", "live", "~b"}; !slices.Equal(sink.ids, want) {
			t.Errorf("shown %q, want %q", sink.ids, want)
		}
	})
}

func TestStoredEventsBeforeLateHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &database{strict: true, rows: []storedRow{remembered("a", time.Now().Add(-time.Minute))}}
		var sink shown
		filledRun(t, d, time.Now().Add(-time.Hour), false, &sink, tell(event.Waiting, 0))
		if want := []string{"~a"}; !slices.Equal(sink.ids, want) {
			t.Errorf("shown %q, want %q", sink.ids, want)
		}
	})
}

func TestGapsAreFilledOnce(t *testing.T) {
	for _, ahead := range []time.Duration{0, 3 * time.Second, time.Hour, -time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := func(d time.Duration) time.Time { return time.Now().Add(ahead + d) }
				d := &database{strict: true, rows: []storedRow{
					remembered("before", server(-time.Minute)), remembered("early", server(-3*time.Second)),
					remembered("first", server(0)),
					remembered("missed1", server(4*time.Second)), remembered("missed2", server(9*time.Second)),
				}}
				late := func(*script, event.Sink) error {
					time.AfterFunc(2*time.Second, func() {
						d.mu.Lock()
						defer d.mu.Unlock()
						d.rows = append(d.rows, remembered("late", server(-3*time.Second)))
					})
					return nil
				}
				var sink shown
				notices, _ := filledRun(t, d, time.Time{}, true, &sink,
					tell(event.Connected, 0), send("first", ahead), wait(12*time.Second), late,
					tell(event.Reconnected, 12*time.Second), send("now", ahead))
				got := slices.Sorted(slices.Values(sink.ids))
				if want := []string{"first", "now", "~early", "~late", "~missed1", "~missed2"}; !slices.Equal(got, want) {
					t.Errorf("shown %q, want %q", got, want)
				}
				if !strings.Contains(notices, "4 stored events came from the database") {
					t.Errorf("notices:\n%s", notices)
				}
			})
		})
	}
}

// TestTenGapsAreFilled loses ten connections to a server whose clock is 3 s
// ahead. Each event is sent live or only stored; all are stored, some late.
func TestTenGapsAreFilled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const ahead = 3 * time.Second
		d := &database{cap: 3, strict: true}
		store := func(id string, after time.Duration) {
			row := remembered(id, time.Now().Add(ahead))
			time.AfterFunc(after, func() {
				d.mu.Lock()
				defer d.mu.Unlock()
				d.rows = append(d.rows, row)
			})
		}
		var sink shown
		var want []string
		steps := []func(*script, event.Sink) error{tell(event.Connected, 0)}
		for gap := range 10 {
			for i := range 20 {
				id := fmt.Sprintf("%d-%02d", gap, i)
				want = append(want, id)
				steps = append(steps, func(s *script, to event.Sink) error {
					store(id, time.Duration(i%4)*time.Second)
					if i < 12 {
						return send(id, ahead)(s, to)
					}
					return nil
				}, wait(300*time.Millisecond))
			}
			steps = append(steps, tell(event.Reconnected, 2*time.Second))
		}
		filledRun(t, d, time.Time{}, true, &sink, steps...)
		var got []string
		for _, id := range sink.ids {
			got = append(got, strings.TrimPrefix(id, "~"))
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%d shown, want %d", len(got), len(want))
		}
		// more where a query is faster than the stream
		if stored := strings.Count(strings.Join(sink.ids, ""), "~"); stored < 80 {
			t.Errorf("%d came from the database, want at least 80", stored)
		}
	})
}

func TestFailedQueryIsRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &database{rows: []storedRow{remembered("a", time.Now())}}
		d.busy = func(d *database) {
			if d.status = 0; len(d.requests) == 1 {
				d.status = 503
			}
		}
		var sink shown
		notices, _ := filledRun(t, d, time.Now().Add(-time.Hour), false, &sink, tell(event.Connected, 0))
		if !slices.Equal(sink.ids, []string{"~a"}) || !strings.Contains(notices, "1 stored event came") {
			t.Errorf("shown %q, notices:\n%s", sink.ids, notices)
		}
	})
}

// TestFillingEnds reads from a server that stores an event during each request.
func TestFillingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &database{strict: true, busy: func(d *database) {
			time.Sleep(time.Second)
			d.rows = append(d.rows, remembered(fmt.Sprint(len(d.rows)), time.Now()))
		}}
		var sink shown
		notices, _ := filledRun(t, d, time.Now().Add(-time.Hour), false, &sink, tell(event.Connected, 0))
		if !strings.Contains(notices, "stored events came from the database") {
			t.Errorf("%d events, notices %q", len(sink.ids), notices)
		}
	})
}

func TestRowsWithoutIDArePutOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := time.Now().Add(-time.Second)
		d := &database{strict: true, rows: []storedRow{{at,
			fmt.Sprintf(`{"event_type":"Intrusion","instance_id":"i","system_timestamp":%d}`, at.UnixMilli())}}}
		var sink shown
		filledRun(t, d, time.Now().Add(-time.Hour), true, &sink, tell(event.Connected, 0),
			tell(event.Reconnected, time.Second))
		if !slices.Equal(sink.ids, []string{"~"}) {
			t.Errorf("shown %q", sink.ids)
		}
	})
}

func TestMissingDatabaseIsReportedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink shown
		notices, _ := filledRun(t, &database{status: 404}, time.Now().Add(-time.Hour), true, &sink,
			tell(event.Connected, 0), send("a", 0), tell(event.Reconnected, time.Second), wait(time.Second),
			tell(event.Reconnected, time.Second), send("b", 0))
		if want := []string{"a", "b"}; !slices.Equal(sink.ids, want) {
			t.Errorf("shown %q, want %q", sink.ids, want)
		}
		if n := strings.Count(notices, "no event database"); n != 1 {
			t.Errorf("reported %d times, want once:\n%s", n, notices)
		}
	})
}

func TestFailedQueryIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink shown
		notices, _ := filledRun(t, &database{status: 500}, time.Time{}, true, &sink,
			tell(event.Connected, 0), tell(event.Reconnected, 10*time.Second), send("b", 0))
		if !strings.Contains(notices, "could not be filled in: ") || !slices.Equal(sink.ids, []string{"b"}) {
			t.Errorf("shown %q, notices:\n%s", sink.ids, notices)
		}
	})
}

func TestFailedSinkEndsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("disk full")
		sink := shown{fail: full}
		began := time.Now()
		_, err := filledRun(t, &database{rows: []storedRow{remembered("a", began.Add(-time.Second))}}, began.Add(-time.Hour),
			false, &sink,
			tell(event.Connected, 0))
		if err != full || time.Since(began) > time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func TestLiveEventsMayShareID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink shown
		filledRun(t, &database{}, time.Time{}, true, &sink, tell(event.Connected, 0), send("a", 0), send("a", 0))
		if !slices.Equal(sink.ids, []string{"a", "a"}) {
			t.Errorf("shown %q", sink.ids)
		}
	})
}

func TestTypesAreComparedByTheirPlainNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := time.Now().Add(-time.Second)
		text := `{"event_type":"Object Guarding","event_id":"a","instance_id":"i","system_timestamp":%d}`
		d := &database{rows: []storedRow{{at, fmt.Sprintf(text, at.UnixMilli())}}}
		var sink shown
		filledRun(t, d, at.Add(-time.Hour), false, &sink, tell(event.Connected, 0), sendType("event-object-guarding", "a", 0))
		if !slices.Equal(sink.ids, []string{"~a"}) {
			t.Errorf("shown %q", sink.ids)
		}
	})
}

func TestSeenIsBounded(t *testing.T) {
	r := filling{seen: map[uint64]bool{}}
	again := func(i int) bool {
		e, err := event.New("event-intrusion", fmt.Appendf(nil, `{"event_id":"%d"}`, i), nil)
		if err != nil {
			t.Fatal(err)
		}
		e.Stored = true
		return r.again(e)
	}
	for i := range 2*maxSeen + 10 {
		if again(i) {
			t.Fatalf("%d was not put before", i)
		}
	}
	if len(r.seen)+len(r.older) > 2*maxSeen || !again(2*maxSeen-10) {
		t.Errorf("%d and %d remembered, not the last ones", len(r.seen), len(r.older))
	}
}
