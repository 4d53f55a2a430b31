package stream

import (
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

// mute sends no response.
func mute(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// afterwards responds to a request after d.
func afterwards(d time.Duration, then step) step {
	return func(w http.ResponseWriter, r *http.Request) {
		rtapi.Sleep(r.Context(), d)
		then(w, r)
	}
}

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
		if len(h.list) != 2 || h.list[0].Kind != event.Waiting || h.at[0] != 3*time.Second ||
			h.list[1].Kind != event.Connected || h.at[1] != 9*time.Hour {
			t.Errorf("reported %+v at %v", h.list, h.at)
		}
		if checks != 1 {
			t.Errorf("%d checks", checks)
		}
	})
}

// TestUnresponsiveServer checks that a first connection fails within 30 s, and that a
// later one is retried.
func TestUnresponsiveServer(t *testing.T) {
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
				s.check = mute
				h := newNoticeLog()
				l := &Live{Client: s.client(t), Instance: gate, Retry: tc.retry, Notify: h.notify}
				if tc.retried {
					runFor(t, time.Hour, l, &flowtest.Collect{})
					if len(s.asked) < 10 || len(h.of(event.Retrying)) < 10 {
						t.Errorf("asked %d times, reported %+v", len(s.asked), h.list)
					}
					return
				}
				err := l.Run(t.Context(), &flowtest.Collect{})
				_, away := errors.AsType[*rtapi.UnreachableError](err)
				if took := time.Since(h.began); !away || took != 20*time.Second {
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
		s := newScript(afterwards(time.Minute, breaks), breaks, gives(sent(1), time.Hour))
		h, sink := newNoticeLog(), &flowtest.Collect{}
		runFor(t, 10*time.Minute, &Live{Client: s.client(t), Instance: gate, Notify: h.notify}, sink)
		if len(sink.Taken()) != 1 || len(h.of(event.Retrying)) != 2 {
			t.Errorf("%d events, asked at %v, reported %+v", len(sink.Taken()), s.asked, h.list)
		}
	})
}

func TestRefusedCheckEndsRun(t *testing.T) {
	for _, code := range []int{401, 403, 404} {
		synctest.Test(t, func(t *testing.T) {
			s := newScript(mute)
			s.check = refuses(code, "")
			err := (&Live{Client: s.client(t), Instance: gate}).Run(t.Context(), &flowtest.Collect{})
			status, ok := errors.AsType[*rtapi.StatusError](err)
			if took := time.Since(s.began); !ok || status.Code != code || took != 10*time.Second {
				t.Errorf("%d: %v after %v", code, err, took)
			}
		})
	}
}

// TestGateway checks that 502, 503 and 504 are retried, also for a first connection
// if a check of the instance succeeds.
func TestGateway(t *testing.T) {
	for _, code := range []int{502, 503, 504} {
		no := refuses(code, "")
		synctest.Test(t, func(t *testing.T) {
			sink := &flowtest.Collect{}
			runFor(t, time.Hour, &Live{Client: newScript(no, no, gives(sent(1), 2*time.Hour)).client(t), Instance: gate}, sink)
			if len(sink.Taken()) != 1 {
				t.Errorf("%d: %d events", code, len(sink.Taken()))
			}
		})
		synctest.Test(t, func(t *testing.T) {
			s := newScript(no)
			s.check = no
			err := (&Live{Client: s.client(t), Instance: gate}).Run(t.Context(), &flowtest.Collect{})
			if status, ok := errors.AsType[*rtapi.StatusError](err); !ok || status.Code != code || len(s.asked) != 1 {
				t.Errorf("%d: %v after %d attempts", code, err, len(s.asked))
			}
		})
	}
}

// TestGatewayEndsQuietStream checks that waits do not grow if a proxy ends a quiet
// stream with 504 every minute.
func TestGatewayEndsQuietStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScript(afterwards(time.Minute, refuses(504, "")))
		runFor(t, time.Hour, &Live{Client: s.client(t), Instance: gate}, &flowtest.Collect{})
		if n := len(s.asked); n < 59 || n > 61 {
			t.Errorf("asked %d times in an hour", n)
		}
	})
}

func TestDeletedInstanceEndsRun(t *testing.T) {
	missing := refuses(404, "")
	synctest.Test(t, func(t *testing.T) {
		h := newNoticeLog()
		l := &Live{Client: newScript(gives(sent(1), time.Hour), missing).client(t), Instance: gate}
		err := l.Run(t.Context(), &flowtest.Collect{})
		status, ok := errors.AsType[*rtapi.StatusError](err)
		if took := time.Since(h.began) - time.Hour; !ok || status.Code != 404 || took < goneAfter ||
			took > goneAfter+time.Minute ||
			err.Error() != `instance "i1" no longer exists on this server, http://nvr1:3546` {
			t.Errorf("ended with %v after %v of 404", err, took)
		}
	})
	// The time in which the server does not respond at all does not count.
	synctest.Test(t, func(t *testing.T) {
		n := 0
		s := newScript(gives(sent(1), time.Hour), func(w http.ResponseWriter, r *http.Request) {
			switch n++; {
			case n < 100:
				breaks(w, r)
			case n < 103:
				missing(w, r)
			default:
				gives(sent(2), 10*time.Hour)(w, r)
			}
		})
		sink := &flowtest.Collect{}
		runFor(t, 5*time.Hour, &Live{Client: s.client(t), Instance: gate}, sink)
		if len(sink.Taken()) != 2 {
			t.Errorf("%d events", len(sink.Taken()))
		}
	})
}

// TestMissingIsCountedAgainAfterOutage checks that a server that restarts twice has
// the time to load its instances twice.
func TestMissingIsCountedAgainAfterOutage(t *testing.T) {
	missing := refuses(404, "")
	synctest.Test(t, func(t *testing.T) {
		began, sink := time.Now(), &flowtest.Collect{}
		s := newScript(gives(sent(1), time.Hour), func(w http.ResponseWriter, r *http.Request) {
			switch gone := time.Since(began) - time.Hour; {
			case gone < goneAfter/2, gone > 10*time.Minute && gone < 10*time.Minute+goneAfter/2:
				missing(w, r)
			case gone < 10*time.Minute:
				breaks(w, r)
			default:
				gives(sent(2), 10*time.Hour)(w, r)
			}
		})
		runFor(t, 5*time.Hour, &Live{Client: s.client(t), Instance: gate}, sink)
		if len(sink.Taken()) != 2 {
			t.Errorf("%d events", len(sink.Taken()))
		}
	})
}
