package stream

import (
	"context"
	"errors"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
	"github.com/rtev/rtev/internal/rtapi"
)

// mute is a request without a response.
func mute(ctx context.Context) (io.ReadCloser, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// afterwards responds to a request after d.
func afterwards(d time.Duration, then step) step {
	return func(ctx context.Context) (io.ReadCloser, error) {
		rtapi.Sleep(ctx, d)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return then(ctx)
	}
}

var errAway = &rtapi.UnreachableError{URL: "http://nvr1:3546", Err: errors.New("no response")}

func TestLateHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, sink, checks := newNoticeLog(), &flowtest.Collect{}, 0
		l := &Live{Instance: gate, Notify: h.notify, Client: serve(t, func(w http.ResponseWriter, r *http.Request) {
			if !strings.HasSuffix(r.URL.Path, "consume_events_sse") {
				checks++
				io.WriteString(w, `{"instanceId":"i1"}`)
				return
			}
			rtapi.Sleep(r.Context(), 9*time.Hour)
			sse(w)(sent(1))
			<-r.Context().Done()
		})}
		runFor(t, 10*time.Hour, l, sink)
		if got := sink.Payloads(); !reflect.DeepEqual(got, numbered(1, 1)) {
			t.Errorf("got %q and %+v", got, h.list)
		}
		if len(h.list) != 2 || h.list[0].Kind != event.Waiting || h.at[0] != 3*time.Second || h.list[1].Kind != event.Connected || h.at[1] != 9*time.Hour {
			t.Errorf("reported %+v at %v", h.list, h.at)
		}
		if checks != 1 {
			t.Errorf("%d checks", checks)
		}
	})
}

// TestMuteServer checks that a first connection fails within 30 s, and that a
// later one is retried.
func TestMuteServer(t *testing.T) {
	for _, tc := range []struct {
		name    string
		retry   bool
		first   step // nil: the mute connection is the first
		retried bool
	}{
		{"first", false, nil, false},
		{"first with Retry", true, nil, true},
		{"later", false, gives(sent(1), time.Minute), true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(mute)
				if tc.first != nil {
					s.steps = append([]step{tc.first}, s.steps...)
				}
				s.check = func(ctx context.Context) error {
					rtapi.Sleep(ctx, 10*time.Second)
					return errAway
				}
				h := newNoticeLog()
				l := &Live{Client: s, Instance: gate, Retry: tc.retry, Notify: h.notify}
				if tc.retried {
					runFor(t, time.Hour, l, &flowtest.Collect{})
					if len(s.asked) < 10 || len(h.of(event.Retrying)) < 10 {
						t.Errorf("asked %d times, reported %+v", len(s.asked), h.list)
					}
					return
				}
				err := l.Run(t.Context(), &flowtest.Collect{})
				if took := time.Since(h.began); err != errAway || took != 20*time.Second {
					t.Errorf("ended after %v with %v", took, err)
				}
			})
		})
	}
}

// TestConnectionBreaksWhileHeaderIsLate checks that a server that responded to a
// check is retried as if its stream had been open.
func TestConnectionBreaksWhileHeaderIsLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(afterwards(time.Minute, fails(errAway)), fails(errAway), gives(sent(1), time.Hour))
		h, sink := newNoticeLog(), &flowtest.Collect{}
		runFor(t, 10*time.Minute, &Live{Client: s, Instance: gate, Notify: h.notify}, sink)
		if len(sink.Taken()) != 1 || len(h.of(event.Retrying)) != 2 {
			t.Errorf("%d events, asked at %v, reported %+v", len(sink.Taken()), s.asked, h.list)
		}
	})
}

func TestRefusedCheckEndsRun(t *testing.T) {
	for _, code := range []int{401, 403, 404} {
		synctest.Test(t, func(t *testing.T) {
			s := newScript(mute)
			no := &rtapi.StatusError{Code: code}
			s.check = func(context.Context) error { return no }
			h := newNoticeLog()
			if err := (&Live{Client: s, Instance: gate}).Run(t.Context(), &flowtest.Collect{}); err != no || time.Since(h.began) != 10*time.Second {
				t.Errorf("%d: %v after %v", code, err, time.Since(h.began))
			}
		})
	}
}

// TestGateway checks that 502, 503 and 504 are retried, also for a first connection
// if a check of the instance succeeds.
func TestGateway(t *testing.T) {
	for _, code := range []int{502, 503, 504} {
		no := &rtapi.StatusError{Code: code}
		synctest.Test(t, func(t *testing.T) {
			sink := &flowtest.Collect{}
			runFor(t, time.Hour, &Live{Client: newScript(fails(no), fails(no), gives(sent(1), 2*time.Hour)), Instance: gate}, sink)
			if len(sink.Taken()) != 1 {
				t.Errorf("%d: %d events", code, len(sink.Taken()))
			}
		})
		synctest.Test(t, func(t *testing.T) {
			s := newScript(fails(no))
			s.check = func(context.Context) error { return no }
			if err := (&Live{Client: s, Instance: gate}).Run(t.Context(), &flowtest.Collect{}); err != no || len(s.asked) != 1 {
				t.Errorf("%d: %v after %d attempts", code, err, len(s.asked))
			}
		})
	}
}

// TestGatewayEndsQuietStream checks that waits do not grow if a proxy ends a quiet
// stream with 504 every minute.
func TestGatewayEndsQuietStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(afterwards(time.Minute, fails(&rtapi.StatusError{Code: 504})))
		runFor(t, time.Hour, &Live{Client: s, Instance: gate}, &flowtest.Collect{})
		if n := len(s.asked); n < 59 || n > 61 {
			t.Errorf("asked %d times in an hour", n)
		}
	})
}

func TestDeletedInstanceEndsRun(t *testing.T) {
	missing := &rtapi.StatusError{Server: "http://nvr1:3546", Instance: "i1", Code: 404}
	synctest.Test(t, func(t *testing.T) {
		h := newNoticeLog()
		err := (&Live{Client: newScript(gives(sent(1), time.Hour), fails(missing)), Instance: gate}).Run(t.Context(), &flowtest.Collect{})
		status, ok := errors.AsType[*rtapi.StatusError](err)
		if took := time.Since(h.began) - time.Hour; !ok || status.Code != 404 || took < goneAfter || took > goneAfter+time.Minute ||
			err.Error() != `instance "i1" no longer exists on this server, http://nvr1:3546` {
			t.Errorf("ended with %v after %v of 404", err, took)
		}
	})
	// The time in which the server does not respond at all does not count.
	synctest.Test(t, func(t *testing.T) {
		n := 0
		s := newScript(gives(sent(1), time.Hour), func(ctx context.Context) (io.ReadCloser, error) {
			switch n++; {
			case n < 100:
				return nil, errAway
			case n < 103:
				return nil, missing
			}
			return gives(sent(2), 10*time.Hour)(ctx)
		})
		sink := &flowtest.Collect{}
		runFor(t, 5*time.Hour, &Live{Client: s, Instance: gate}, sink)
		if len(sink.Taken()) != 2 {
			t.Errorf("%d events", len(sink.Taken()))
		}
	})
}

// TestMissingIsCountedAgainAfterOutage checks that a server that restarts twice has
// the time to load its instances twice.
func TestMissingIsCountedAgainAfterOutage(t *testing.T) {
	missing := &rtapi.StatusError{Code: 404}
	synctest.Test(t, func(t *testing.T) {
		began, sink := time.Now(), &flowtest.Collect{}
		s := newScript(gives(sent(1), time.Hour), func(ctx context.Context) (io.ReadCloser, error) {
			switch gone := time.Since(began) - time.Hour; {
			case gone < goneAfter/2, gone > 10*time.Minute && gone < 10*time.Minute+goneAfter/2:
				return nil, missing
			case gone < 10*time.Minute:
				return nil, errAway
			}
			return gives(sent(2), 10*time.Hour)(ctx)
		})
		runFor(t, 5*time.Hour, &Live{Client: s, Instance: gate}, sink)
		if len(sink.Taken()) != 2 {
			t.Errorf("%d events", len(sink.Taken()))
		}
	})
}
