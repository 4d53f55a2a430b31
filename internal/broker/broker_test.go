package broker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// check ends the test if err is not nil.
func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

var errTimeout = errors.New("no acknowledgement in time")

// fakeConn reports after a millisecond the error that verdict returns.
type fakeConn struct {
	mu        sync.Mutex
	verdict   func(m *message) error
	taken     []string // bodies that were acknowledged, in order
	flying    int
	maxFlying int
}

func (c *fakeConn) publish(m *message) (wait func() error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flying++
	c.maxFlying = max(c.maxFlying, c.flying)
	var err error
	if c.verdict != nil {
		err = c.verdict(m)
	}
	if err == nil {
		c.taken = append(c.taken, string(m.body))
	}
	done := make(chan error, 1)
	time.AfterFunc(time.Millisecond, func() {
		c.mu.Lock()
		c.flying--
		c.mu.Unlock()
		done <- err
	})
	return func() error { return <-done }
}

func (c *fakeConn) close() {}

func (c *fakeConn) set(verdict func(m *message) error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.verdict = verdict
}

func (c *fakeConn) bodies() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.taken)
}

// lines is an Encoder that prints the payload, or "small" if it is for the body
// without the image.
type lines struct{ small bool }

func (lines) AppendHeader(dst []byte) []byte { return dst }

func (l lines) AppendEvent(dst []byte, e *event.Event) []byte {
	if l.small {
		return append(dst, "small\n"...)
	}
	return append(append(dst, e.Payload...), '\n')
}

// rig is a broker over a fake connection.
type rig struct {
	*Broker
	conn    *fakeConn
	sink    *Sink
	end     context.CancelFunc
	mu      sync.Mutex
	notices []string
	warned  int // notices that are warnings
	saved   []string
}

func newRig(t *testing.T, live bool) *rig {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer listener.Close()
	address, err := ParseAddress("nats://" + listener.Addr().String() + "/events.{type}")
	check(t, err)
	r := &rig{conn: &fakeConn{}}
	address.dial = func(context.Context, Address, Options) (conn, error) { return r.conn, nil }
	ctx, cancel := context.WithCancel(t.Context())
	r.end = cancel
	r.Broker, err = Dial(ctx, address, Options{
		WithoutImage: lines{small: true},
		Notify: func(n event.Notice) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.notices = append(r.notices, n.Text)
			if n.Kind == event.Warning {
				r.warned++
			}
		},
		Save: func(p []byte) (string, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.saved = append(r.saved, string(p))
			return "unwritten.ndjson", nil
		},
		Live: live,
		End:  func(error) { cancel() },
	})
	check(t, err)
	r.sink = r.Sink(lines{})
	return r
}

func (r *rig) put(t *testing.T, from, to int) error {
	t.Helper()
	for i := from; i < to; i++ {
		if err := r.sink.Put(newEvent(t, i)); err != nil {
			return err
		}
	}
	return nil
}

func newEvent(t *testing.T, i int) *event.Event {
	t.Helper()
	payload := fmt.Appendf(nil, `{"$id":"track","instance_id":"i","n":%d}`, i)
	e, err := event.New("track", payload, &event.Instance{ID: "i", Name: "gate"})
	check(t, err)
	return e
}

func payloads(from, to int) (list []string) {
	for i := from; i < to; i++ {
		list = append(list, fmt.Sprintf(`{"$id":"track","instance_id":"i","n":%d}`, i))
	}
	return list
}

func TestFlushWaitsForEveryAcknowledgement(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, false)
		check(t, r.put(t, 0, 2500))
		check(t, r.sink.Flush())
		if got := r.conn.bodies(); !slices.Equal(got, payloads(0, 2500)) {
			t.Errorf("%d bodies acknowledged", len(got))
		}
		if r.conn.maxFlying > maxInFlight {
			t.Errorf("%d messages in flight, at most %d allowed", r.conn.maxFlying, maxInFlight)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if want := "published 2,500, acknowledged 2,500, refused 0"; !slices.Contains(r.notices, want) {
			t.Errorf("notices %q lack %q", r.notices, want)
		}
	})
}

func TestBytesInFlightAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, false)
		big := strings.Repeat("x", 1<<20)
		for i := range 64 {
			e, err := event.New("crop", fmt.Appendf(nil, `{"$id":"crop","instance_id":"i","n":%d,"image":%q}`, i, big), nil)
			check(t, err)
			check(t, r.sink.Put(e))
		}
		check(t, r.sink.Flush())
		if most := maxInFlightBytes >> 20; r.conn.maxFlying > most || r.conn.maxFlying < 2 {
			t.Errorf("%d messages of 1 MiB in flight, want 2 to %d", r.conn.maxFlying, most)
		}
		r.Close()
	})
}

func TestOutageLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, false)
		refused := errors.New("connection refused")
		r.conn.set(func(m *message) error {
			if bytes.Contains(m.body, []byte(`"n":7`)) {
				return nil // acknowledged just before the broker died
			}
			return refused
		})
		time.AfterFunc(time.Hour, func() { r.conn.set(nil) })
		began := time.Now()
		check(t, r.put(t, 0, 3000))
		check(t, r.sink.Flush())
		if waited := time.Since(began); waited < time.Hour || waited > time.Hour+time.Minute {
			t.Errorf("flushed after %v, want soon after the broker came back", waited)
		}
		got := r.conn.bodies()
		slices.Sort(got)
		want := payloads(0, 3000)
		slices.Sort(want)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			t.Errorf("%d different events arrived, want 3000", len(got))
		}
		r.Close()
		all := strings.Join(r.notices, "\n")
		for _, want := range []string{" does not acknowledge: connection refused; reading waits", "again after 1 h"} {
			if !strings.Contains(all, want) {
				t.Errorf("no notice has %q:\n%s", want, all)
			}
		}
		if n := strings.Count(all, "does not acknowledge"); n != 1 {
			t.Errorf("%d reports of one outage", n)
		}
	})
}

func TestFailedMessagesAreSentAgainInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, false)
		tries := 0
		r.conn.set(func(*message) error {
			if tries++; tries <= 20 {
				return errTimeout
			}
			return nil
		})
		check(t, errors.Join(r.put(t, 0, 10), r.sink.Flush()))
		if got := r.conn.bodies(); !slices.Equal(got, payloads(0, 10)) {
			t.Errorf("arrived as %q", got)
		}
		r.Close()
	})
}

// Where every event is refused, the first is named and the others are counted.
func TestRefusedEventsAreOneWarning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, false)
		r.conn.set(func(*message) error { return ErrRefused })
		check(t, errors.Join(r.put(t, 0, 10), r.sink.Flush()))
		err := r.Close()
		if r.warned != 1 || len(r.saved) != 10 || err == nil || !strings.HasPrefix(err.Error(), "10 events not published") {
			t.Errorf("%d warnings, %d saved, %v: %q", r.warned, len(r.saved), err, r.notices)
		}
	})
}

func TestRefusedEventIsShrunkThenSaved(t *testing.T) {
	for _, tc := range []struct {
		name    string
		verdict func(m *message) error
		body    string // of event 1; "" if it is saved
		reason  string
	}{
		{"the image is too large", func(m *message) error {
			if bytes.Contains(m.body, []byte(`"n":1}`)) {
				return errTooLarge
			}
			return nil
		}, "small", ""},
		{"the event is too large without its image", func(m *message) error {
			if bytes.Contains(m.payload, []byte(`"n":1}`)) {
				return errTooLarge
			}
			return nil
		}, "", errTooLarge.Error()},
		{"the broker drops the connection", func(m *message) error {
			if bytes.Contains(m.payload, []byte(`"n":1}`)) {
				return errLost
			}
			return nil
		}, "", errLost.Error()},
		{"the subject is refused", func(m *message) error {
			if bytes.Contains(m.payload, []byte(`"n":1}`)) {
				return ErrRefused
			}
			return nil
		}, "", ErrRefused.Error()},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, false)
				r.conn.set(tc.verdict)
				check(t, errors.Join(r.put(t, 0, 4), r.sink.Flush()))
				want := slices.Delete(payloads(0, 4), 1, 2)
				if tc.body != "" {
					want = append(want, tc.body)
				}
				got := r.conn.bodies()
				slices.Sort(got)
				slices.Sort(want)
				if !slices.Equal(got, want) {
					t.Errorf("arrived %q, want %q", got, want)
				}
				err := r.Close()
				var kept *event.WriteError
				if tc.body != "" {
					if err != nil || len(r.saved) != 0 {
						t.Errorf("Close: %v, saved %q", err, r.saved)
					}
					return
				}
				if !errors.As(err, &kept) || !strings.HasPrefix(err.Error(), "1 event not published") ||
					!slices.Equal(r.saved, payloads(1, 2)) {
					t.Errorf("Close: %v, saved %q", err, r.saved)
				}
				all := strings.Join(r.notices, "\n")
				if !strings.Contains(all, "track (") || !strings.Contains(all, tc.reason+"; saved in unwritten.ndjson") {
					t.Errorf("notices do not name the event, the reason and the file:\n%s", all)
				}
			})
		})
	}
}

func TestRunEndsWithoutAcknowledgement(t *testing.T) {
	for _, live := range []bool{false, true} {
		t.Run(fmt.Sprintf("live %v", live), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, live)
				r.conn.set(func(m *message) error {
					if bytes.Contains(m.body, []byte(`"n":0}`)) || bytes.Contains(m.body, []byte(`"n":1}`)) {
						return nil
					}
					return errTimeout
				})
				check(t, r.put(t, 0, 5))
				r.end()
				began := time.Now()
				flushed := r.sink.Flush()
				<-r.life.Done()
				if err := r.sink.Put(newEvent(t, 9)); err != nil {
					t.Error(err)
				}
				late := r.sink.Flush()
				closed := r.Close()
				if waited := time.Since(began); waited < timeout || waited > timeout+time.Second {
					t.Errorf("ended after %v, want %v", waited, timeout)
				}
				var failed *event.WriteError
				if live {
					if flushed != nil || late != nil || !errors.As(closed, &failed) ||
						!strings.HasPrefix(closed.Error(), "4 events not published") {
						t.Errorf("Flush: %v, %v, Close: %v", flushed, late, closed)
					}
					if want := append(payloads(2, 5), payloads(9, 10)...); !slices.Equal(r.saved, want) {
						t.Errorf("saved %q, want %q", r.saved, want)
					}
					return
				}
				if !errors.As(flushed, &failed) || failed.Written != 2 || len(r.saved) != 0 || late == nil || closed != nil {
					t.Errorf("Flush: %v, %v, Close: %v, saved %q", flushed, late, closed, r.saved)
				}
			})
		})
	}
}

func TestRefusedSubjectEndsTheRun(t *testing.T) {
	for _, live := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, live)
			r.address.fixed = true
			r.conn.set(func(*message) error { return ErrRefused })
			err := errors.Join(r.put(t, 0, 1), r.sink.Flush())
			if live {
				<-r.life.Done() // without another event
				err = r.Close()
			} else if closed := r.Close(); closed != nil {
				t.Error("reported twice:", closed)
			}
			if err == nil || !strings.Contains(err.Error(), ErrRefused.Error()) || len(r.saved) > 0 != live {
				t.Errorf("live %v: %v, saved %q", live, err, r.saved)
			}
		})
	}
}

func TestFailedSaveIsAnError(t *testing.T) {
	for _, live := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, live)
			full := errors.New("no space left on device")
			r.o.Save = func([]byte) (string, error) { return "", full }
			r.conn.set(func(*message) error { return ErrRefused })
			err := errors.Join(r.put(t, 0, 1), r.sink.Flush(), r.Close())
			if err == nil || !strings.Contains(err.Error(), full.Error()) {
				t.Errorf("live %v: %v", live, err)
			}
		})
	}
}

func TestManySinksShareOneBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, false)
		fails := 0
		r.conn.set(func(*message) error {
			if fails++; fails%17 == 0 {
				return errTimeout
			}
			return nil
		})
		var sources sync.WaitGroup
		for i := range 6 {
			sources.Go(func() {
				sink := r.Sink(lines{})
				for n := range 300 {
					if err := sink.Put(newEvent(t, i*300+n)); err != nil {
						t.Error(err)
					}
					if n%50 == 0 {
						if err := sink.Flush(); err != nil {
							t.Error(err)
						}
					}
				}
				if err := sink.Flush(); err != nil {
					t.Error(err)
				}
			})
		}
		sources.Wait()
		got := r.conn.bodies()
		slices.Sort(got)
		if got = slices.Compact(got); len(got) != 1800 {
			t.Errorf("%d different events arrived, want 1800", len(got))
		}
		r.Close()
	})
}
