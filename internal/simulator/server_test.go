package simulator

import (
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestInstances(t *testing.T) {
	o := Options{Instances: append(Fleet(2), Instance{Name: "Idle", ID: "idle"})}
	inBubble(t, o, func(s *Server, c client) {
		s.Stop("idle")
		body, _ := all(c.get("/instances"))
		list := decode[map[string][]map[string]any](t, body)["instances"]
		var states []string
		for _, in := range list {
			one, _ := all(c.get("/instance/" + in["instanceId"].(string)))
			if shape(decode[any](t, one)) != shape(in) {
				t.Errorf("the list and the instance differ: %s", one)
			}
			states = append(states, strconv.FormatBool(in["loaded"].(bool))+" "+strconv.FormatBool(in["running"].(bool)))
		}
		if want := []string{"true true", "true true", "true false"}; !slices.Equal(states, want) {
			t.Errorf("states %q", states)
		}
		if list[0]["instanceId"] != gate || list[0]["displayName"] != "Gate" {
			t.Errorf("the first one is %v", list[0])
		}
	})
}

func TestUnknownPathsAndInstances(t *testing.T) {
	inBubble(t, Options{}, func(s *Server, c client) {
		for _, path := range []string{"/instance/x", "/instance/x/consume_events_sse", "/instance/x/consume_events",
			"/else"} {
			res := c.get(path)
			body, _ := all(res)
			if res.StatusCode != http.StatusNotFound || decode[map[string]string](t, body)["error"] == "" {
				t.Errorf("%s: %d %s", path, res.StatusCode, body)
			}
		}
	})
}

func TestStream(t *testing.T) {
	inBubble(t, Options{Seed: 5}, func(s *Server, c client) {
		res := c.stream()
		if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
			t.Errorf("Content-Type %q", got)
		}
		time.AfterFunc(20*time.Second, func() { res.Body.Close() })
		body, _ := all(res)
		list := records(body)
		if len(list) < 50 {
			t.Fatalf("%d records in 20 s", len(list))
		}
		for i, r := range list {
			if r.id != strconv.Itoa(i+1) || r.typ != decode[story](t, r.data).Type {
				t.Fatalf("record %d: id %s, %s, %.100s", i, r.id, r.typ, r.data)
			}
		}
	})
}

func TestEventsFilter(t *testing.T) {
	inBubble(t, Options{}, func(s *Server, c client) {
		body := c.during(30*time.Second, "/instance/"+gate+"/consume_events_sse?events=statistics,event-intrusion,nonsense")
		types := map[string]int{}
		for _, r := range records(body) {
			types[r.typ]++
		}
		if len(types) != 2 || types["statistics"] != 6 || types["event-intrusion"] == 0 {
			t.Errorf("types %v", types)
		}
		if body := c.during(time.Minute, "/instance/"+gate+"/consume_events_sse?events=nonsense"); body != "" {
			t.Errorf("an unknown type brings %.100s", body)
		}
	})
}

// polled is a polling response.
func (c client) polled(query string) []map[string]string {
	c.Helper()
	res := c.get("/instance/" + gate + "/consume_events" + query)
	body, err := all(res)
	if err != nil {
		c.Fatal(err)
	}
	if res.StatusCode == http.StatusNoContent {
		return nil
	}
	return decode[[]map[string]string](c.T, body)
}

func TestPollingConsumes(t *testing.T) {
	inBubble(t, Options{}, func(s *Server, c client) {
		time.Sleep(5*time.Second + 50*time.Millisecond) // between two frames
		first := c.polled("")
		if len(first) == 0 {
			t.Fatal("nothing is pending after 5 s")
		}
		for _, it := range first {
			if typ := decode[story](t, it["jsonObject"]).Type; typ != it["dataType"] || len(it) != 2 {
				t.Errorf("%s in %v", typ, it)
			}
		}
		if again := c.polled(""); again != nil {
			t.Errorf("%d events come twice", len(again))
		}
		time.Sleep(5 * time.Second)
		for _, it := range c.polled("?events=statistics") {
			if it["dataType"] != "statistics" {
				t.Errorf("not requested: %s", it["dataType"])
			}
		}
	})
}

func TestQueueDropsTheOldest(t *testing.T) {
	inBubble(t, Options{Rate: 100}, func(s *Server, c client) {
		time.Sleep(20*time.Second + time.Millisecond)
		list := c.polled("")
		if len(list) != queueLimit {
			t.Fatalf("%d events", len(list))
		}
		newest := decode[story](t, list[len(list)-1]["jsonObject"]).System
		if age := time.Now().UnixMilli() - newest; age > 10 {
			t.Errorf("the newest is %d ms old", age)
		}
		if span := newest - decode[story](t, list[0]["jsonObject"]).System; span != 4990 {
			t.Errorf("500 events at 100 a second span %d ms", span)
		}
	})
}

// TestStreamAndQueueHaveTheSameEvents compares the stream with the polling queue.
func TestStreamAndQueueHaveTheSameEvents(t *testing.T) {
	inBubble(t, Options{}, func(s *Server, c client) {
		var streamed, polled []string
		for _, r := range records(c.during(10*time.Second, "/instance/"+gate+"/consume_events_sse")) {
			streamed = append(streamed, r.data)
		}
		for _, it := range c.polled("") {
			polled = append(polled, it["jsonObject"])
		}
		if len(streamed) == 0 || !slices.Equal(streamed, polled[:len(streamed)]) {
			t.Errorf("%d streamed, %d polled", len(streamed), len(polled))
		}
	})
}

func TestServedCountsDeliveredEvents(t *testing.T) {
	inBubble(t, Options{Record: true, Rate: 200}, func(s *Server, c client) {
		var want []uint64
		between := 3*time.Second + 2500*time.Microsecond // two events
		for _, r := range records(c.during(between, "/instance/"+gate+"/consume_events_sse")) {
			want = append(want, Hash([]byte(r.data)))
		}
		for _, it := range c.polled("") {
			want = append(want, Hash([]byte(it["jsonObject"])))
		}
		synctest.Wait()
		if got := s.Served(gate); len(want) < 500 || !slices.Equal(got, want) {
			t.Errorf("served %d, read %d", len(got), len(want))
		}
	})
}

func TestSlowReaderLosesWholeEvents(t *testing.T) {
	inBubble(t, Options{Record: true, Rate: 1000}, func(s *Server, c client) {
		res := c.stream()
		// 12,000 events, the last 1,000 to 2,000 are stored
		time.Sleep(12 * time.Second)
		time.AfterFunc(time.Second+500*time.Microsecond, func() { res.Body.Close() }) // between two events
		body, _ := all(res)
		var got []uint64
		for _, r := range records(body) {
			got = append(got, Hash([]byte(r.data)))
		}
		want := s.Served(gate)
		if len(got) < 2000 || len(got) > 5000 || !slices.Equal(got, want[:len(got)]) {
			t.Errorf("read %d, served %d", len(got), len(want))
		}
	})
}

func TestInstancesComeAndGo(t *testing.T) {
	inBubble(t, Options{Instances: Fleet(1)}, func(s *Server, c client) {
		res := c.stream()
		time.AfterFunc(5*time.Second, func() { s.Stop(gate) })
		if body, err := all(res); err != nil || body == "" {
			t.Errorf("a stopped instance ends its stream with %v", err)
		}
		if body := c.during(time.Minute, "/instance/"+gate+"/consume_events_sse"); body != "" {
			t.Errorf("a stopped instance sends %.100s", body)
		}
		s.RemoveInstance(gate)
		res = c.get("/instance/" + gate)
		if _, err := all(res); err != nil || res.StatusCode != http.StatusNotFound {
			t.Errorf("a removed instance is there: %d", res.StatusCode)
		}
		s.AddInstance(Fleet(1)[0])
		if body := c.during(5*time.Second, "/instance/"+gate+"/consume_events_sse"); body == "" {
			t.Error("an added instance is silent")
		}
		res = c.stream()
		time.AfterFunc(time.Second, func() { s.RemoveInstance(gate) })
		if _, err := all(res); err != nil {
			t.Errorf("a removed instance ends its stream with %v", err)
		}
		if s.Stop("x") || s.RemoveInstance("x") {
			t.Error("an unknown instance is known")
		}
	})
}

func TestCloseBreaksConnections(t *testing.T) {
	inBubble(t, Options{}, func(s *Server, c client) {
		res := c.stream()
		time.AfterFunc(3*time.Second, s.Close)
		if _, err := all(res); err == nil {
			t.Error("a closed server ends its streams properly")
		}
		if res, err := c.Get("http://simulated/v1/core/instances"); err == nil {
			t.Errorf("a closed server responds with %d", res.StatusCode)
		}
	})
}

func TestCountEndsTheStream(t *testing.T) {
	inBubble(t, Options{Count: 25}, func(s *Server, c client) {
		body, err := all(c.stream())
		if n := len(records(body)); err != nil || n != 25 {
			t.Errorf("%d events, %v", n, err)
		}
	})
}

func TestFleet(t *testing.T) {
	inBubble(t, Options{Instances: Fleet(100), Rate: 0.1}, func(s *Server, c client) {
		body, _ := all(c.get("/instances"))
		ids := map[any]bool{}
		for _, in := range decode[map[string][]map[string]any](t, body)["instances"] {
			ids[in["instanceId"]] = true
		}
		if len(ids) != 100 {
			t.Errorf("%d ids", len(ids))
		}
		if got := records(c.during(time.Minute+time.Millisecond, "/instance/"+gate+"/consume_events_sse")); len(got) != 6 {
			t.Errorf("%d events in a minute at one in ten seconds", len(got))
		}
	})
}

func TestLogf(t *testing.T) {
	var lines []string
	o := Options{Logf: func(format string, args ...any) { lines = append(lines, format) }}
	inBubble(t, o, func(s *Server, c client) { c.get("/instances").Body.Close() })
	if len(lines) != 1 || !strings.Contains(lines[0], "%s") {
		t.Errorf("lines %q", lines)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, o := range []Options{
		{Rate: -1},
		{Rate: 1e-300},
		{Rate: math.NaN()},
		{Replay: []byte("{]")},
		{Replay: []byte(": only a comment\n\n")},
	} {
		if s, err := New(o); err == nil {
			s.Close()
			t.Errorf("%+v is taken", o)
		}
	}
}
