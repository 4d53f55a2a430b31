package simulator

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// gate is the first instance of a fleet.
const gate = "899c89f9-90c3-c633-8586-8f09b005ebed"

// client talks to a server inside the process.
type client struct {
	*http.Client
	*testing.T
}

// inBubble runs f with a server on a clock of its own.
func inBubble(t *testing.T, o Options, f func(s *Server, c client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		tr := &http.Transport{DialContext: s.DialContext, DisableCompression: true}
		defer tr.CloseIdleConnections()
		stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		f(s, client{&http.Client{Transport: tr, CheckRedirect: stay}, t})
	})
}

// get requests a path below /v1/core.
func (c client) get(path string) *http.Response {
	c.Helper()
	res, err := c.Client.Get("http://simulated/v1/core" + path)
	if err != nil {
		c.Fatal(err)
	}
	return res
}

// stream opens the stream of the gate.
func (c client) stream() *http.Response {
	c.Helper()
	return c.get("/instance/" + gate + "/consume_events_sse")
}

// all reads a body to its end.
func all(res *http.Response) (string, error) {
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}

// during reads a body for some time, then drops the connection.
func (c client) during(d time.Duration, path string) string {
	c.Helper()
	res := c.get(path)
	timer := time.AfterFunc(d, func() { res.Body.Close() })
	defer timer.Stop()
	body, _ := all(res)
	return body
}

// record is a parsed SSE record.
type record struct{ id, typ, data string }

func records(body string) []record {
	var list []record
	for text := range strings.SplitSeq(body, "\n\n") {
		var r record
		for line := range strings.SplitSeq(text, "\n") {
			field, value, _ := strings.Cut(line, ": ")
			switch field {
			case "id":
				r.id = value
			case "event":
				r.typ = value
			case "data":
				r.data += value
			}
		}
		if r.data != "" {
			list = append(list, r)
		}
	}
	return list
}

func decode[T any](t *testing.T, data string) T {
	t.Helper()
	var v T
	dec := json.NewDecoder(bytes.NewReader([]byte(data)))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("%v in %.200q", err, data)
	}
	return v
}
