package stats

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve serves the metrics of c until the test ends or stop is called, and
// returns the address.
func serve(t *testing.T, c *Counter) (addr string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- Serve(ctx, l, c) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return l.Addr().String(), stop
}

func TestServe(t *testing.T) {
	c := New(Options{})
	newFeed(t, c, gate).put("track", 0, "")
	addr, _ := serve(t, c)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, tc := range []struct {
		method, path string
		code         int
		body         string
	}{
		{"GET", "/metrics", 200, `rtev_events_total{`},
		{"GET", "/", 404, "404"},
		{"POST", "/metrics", 405, "Method Not Allowed"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), tc.method, "http://"+addr+tc.path, nil)
		check(t, err)
		got, err := client.Do(r)
		check(t, err)
		body, err := io.ReadAll(got.Body)
		got.Body.Close()
		if err != nil || got.StatusCode != tc.code || !strings.Contains(string(body), tc.body) {
			t.Errorf("%s %s: %d, %v, %.200s", tc.method, tc.path, got.StatusCode, err, body)
		}
	}
}

// TestCloseDuringScrape closes the server while one client is in the middle of
// its request, one does not read the response, and one keeps its connection.
func TestCloseDuringScrape(t *testing.T) {
	c := New(Options{})
	for i := range 200 { // a page larger than the buffers of a connection
		in := *gate
		in.ID += strings.Repeat("x", i%60)
		f := newFeed(t, c, &in)
		for _, typ := range []string{"track", "crop", "event-intrusion"} {
			f.put(typ, 0, `,"area_name":"Yard"`)
		}
	}
	addr, stop := serve(t, c)
	for _, request := range []string{"GET /metrics HT", "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n",
		strings.Repeat("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 50)} {
		conn, err := net.Dial("tcp", addr)
		check(t, err)
		defer conn.Close()
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
	}
	stop()
	goleak.VerifyNone(t)
}

func TestServeReportsBrokenListener(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	l.Close()
	if err := Serve(t.Context(), l, New(Options{})); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
}
