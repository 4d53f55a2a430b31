package simulator

import (
	"fmt"
	"io"
	"strconv"
	"testing"
	"testing/synctest"
)

func TestMaxRate(t *testing.T) {
	for _, o := range []Options{
		{Rate: Max, Count: 2500},
		{Rate: Max, Count: 2500, Record: true},
		{Rate: Max, Count: 1500, Faults: []Fault{{Name: "comments"}}},
	} {
		t.Run(fmt.Sprint(o.Count, o.Record, o.Faults), func(t *testing.T) {
			inBubble(t, o, func(s *Server, c client) {
				body, err := all(c.stream())
				synctest.Wait() // an event is recorded after sending
				list := records(body)
				if err != nil || len(list) != o.Count {
					t.Fatalf("%v, %d records", err, len(list))
				}
				rising(t, list)
				hashes := s.Served(gate)
				if o.Record && (len(hashes) != o.Count || hashes[o.Count-1] != Hash([]byte(list[o.Count-1].data))) {
					t.Errorf("%d hashes", len(hashes))
				}
			})
		})
	}
}

// TestMaxRateMix checks what scripts/bench.sh requests.
func TestMaxRateMix(t *testing.T) {
	inBubble(t, Options{Rate: Max, Count: 5000}, func(s *Server, c client) {
		for types, want := range map[string]float64{"track": 0, "crop": 1, "track,crop": 0.03} {
			body, _ := all(c.get("/instance/" + gate + "/consume_events_sse?events=" + types))
			list := records(body)
			crops := 0
			for _, r := range list {
				if r.typ == "crop" {
					crops++
				}
			}
			if got := float64(crops) / float64(len(list)); got < want-0.01 || got > want+0.01 {
				t.Errorf("%s: %.3f of it are crops", types, got)
			}
		}
	})
}

// rising checks that ids and times rise by one.
func rising(t *testing.T, list []record) {
	t.Helper()
	start := decode[story](t, list[0].data).System
	for i, r := range list {
		s := decode[story](t, r.data)
		if r.id != strconv.Itoa(1+i) || r.typ != s.Type {
			t.Fatalf("record %d has id %s, type %s", i, r.id, r.typ)
		}
		if s.System != start+int64(i) {
			t.Fatalf("record %d is of %d, not %d", i, s.System, start+int64(i))
		}
	}
}

func TestMaxRatePolled(t *testing.T) {
	inBubble(t, Options{Rate: Max, Count: 2345}, func(s *Server, c client) {
		for range 2 {
			if list := c.polled(""); len(list) != 2345 {
				t.Errorf("%d items", len(list))
			}
		}
		for _, it := range c.polled("?events=crop") {
			if it["dataType"] != "crop" {
				t.Errorf("not requested: %s", it["dataType"])
			}
		}
	})
}

// TestMaxRateStops covers a reader that goes away and one that does not read
// when the server closes.
func TestMaxRateStops(t *testing.T) {
	inBubble(t, Options{Rate: Max}, func(s *Server, c client) {
		res := c.stream()
		if _, err := io.CopyN(io.Discard, res.Body, 3_000_000); err != nil {
			t.Error(err)
		}
		res.Body.Close()
		idle := c.stream()
		defer idle.Body.Close()
		s.Close()
	})
}
