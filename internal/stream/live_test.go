package stream

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
	"github.com/rtev/rtev/internal/jsonraw"
	"github.com/rtev/rtev/internal/rtapi"
)

var gate = &event.Instance{ID: "i1", Name: "Gate"}

func sent(n int) string { return fmt.Sprintf("id: %d\nevent: track\ndata: %s\n\n", n, data(n)) }

func data(n int) string { return fmt.Sprintf(`{"$id":"track","instance_id":"i1","n":%d}`, n) }

func numbered(from, to int) (all []string) {
	for ; from <= to; from++ {
		all = append(all, data(from))
	}
	return all
}

// noticeLog records notices with the time since the log was created.
type noticeLog struct {
	mu    sync.Mutex
	began time.Time
	list  []event.Notice
	at    []time.Duration
}

func newNoticeLog() *noticeLog { return &noticeLog{began: time.Now()} }

func (h *noticeLog) notify(n event.Notice) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list, h.at = append(h.list, n), append(h.at, time.Since(h.began))
}

func (h *noticeLog) of(k event.Kind) (all []event.Notice) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, n := range h.list {
		if n.Kind == k {
			all = append(all, n)
		}
	}
	return all
}

// serve returns a client of a server with handler h, over a network inside the
// synctest bubble.
func serve(t *testing.T, h http.HandlerFunc) *rtapi.Client {
	ln := flowtest.Listen()
	srv := &http.Server{Handler: h}
	go srv.Serve(ln)
	c, err := rtapi.New(rtapi.Options{Server: "nvr1", Dial: ln.Dial})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		srv.Close()
	})
	return c
}

// sse begins a response and returns a function that writes its records.
func sse(w http.ResponseWriter) func(string) {
	w.Header().Set("Content-Type", "text/event-stream")
	send := func(s string) {
		io.WriteString(w, s)
		w.(http.Flusher).Flush()
	}
	send("")
	return send
}

// runFor runs l for d. It must end then with the error of its context.
func runFor(t *testing.T, d time.Duration, l *Live, sink event.Sink) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	began := time.Now()
	if err := l.Run(ctx, sink); err != context.DeadlineExceeded || time.Since(began) != d {
		t.Errorf("ended after %v with %v, want %v and %v", time.Since(began), err, d, context.DeadlineExceeded)
	}
	synctest.Wait()
}

func TestLiveIsASource(t *testing.T) {
	flowtest.Source(t, func(t *testing.T, payloads []string) event.Source {
		return &Live{Instance: gate, Client: serve(t, func(w http.ResponseWriter, r *http.Request) {
			send := sse(w)
			for i, p := range payloads {
				send(fmt.Sprintf("id: %d\ndata: %s\n\n", i, p))
			}
			<-r.Context().Done()
		})}
	})
}

func TestOlderFramingIsASource(t *testing.T) {
	flowtest.Source(t, func(t *testing.T, payloads []string) event.Source {
		return &Live{Instance: gate, Client: serve(t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			for _, p := range payloads {
				fmt.Fprintf(w, "[{\"type\":\"\",\"object\":%s}]\n", jsonraw.AppendQuoted(nil, p))
			}
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		})}
	})
}

func TestQuietStreamStaysOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, sink := newNoticeLog(), &flowtest.Collect{}
		l := &Live{Instance: gate, Notify: h.notify, Client: serve(t, func(w http.ResponseWriter, r *http.Request) {
			send := sse(w)
			rtapi.Sleep(r.Context(), 9*time.Hour)
			send(sent(1))
			<-r.Context().Done()
		})}
		runFor(t, 10*time.Hour, l, sink)
		if got := sink.Payloads(); !reflect.DeepEqual(got, numbered(1, 1)) || len(h.list) != 1 ||
			h.list[0].Kind != event.Connected || h.list[0].Instance != gate {
			t.Errorf("got %q and %+v", got, h.list)
		}
	})
}

// TestReconnectAfterAnyCut breaks the connection in many different places.
func TestReconnectAfterAnyCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		breaks := []func(send func(string)){
			func(send func(string)) { send(sent(1)) },
			func(send func(string)) { send(sent(2) + sent(99)[:40]) },
			func(send func(string)) { send(sent(3)); panic(http.ErrAbortHandler) },
			func(send func(string)) { send(sent(4) + "data: \xe2\x82"); panic(http.ErrAbortHandler) },
			func(func(string)) { panic(http.ErrAbortHandler) },
			func(func(string)) {},
			func(send func(string)) { send(strings.TrimSuffix(sent(98), "\n")) },
		}
		tries := 0
		h, sink := newNoticeLog(), &flowtest.Collect{}
		l := &Live{Instance: gate, Notify: h.notify, Client: serve(t, func(w http.ResponseWriter, r *http.Request) {
			send := sse(w)
			if tries++; tries <= len(breaks) {
				breaks[tries-1](send)
				return
			}
			send(sent(5))
			<-r.Context().Done()
		})}
		runFor(t, time.Hour, l, sink)
		if got := sink.Payloads(); !reflect.DeepEqual(got, numbered(1, 5)) {
			t.Errorf("got %q", got)
		}
		lost := h.of(event.Lost)
		if len(lost) != len(breaks) || len(h.of(event.Reconnected)) != len(breaks) || len(h.of(event.Skipped)) != 0 {
			t.Fatalf("notices %+v", h.list)
		}
		for i, want := range map[int]string{0: "connection lost: the server closed it; trying again in ",
			1: "connection lost: the server closed it, inside a record (20 bytes); ",
			3: "connection lost: it was cut off, inside a record (8 bytes); "} {
			if !strings.HasPrefix(lost[i].Text, want) {
				t.Errorf("got %q, want %q", lost[i].Text, want)
			}
		}
	})
}

func TestReconnectAfterOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var back time.Time
		tries := 0
		h, sink := newNoticeLog(), &flowtest.Collect{}
		var lastID []string
		l := &Live{Instance: gate, Notify: h.notify, Client: serve(t, func(w http.ResponseWriter, r *http.Request) {
			tries++
			lastID = append(lastID, r.Header.Get("Last-Event-ID"))
			if time.Now().Before(back) {
				http.Error(w, "starting up", http.StatusServiceUnavailable)
				return
			}
			send := sse(w)
			send(sent(tries))
			if tries > 1 {
				<-r.Context().Done()
				return
			}
			back = time.Now().Add(12 * time.Second)
		})}
		runFor(t, time.Minute, l, sink)
		// waits of at most 0.25, 0.5, 1, 2, 4 and 8 seconds
		if len(lastID) < 7 || lastID[0] != "" || slices.ContainsFunc(lastID[1:], func(id string) bool { return id != "1" }) {
			t.Errorf("Last-Event-ID of the tries: %q", lastID)
		}
		again := h.of(event.Reconnected)
		if len(again) != 1 || again[0].Span < 12*time.Second || again[0].Span > 15750*time.Millisecond ||
			!strings.HasSuffix(again[0].Text, " s; events in between were not sent") {
			t.Errorf("reported %+v", again)
		}
		again = h.of(event.Retrying)
		if len(again) < 5 || !strings.Contains(again[0].Text, "503 Service Unavailable: starting up; trying again in ") ||
			again[0].Span > 500*time.Millisecond {
			t.Errorf("reported %+v", again)
		}
	})
}

// script responds to each request for the stream with its next step and records the
// time of the request. It repeats the last step.
type script struct {
	steps []step
	check step // responds to other requests; nil: the server is alive
	began time.Time
	asked []time.Duration
}

type step = http.HandlerFunc

func newScript(steps ...step) *script {
	return &script{steps: steps, began: time.Now()}
}

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Connection", "close") // net/http repeats requests on old connections
	if !strings.HasSuffix(r.URL.Path, "/consume_events_sse") {
		if s.check != nil {
			s.check(w, r)
		}
		return
	}
	s.asked = append(s.asked, time.Since(s.began))
	next := s.steps[0]
	if len(s.steps) > 1 {
		s.steps = s.steps[1:]
	}
	next(w, r)
}

// client returns a client of a server that follows the script.
func (s *script) client(t *testing.T) *rtapi.Client { return serve(t, s.ServeHTTP) }

// breaks closes the connection without a response.
func breaks(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// refuses responds with a status.
func refuses(code int, retryAfter string) step {
	return func(w http.ResponseWriter, _ *http.Request) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		w.WriteHeader(code)
	}
}

// page responds with a login page.
func page(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html><title>Log in</title>") }

// gives returns a stream that ends after a while.
func gives(body string, lasts time.Duration) step {
	return func(w http.ResponseWriter, r *http.Request) {
		sse(w)(body)
		rtapi.Sleep(r.Context(), lasts)
	}
}

func TestWaits(t *testing.T) {
	ms := func(list ...int) (all []time.Duration) {
		for _, n := range list {
			all = append(all, time.Duration(n)*time.Millisecond)
		}
		return all
	}
	for _, tc := range []struct {
		name  string
		steps []step
		want  []time.Duration // longest waits between the end of one try and the next
		lasts []time.Duration // how long each of them lasted
	}{
		{"refused", []step{gives("", 0), breaks}, ms(250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000), nil},
		{"closed at once", []step{gives("", 0)}, ms(250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000), nil},
		{"closed after a record", []step{gives(sent(1), healthy-1)}, ms(250, 500, 1000),
			slices.Repeat([]time.Duration{healthy - 1}, 3)},
		{"refused, not found, a page: all the same later on",
			[]step{gives("", 0), breaks, refuses(404, ""), page, refuses(500, "")},
			ms(250, 500, 1000, 2000, 4000), nil},
		{"healthy", []step{gives("", 0), breaks, breaks, gives("", healthy), gives("", healthy-1)},
			ms(250, 500, 1000, 250, 500), []time.Duration{0, 0, 0, healthy, healthy - 1}},
		{"Retry-After", []step{gives("", 0), refuses(503, "20"), refuses(429, "86400"), breaks},
			ms(250, 25000, 375000, 2000), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(tc.steps...)
				runFor(t, time.Hour, &Live{Client: s.client(t), Instance: gate}, &flowtest.Collect{})
				for i, longest := range tc.want {
					wait := s.asked[i+1] - s.asked[i]
					if tc.lasts != nil {
						wait -= tc.lasts[i]
					}
					if wait > longest || longest > 250*time.Millisecond && wait < longest*3/4 {
						t.Errorf("wait %d: %v, want up to %v", i, wait, longest)
					}
				}
			})
		})
	}
}

func TestNoSpin(t *testing.T) {
	for name, body := range map[string]string{"nothing": "", "a record": sent(1), "garbage": "\x00\xff\n\n",
		"records that are not events": "data: x\n\n"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newScript(gives(body, 0))
				runFor(t, time.Hour, &Live{Client: s.client(t), Instance: gate}, &flowtest.Collect{})
				if n := len(s.asked); n < 100 || n > 170 {
					t.Errorf("%d requests in an hour", n)
				}
			})
		})
	}
}

func TestFirstConnection(t *testing.T) {
	for _, tc := range []struct {
		name  string
		first step
		retry bool
		final string // start of the error; "" if the connection is retried
	}{
		{"breaks", breaks, false, "http://nvr1:3546: EOF"},
		{"breaks", breaks, true, ""},
		{"404", refuses(404, ""), false, `no instance "i1"`},
		{"404", refuses(404, ""), true, ""},
		{"503", refuses(503, ""), true, ""},
		{"page", page, false, "http://nvr1:3546/v1/core/instance/i1/consume_events_sse: the response is not an event stream"},
		{"page", page, true, ""},
		{"401", refuses(401, ""), true, "http://nvr1:3546/v1/core/instance/i1/consume_events_sse: 401"},
		{"403", refuses(403, ""), true, "http://nvr1:3546/v1/core/instance/i1/consume_events_sse: 403"},
	} {
		synctest.Test(t, func(t *testing.T) {
			h := newNoticeLog()
			s := newScript(tc.first, tc.first, gives("", time.Hour))
			l := &Live{Client: s.client(t), Instance: gate, Retry: tc.retry, Notify: h.notify}
			if tc.final == "" {
				runFor(t, time.Minute, l, &flowtest.Collect{})
				if len(h.of(event.Retrying)) != 2 || len(h.of(event.Connected)) != 1 || len(h.of(event.Reconnected)) != 0 {
					t.Errorf("%s: reported %+v", tc.name, h.list)
				}
				return
			}
			err := l.Run(t.Context(), &flowtest.Collect{})
			if err == nil || !strings.HasPrefix(err.Error(), tc.final) || len(s.asked) != 1 || len(h.of(event.Ended)) != 1 ||
				len(h.list) != 1 {
				t.Errorf("%s: got %v and %+v", tc.name, err, h.list)
			}
		})
	}
}

func TestUnauthorizedEndsRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newNoticeLog()
		s := newScript(gives(sent(1), time.Hour), refuses(401, ""))
		err := (&Live{Client: s.client(t), Instance: gate, Notify: h.notify}).Run(t.Context(), &flowtest.Collect{})
		if status, ok := errors.AsType[*rtapi.StatusError](err); !ok || status.Code != 401 || len(h.of(event.Lost)) != 1 ||
			len(h.of(event.Ended)) != 1 {
			t.Errorf("got %v and %+v", err, h.list)
		}
	})
}

func TestIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		h, sink := newNoticeLog(), &flowtest.Collect{}
		l := &Live{Instance: gate, IdleTimeout: 30 * time.Second, Notify: h.notify,
			Client: serve(t, func(w http.ResponseWriter, r *http.Request) {
				send := sse(w)
				for range 3 { // slowly, but within the time-out
					n++
					rtapi.Sleep(r.Context(), 29*time.Second)
					send(sent(n))
				}
				<-r.Context().Done()
			})}
		runFor(t, 3*time.Minute, l, sink)
		lost := h.of(event.Lost)
		if len(lost) != 1 || !strings.HasPrefix(lost[0].Text, "connection lost: no byte for 30.0 s; ") ||
			len(h.of(event.Reconnected)) != 1 {
			t.Errorf("reported %+v", h.list)
		}
		if got := sink.Payloads(); !reflect.DeepEqual(got, numbered(1, 5)) {
			t.Errorf("got %q", got)
		}
	})
}

func TestSlowSinkIsNotIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newNoticeLog()
		sink := &flowtest.Collect{OnPut: func(int) { time.Sleep(time.Minute) }}
		l := &Live{Instance: gate, IdleTimeout: 10 * time.Second, Notify: h.notify,
			Client: serve(t, func(w http.ResponseWriter, r *http.Request) {
				send := sse(w)
				for i := range 20 {
					send(sent(i))
				}
				rtapi.Sleep(r.Context(), time.Hour)
			})}
		ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
		defer cancel()
		l.Run(ctx, sink)
		if len(h.of(event.Lost)) != 0 {
			t.Errorf("reported %+v", h.list)
		}
	})
}

// TestLastID checks that the next connection sends the last ID of the stream, also
// if connections in between had none, and that an empty id field clears it.
func TestLastID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []string
		l := &Live{Instance: gate, Client: serve(t, func(w http.ResponseWriter, r *http.Request) {
			got = append(got, r.Header.Get("Last-Event-ID"))
			send := sse(w)
			if len(got) == 6 {
				<-r.Context().Done()
				return
			}
			send([]string{sent(7), "data: {}\n\n", "id: 8\ndata: {}\n", "id\n\n", "data: {}\n\n"}[len(got)-1])
		})}
		runFor(t, time.Minute, l, &flowtest.Collect{})
		if want := []string{"", "7", "7", "7", "", ""}; !reflect.DeepEqual(got, want) {
			t.Errorf("Last-Event-ID %q, want %q", got, want)
		}
	})
}

func TestEndlessBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := newScript(func(w http.ResponseWriter, r *http.Request) {
			for send := sse(w); r.Context().Err() == nil; {
				send(sent(1))
			}
		})
		sink := &flowtest.Collect{OnPut: func(n int) {
			if n == 10 {
				cancel()
			}
		}}
		if err := (&Live{Instance: gate, Client: s.client(t)}).Run(ctx, sink); err != context.Canceled {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestSkippedRecordsAreReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, sink := newNoticeLog(), &flowtest.Collect{}
		body := io.MultiReader(
			strings.NewReader(sent(1)+"data: <html>\x1b[2J"+strings.Repeat("x", 500)+
				"\n\ndata\n\n: ping\n\nevent: ping\n\ndata: "),
			io.LimitReader(fill('x'), event.MaxPayload+1), strings.NewReader("\n\n"+sent(2)))
		l := &Live{Instance: gate, Notify: h.notify, Client: serve(t, func(w http.ResponseWriter, r *http.Request) {
			sse(w)
			io.Copy(w, body)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		})}
		runFor(t, time.Minute, l, sink)
		if got := sink.Payloads(); !reflect.DeepEqual(got, numbered(1, 2)) {
			t.Errorf("got %q", got)
		}
		bad, big := h.of(event.Skipped), h.of(event.Oversize)
		if len(bad) != 2 || !strings.HasPrefix(bad[0].Text, `not a JSON object, skipped: "<html>\x1b[2Jxxx`) ||
			len(bad[0].Text) > 300 {
			t.Errorf("reported %+v", bad)
		}
		if len(big) != 1 || big[0].Text != "a record of more than 64 MiB, skipped" {
			t.Errorf("reported %+v", big)
		}
	})
}

func TestReceivedIsWhenRecordWasComplete(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var got []time.Duration
		sink := received{func(at time.Time) { got = append(got, at.Sub(began)) }}
		l := &Live{Instance: gate, Client: serve(t, func(w http.ResponseWriter, r *http.Request) {
			send := sse(w)
			time.Sleep(time.Second)
			send(sent(1) + sent(2)[:20])
			time.Sleep(time.Second)
			send(sent(2)[20:])
			<-r.Context().Done()
		})}
		runFor(t, time.Minute, l, sink)
		if want := []time.Duration{time.Second, 2 * time.Second}; !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
	})
}

type received struct{ put func(time.Time) }

func (r received) Put(ev *event.Event) error { r.put(ev.Received); return nil }
func (r received) Flush() error              { return nil }

func TestRealSocketsLeaveNothingBehind(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		send := sse(w)
		for i := range 1000 {
			send(sent(i + 1))
		}
		<-r.Context().Done()
	})}
	go srv.Serve(ln)
	defer srv.Close()
	c, err := rtapi.New(rtapi.Options{Server: ln.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithCancel(context.Background())
	sink := &flowtest.Collect{OnPut: func(n int) {
		if n == 1000 {
			cancel()
		}
	}}
	if err := (&Live{Client: c, Instance: gate}).Run(ctx, sink); err != context.Canceled ||
		!reflect.DeepEqual(sink.Payloads(), numbered(1, 1000)) {
		t.Errorf("%v after %d events", err, len(sink.Taken()))
	}
}

func TestFeedAllocatesNothing(t *testing.T) {
	all := sent(1) + "data: {\"$id\":\"crop\",\"instance_id\":\"i1\"}\n\n"
	f := &feed{ctx: context.Background(), r: &again{s: all}, sink: discard{}}
	f.maker = event.Maker{Instance: gate, Bad: f.bad}
	d := plain(f)
	next := func() {
		rec, _ := d.next()
		if f.maker.Record(rec.typ, rec.id, rec.data, f.at, f.sink) != nil {
			t.Error("failed")
		}
	}
	for range 10_000 {
		next()
	}
	if n := testing.AllocsPerRun(10_000, next); n != 0 {
		t.Errorf("%v allocations an event", n)
	}
}

type discard struct{}

func (discard) Put(*event.Event) error { return nil }
func (discard) Flush() error           { return nil }

func BenchmarkFeed(b *testing.B) {
	for _, size := range []int{500, 45_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			rec := "id: 1\nevent: track\ndata: " + payload(size) + "\n\n"
			f := &feed{ctx: context.Background(), r: &again{s: strings.Repeat(rec, 1+1<<20/size)}, sink: discard{}}
			f.maker = event.Maker{Instance: gate}
			d := plain(f)
			b.SetBytes(int64(len(rec)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := d.next()
				if err == nil {
					err = f.maker.Record(r.typ, r.id, r.data, f.at, f.sink)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
