package poll

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
)

// traffic is a server with an event per second, whose queue holds the newest
// hundred.
type traffic struct {
	mu    sync.Mutex
	began time.Time
	taken int // events that were drained or dropped
	lost  int
	fail  func(since time.Duration) error // of requests; nil: none
}

func (s *traffic) Drain(context.Context, string, []string) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		if err := s.fail(time.Since(s.began)); err != nil {
			return nil, err
		}
	}
	now := int(time.Since(s.began) / time.Second)
	if drop := now - s.taken - 100; drop > 0 {
		s.lost += drop
		s.taken += drop
	}
	from := s.taken
	if s.taken = now; from == now {
		return nil, nil
	}
	return io.NopCloser(strings.NewReader(items(from, now))), nil
}

// stuck is a sink that waits until an outage is over, like a broker's.
type stuck struct {
	flowtest.Collect
	from, until time.Time
	err         error // after the outage
}

func (s *stuck) Put(e *event.Event) error {
	if now := time.Now(); now.After(s.from) && now.Before(s.until) {
		time.Sleep(s.until.Sub(now))
	}
	if s.err != nil && time.Now().After(s.from) {
		return s.err
	}
	return s.Collect.Put(e)
}

func TestQueueIsDrainedWhileTheSinkWaits(t *testing.T) {
	for _, tc := range []struct {
		name string
		fail func(since time.Duration) error
	}{
		{"a server that responds", nil},
		{"a server that fails now and then", func(since time.Duration) error {
			if since > time.Minute && since%(50*time.Second) == 0 {
				return errors.New("connection reset")
			}
			return nil
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				dir := t.TempDir()
				spool, err := OpenSpool(dir)
				check(t, err)
				defer spool.Close()
				began := time.Now()
				server := &traffic{began: began, fail: tc.fail}
				sink := &stuck{from: began.Add(time.Minute), until: began.Add(time.Hour)}
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
				defer cancel()
				s := noticeLog{}
				p := &Poll{Client: server, Instance: gate(), Interval: 10 * time.Second, Spool: spool,
					UnwrittenDirs: []string{t.TempDir()}, Notify: s.notify}
				if err := p.Run(ctx, sink); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("Run: %v", err)
				}
				if server.lost > 0 || server.taken < 7000 {
					t.Errorf("%d events drained, %d dropped by the server", server.taken, server.lost)
				}
				equal(t, "delivered", sink.Payloads(), payloads(0, server.taken))
				if files, err := os.ReadDir(dir); err != nil || len(files) != 1 { // the lock
					t.Errorf("%d files in the spool, %v", len(files), err)
				}
			})
		})
	}
}

func TestSpooledResponsesStayForNextRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		spool, err := OpenSpool(dir)
		check(t, err)
		began := time.Now()
		server := &traffic{began: began}
		broken := errors.New("the broker is away")
		first := &stuck{from: began.Add(time.Minute), until: began.Add(time.Hour), err: broken}
		p := &Poll{Client: server, Instance: gate(), Interval: 10 * time.Second, Spool: spool,
			UnwrittenDirs: []string{t.TempDir()}}
		if err := p.Run(t.Context(), first); !errors.Is(err, broken) {
			t.Errorf("first run: %v", err)
		}
		spool.Close()
		if spool, err = OpenSpool(dir); err != nil {
			t.Fatal(err)
		}
		defer spool.Close()
		second := &flowtest.Collect{}
		next := &Poll{Client: responses(nil), Instance: gate(), Once: true, Spool: spool,
			UnwrittenDirs: []string{t.TempDir()}}
		if err := next.Run(t.Context(), second); err != nil {
			t.Errorf("second run: %v", err)
		}
		equal(t, "delivered by both", append(first.Payloads(), second.Payloads()...), payloads(0, server.taken))
		if server.lost > 0 || server.taken < 3500 {
			t.Errorf("%d events drained, %d dropped by the server", server.taken, server.lost)
		}
	})
}

func TestFailedSpoolLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		spool, err := OpenSpool(dir)
		check(t, err)
		defer spool.Close()
		began := time.Now()
		server := &traffic{began: began}
		sink := &stuck{from: began.Add(time.Minute), until: began.Add(time.Hour)}
		time.AfterFunc(30*time.Minute+5*time.Second, func() { os.RemoveAll(dir) }) // between two requests
		p := &Poll{Client: server, Instance: gate(), Interval: 10 * time.Second, Spool: spool,
			UnwrittenDirs: []string{t.TempDir()}}
		err = p.Run(t.Context(), sink)
		if !says(err, "cannot use the spool "+dir) {
			t.Errorf("Run: %v", err)
		}
		got := sink.Payloads()
		if len(got) == 0 || got[len(got)-1] != payloads(server.taken-1, server.taken)[0] {
			t.Errorf("the response that the spool did not take is missing; %d events came", len(got))
		}
	})
}
