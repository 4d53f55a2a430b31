package stats

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func serve(t *testing.T, c *Counter) *Server {
	t.Helper()
	s, err := Serve("127.0.0.1:0", c, func(err error) { t.Error(err) })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestServe(t *testing.T) {
	c := New(Options{})
	newFeed(t, c, gate).put("track", 0, "")
	s := serve(t, c)
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
		r, err := http.NewRequestWithContext(t.Context(), tc.method, "http://"+s.Addr().String()+tc.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(got.Body)
		got.Body.Close()
		if err != nil || got.StatusCode != tc.code || !strings.Contains(string(body), tc.body) {
			t.Errorf("%s %s: %d, %v, %.200s", tc.method, tc.path, got.StatusCode, err, body)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
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
	s := serve(t, c)
	for _, request := range []string{"GET /metrics HT", "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", strings.Repeat("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", 50)} {
		conn, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.WriteString(conn, request); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	goleak.VerifyNone(t)
}

func TestServeErrors(t *testing.T) {
	s := serve(t, New(Options{}))
	defer s.Close()
	for addr, want := range map[string]string{
		s.Addr().String():    "address already in use",
		"203.0.113.1:9546":   "cannot assign requested address",
		"no such host.:9546": "lookup no such host.: no such host",
	} {
		_, err := Serve(addr, New(Options{}), nil)
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %q", addr, err, want)
		}
	}
}
