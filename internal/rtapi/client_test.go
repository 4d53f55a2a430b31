package rtapi

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/flowtest"
)

const gate = "899c89f9-90c3-c633-8586-8f09b005ebed"

// client returns a client of a server with handler h.
func client(t *testing.T, o Options, h http.HandlerFunc) *Client {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	if o.Server == "" {
		o.Server = srv.URL
	}
	return connect(t, o)
}

func connect(t *testing.T, o Options) *Client {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func stream(c *Client) (string, error) {
	body, err := c.Stream(context.Background(), gate, nil, "")
	if err != nil {
		return "", err
	}
	defer body.Close()
	all, err := io.ReadAll(body)
	return string(all), err
}

func TestServerURL(t *testing.T) {
	for _, tc := range []struct{ typed, want string }{
		{"nvr1", "http://nvr1:3546"},
		{" nvr1 ", "http://nvr1:3546"},
		{"nvr1:80", "http://nvr1:80"},
		{"nvr1:", "http://nvr1:3546"},
		{"nvr1/rt/", "http://nvr1:3546/rt"},
		{"http://nvr1", "http://nvr1:3546"},
		{"HTTP://nvr1//", "http://nvr1:3546"},
		{"https://nvr1", "https://nvr1"},
		{"HTTPS://NVR1:443/A", "https://nvr1/A"},
		{"https://nvr1:8443/a%2Fb/", "https://nvr1:8443/a%2Fb"},
		{"::1", "http://[::1]:3546"},
		{"fe80::1%eth0", "http://[fe80::1%25eth0]:3546"},
		{"[::1]:80", "http://[::1]:80"},
		{"http://[::1]", "http://[::1]:3546"},
		{"http://me:secret@nvr1/x", "http://nvr1:3546/x"},
		{"me:secret@nvr1", "http://nvr1:3546"},
	} {
		c, err := New(Options{Server: tc.typed})
		if err != nil || c.Server() != tc.want {
			t.Errorf("%q: got %v, %v, want %q", tc.typed, c, err, tc.want)
		}
		if base, user, err := Base(tc.typed); base != tc.want || user != strings.Contains(tc.typed, "@") || err != nil {
			t.Errorf("%q: base %q, user information %v, %v", tc.typed, base, user, err)
		}
	}
}

func TestBadOptions(t *testing.T) {
	for _, o := range []Options{
		{Server: ""}, {Server: "http://"}, {Server: "ftp://nvr1"}, {Server: "nvr1?x=1"}, {Server: "nvr1#x"},
		{Server: "http://me:secret@nvr1:port"}, {Server: "me:secret@nvr1:99999"}, {Server: "nvr1:0"},
		{Server: "http://me:secret/word@nvr1"}, {Server: "http://me:secret\x00@nvr1"},
		{Server: "ftp://me:secret@nvr1"},
		{Server: "nvr1", CACert: "testdata/none.pem"}, {Server: "nvr1", CACert: "client_test.go"},
		{Server: "nvr1", Cert: "client_test.go"}, {Server: "nvr1", Key: "testdata/none.pem"},
		{Server: "nvr1", Header: http.Header{"X-Token": {"secret\n"}}},
		{Server: "nvr1", Header: http.Header{"X Token": {"secret"}}},
	} {
		_, err := New(o)
		var bad *OptionError
		if !errors.As(err, &bad) {
			t.Errorf("%+v: got %v", o, err)
		} else if strings.Contains(bad.Text, "secret") || strings.Contains(bad.Text, "word") ||
			strings.Contains(bad.Text, "\n") {
			t.Errorf("%+v: %q", o, bad.Text)
		}
	}
}

func TestStreamRequest(t *testing.T) {
	var got *http.Request
	c := client(t, Options{UserAgent: "rtev/1.2", Header: http.Header{"X-Site": {"a"}, "Host": {"cam.example"}}},
		func(w http.ResponseWriter, r *http.Request) {
			got = r
			w.Header().Set("Content-Type", "Text/Event-Stream; charset=utf-8")
			fmt.Fprint(w, "data: {}\n\n")
		})
	for _, tc := range []struct{ lastID, want string }{{"7", "7"}, {"a\x01b", ""}, {strings.Repeat("x", 5000), ""},
		{"", ""}} {
		body, err := c.Stream(context.Background(), "a/b c", []string{"track", "event-é&x"}, tc.lastID)
		if err != nil {
			t.Fatal(err)
		}
		all, _ := io.ReadAll(body)
		if string(all) != "data: {}\n\n" {
			t.Errorf("body %q", all)
		}
		if got.Header.Get("Last-Event-ID") != tc.want {
			t.Errorf("Last-Event-ID %q, want %q", got.Header.Get("Last-Event-ID"), tc.want)
		}
	}
	if got.RequestURI != "/v1/core/instance/a%2Fb%20c/consume_events_sse?events=track,event-%C3%A9%26x" ||
		got.Host != "cam.example" {
		t.Errorf("request to %s for %s", got.Host, got.RequestURI)
	}
	for name, want := range map[string]string{"Accept": "text/event-stream", "Accept-Encoding": "gzip",
		"Cache-Control": "no-cache", "User-Agent": "rtev/1.2", "X-Site": "a"} {
		if got.Header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.Header.Get(name), want)
		}
	}
}

func TestStreamContentTypes(t *testing.T) {
	for _, tc := range []struct {
		kind   string
		length bool
		ok     bool
	}{
		{"text/event-stream", false, true}, {"text/event-stream", true, true},
		{"application/json", false, true}, {"application/x-ndjson", false, true}, {"text/plain; charset=utf-8", false, true},
		{"application/octet-stream", false, true}, {"", false, true},
		{"application/json", true, false}, {"text/plain", true, false}, {"", true, false},
		{"text/html", false, false}, {"image/jpeg", false, false}, {"multipart/x-mixed-replace", false, false},
	} {
		const page = "<html><head><title> Log\nin </title><body>x"
		c := client(t, Options{}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Content-Type"] = []string{tc.kind}
			if tc.kind == "" {
				w.Header()["Content-Type"] = nil
			}
			if tc.length {
				w.Header().Set("Content-Length", fmt.Sprint(len(page)))
			}
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
			fmt.Fprint(w, page)
		})
		_, err := stream(c)
		var not *NotStreamError
		if tc.ok != (err == nil) || !tc.ok && (!errors.As(err, &not) || not.Text != "Log in") {
			t.Errorf("%+v: %v", tc, err)
		}
	}
}

// A drained response is the only copy of its events, so Drain refuses none.
func TestDrainAcceptsEveryContentType(t *testing.T) {
	for _, kind := range []string{"application/json", "text/html", "image/jpeg"} {
		c := client(t, Options{}, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			fmt.Fprint(w, `[{"dataType":"a"}]`)
		})
		body, err := c.Drain(t.Context(), "i1", nil)
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		text, err := io.ReadAll(body)
		body.Close()
		if err != nil || string(text) != `[{"dataType":"a"}]` {
			t.Errorf("%s: %q, %v", kind, text, err)
		}
	}
}

func TestStatuses(t *testing.T) {
	for _, tc := range []struct {
		code   int
		header http.Header
		body   string
		text   string
		after  time.Duration
	}{
		{401, nil, "", "", 0},
		{400, http.Header{"Content-Type": {"application/json"}},
			"{\"error\":\"bad\",\r\n \"code\":400,\"message\":\"no such\\nthing\"}", "no such thing", 0},
		{404, nil, `{"error":"no", "code":404}`, "no", 0},
		{500, nil, `{"detail":"x"}`, `{"detail":"x"}`, 0},
		{502, nil, "<html><h1>Bad <b>gateway</b></h1></html>", "Bad gateway", 0},
		{500, nil, strings.Repeat("é", 200_000), strings.Repeat("é", 150) + "…", 0},
		{500, nil, "a\xffb 1 < 2", "a\uFFFDb 1 < 2", 0},
		{503, http.Header{"Retry-After": {"120"}}, "busy", "busy", 2 * time.Minute},
		{429, http.Header{"Retry-After": {"-5"}}, "", "", 0},
		{204, nil, "", "", 0},
		{206, nil, "part", "part", 0},
		{301, nil, "", "", 0},
	} {
		c := client(t, Options{}, func(w http.ResponseWriter, _ *http.Request) {
			for k, v := range tc.header {
				w.Header()[k] = v
			}
			w.WriteHeader(tc.code)
			io.WriteString(w, tc.body)
		})
		_, err := stream(c)
		want := &StatusError{URL: c.Server() + "/v1/core/instance/" + gate + "/consume_events_sse", Server: c.Server(),
			Instance: gate, Code: tc.code, Text: tc.text, RetryAfter: tc.after}
		if got, ok := err.(*StatusError); ok {
			want.hint = got.hint
		}
		if !reflect.DeepEqual(err, want) {
			t.Errorf("got  %+v\nwant %+v", err, want)
		}
	}
}

func TestDrain(t *testing.T) {
	responses := map[string]func(http.ResponseWriter){
		"empty": func(w http.ResponseWriter) { w.WriteHeader(204) },
		"two":   func(w http.ResponseWriter) { fmt.Fprint(w, `[{},{}]`) },
	}
	var asked string
	c := client(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		asked = r.RequestURI
		responses[strings.Split(r.URL.Path, "/")[4]](w)
	})
	if body, err := c.Drain(context.Background(), "empty", []string{"a", "b"}); body != nil || err != nil {
		t.Errorf("204: %v %v", body, err)
	}
	if asked != "/v1/core/instance/empty/consume_events?events=a,b" {
		t.Errorf("requested %s", asked)
	}
	body, err := c.Drain(context.Background(), "two", nil)
	if err != nil {
		t.Fatal(err)
	}
	if all, _ := io.ReadAll(body); string(all) != `[{},{}]` {
		t.Errorf("got %q", all)
	}
}

func TestStreamInGzip(t *testing.T) {
	more := make(chan bool)
	c := client(t, Options{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("Content-Encoding", "gzip")
		w.(http.Flusher).Flush()
		<-more
		z := gzip.NewWriter(w)
		for _, part := range []string{"data: 1\n\n", "data: 2\n\n"} {
			io.WriteString(z, part)
			z.Flush()
			w.(http.Flusher).Flush()
			<-more
		}
		z.Close()
	})
	body, err := c.Stream(context.Background(), gate, nil, "") // returns although the stream is silent
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 100)
	for _, want := range []string{"data: 1\n\n", "data: 2\n\n"} {
		more <- true
		if n, err := body.Read(buf); string(buf[:n]) != want || err != nil {
			t.Errorf("got %q, %v, want %q", buf[:n], err, want)
		}
	}
	more <- true
	if n, err := body.Read(buf); n != 0 || err != io.EOF {
		t.Errorf("at the end: %d, %v", n, err)
	}
	close(more)
}

func TestCancel(t *testing.T) {
	c := client(t, Options{}, func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := c.Stream(ctx, gate, nil, ""); err != context.Canceled {
		t.Errorf("got %v", err)
	}
}

// inBubble serves h over a network inside a synctest bubble.
func inBubble(t *testing.T, h http.HandlerFunc) *Client {
	ln := flowtest.Listen()
	srv := &http.Server{Handler: h}
	go srv.Serve(ln)
	c := connect(t, Options{Server: "nvr1", Dial: ln.Dial})
	t.Cleanup(func() {
		c.Close()
		srv.Close()
	})
	return c
}

// TestTimeLimits covers a server that stops sending at any point of an
// ordinary request.
func TestTimeLimits(t *testing.T) {
	never := func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body) // the server notices a lost client only after this
		<-r.Context().Done()
	}
	begin := func(status int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			w.WriteHeader(status)
			io.WriteString(w, text)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}
	}
	drip := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			io.WriteString(w, " ")
			w.(http.Flusher).Flush()
			Sleep(r.Context(), time.Second)
		}
	}
	list := func(c *Client) error { _, err := c.Instances(context.Background()); return err }
	one := func(c *Client) error { _, err := c.Instance(context.Background(), gate); return err }
	check := func(c *Client) error { return c.Check(context.Background(), gate) }
	drain := func(c *Client) error { _, err := c.Drain(context.Background(), gate, nil); return err }
	post := func(c *Client) error {
		body, err := c.Post(context.Background(), "/v1/database/events", []byte("{}"))
		if err == nil {
			defer body.Close()
			_, err = io.ReadAll(body)
		}
		return err
	}
	const page = "http://nvr1:3546/v1/core/instances: 500 Internal Server Error: oops"
	for _, tc := range []struct {
		name string
		h    http.HandlerFunc
		ask  func(*Client) error
		want string
		took time.Duration
	}{
		{"list: no header", never, list, "http://nvr1:3546: no response within 10 s; ", lookupLimit},
		{"list: no body", begin(200, ""), list, "http://nvr1:3546: no response within 10 s; ", lookupLimit},
		{"list: half a body", begin(200, "["), list, "http://nvr1:3546: no response within 10 s; ", lookupLimit},
		{"list: no end", drip, list, "http://nvr1:3546: its response does not end", lookupTime},
		{"list: an error page without end", begin(500, "oops"), list, page, refusalTime},
		{"instance", never, one, "http://nvr1:3546: no response within 10 s; ", lookupLimit},
		{"check", never, check, "http://nvr1:3546: no response within 10 s; ", lookupLimit},
		{"queue", never, drain, "http://nvr1:3546: no response within 20 s; ", responseLimit},
		{"database: no header", never, post, "http://nvr1:3546: no response within 20 s; ", responseLimit},
		{"database: half a body", begin(200, "["), post, "http://nvr1:3546: no response within 20 s; ", responseLimit},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				err := tc.ask(inBubble(t, tc.h))
				_, far := errors.AsType[*UnreachableError](err)
				if took := time.Since(began); err == nil || !strings.HasPrefix(err.Error(), tc.want) || took != tc.took ||
					far == (tc.want == page) {
					t.Errorf("got %v after %v, want %s after %v", err, took, tc.want, tc.took)
				}
				if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
					t.Errorf("%v looks like the end of the run", err)
				}
			})
		})
	}
}

// A drained response is the only copy of its events, so it may pause for a minute.
func TestDrainBodyMayPauseForAMinute(t *testing.T) {
	for pause, want := range map[time.Duration]string{drainedLimit - 1: "",
		drainedLimit + 1: "http://nvr1:3546: no response within 60 s; "} {
		synctest.Test(t, func(t *testing.T) {
			c := inBubble(t, func(w http.ResponseWriter, r *http.Request) {
				io.WriteString(w, "[")
				w.(http.Flusher).Flush()
				Sleep(r.Context(), pause)
				io.WriteString(w, "]")
			})
			body, err := c.Drain(context.Background(), gate, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer body.Close()
			text, err := io.ReadAll(body)
			if want == "" && (string(text) != "[]" || err != nil) ||
				want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
				t.Errorf("got %q, %v", text, err)
			}
			if _, again := body.Read(make([]byte, 1)); err != nil && again != err {
				t.Errorf("the next read returned %v", again)
			}
		})
	}
}

func TestStreamHeaderHasNoTimeLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := inBubble(t, func(w http.ResponseWriter, r *http.Request) {
			time.Sleep(9 * time.Hour)
			w.Header().Set("Content-Type", "text/event-stream")
			io.WriteString(w, "data: 1\n\n")
		})
		if got, err := stream(c); got != "data: 1\n\n" || err != nil {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func TestCheck(t *testing.T) {
	for code, alive := range map[int]bool{200: true, 204: true, 400: true, 405: true, 500: true, 401: false, 403: false,
		404: false, 502: false, 503: false, 504: false} {
		var asked string
		c := client(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
			asked = r.URL.Path
			w.WriteHeader(code)
		})
		err := c.Check(context.Background(), gate)
		status, ok := errors.AsType[*StatusError](err)
		if alive && err != nil || !alive && (!ok || status.Code != code) || asked != "/v1/core/instance/"+gate {
			t.Errorf("%d: %v, requested %s", code, err, asked)
		}
	}
}

func TestPost(t *testing.T) {
	var got *http.Request
	var sent []byte
	c := client(t, Options{Header: http.Header{"X-Site": {"a"}}}, func(w http.ResponseWriter, r *http.Request) {
		got = r
		sent, _ = io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/v1/database/events":
			io.WriteString(w, `{"data":[]}`)
		case "/v1/database/page":
			io.WriteString(w, "<html><title>Log in</title>")
		default:
			http.NotFound(w, r)
		}
	})
	body, err := c.Post(context.Background(), "/v1/database/events", []byte(`{"limit":10}`))
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if string(text) != `{"data":[]}` || err != nil || string(sent) != `{"limit":10}` || got.Method != "POST" ||
		got.Header.Get("Content-Type") != "application/json" || got.Header.Get("X-Site") != "a" {
		t.Errorf("sent %q with %v, got %q, %v", sent, got.Header, text, err)
	}
	_, err = c.Post(context.Background(), "/v1/database/page", []byte("{}"))
	if err == nil || !strings.HasSuffix(err.Error(), "/v1/database/page: the response is not JSON but text/html: Log in") {
		t.Errorf("a page: %v", err)
	}
	_, err = c.Post(context.Background(), "/v1/database/tracks", []byte("{}"))
	if status, ok := errors.AsType[*StatusError](err); !ok || status.Code != 404 ||
		!strings.Contains(err.Error(), "/v1/database/tracks: 404 Not Found") {
		t.Errorf("no such path: %v", err)
	}
}

func TestPostDoesNotBufferResponse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 200 << 20
		row := []byte(strings.Repeat("x", 1<<20))
		c := inBubble(t, func(w http.ResponseWriter, _ *http.Request) {
			for range size / len(row) {
				w.Write(row)
			}
		})
		body, err := c.Post(context.Background(), "/v1/database/events", []byte("{}"))
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		if n, err := io.Copy(io.Discard, body); n != size || err != nil {
			t.Errorf("%d bytes, %v", n, err)
		}
	})
}

func TestEndlessHeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ln := flowtest.Listen()
		sent := 0
		go func() {
			conn, _ := ln.Accept()
			go io.Copy(io.Discard, conn)
			io.WriteString(conn, "HTTP/1.1 200 OK\r\n")
			line := []byte("X: " + strings.Repeat("y", 60_000) + "\r\n")
			for {
				n, err := conn.Write(line)
				if sent += n; err != nil {
					return
				}
			}
		}()
		_, err := stream(connect(t, Options{Server: "nvr1", Dial: ln.Dial}))
		synctest.Wait()
		var far *UnreachableError
		if !errors.As(err, &far) || sent > 2*maxHeader {
			t.Errorf("%d bytes were taken, then %v", sent, err)
		}
	})
}
