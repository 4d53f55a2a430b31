package simulator

import (
	"fmt"
	"io"
	"net"
	"strconv"
	"testing"
	"testing/synctest"
)

func TestMaxRate(t *testing.T) {
	for _, o := range []Options{
		{Rate: Max, Count: 2500, Mix: MixTracks},
		{Rate: Max, Count: 2500, Mix: MixMixed},
		{Rate: Max, Count: 250, Mix: MixCrops},
		{Rate: Max, Count: 2000},
		{Rate: Max, Count: 1500, Faults: []Fault{{Name: "comments"}}},
	} {
		t.Run(fmt.Sprintf("%s %d", o.Mix, o.Count), func(t *testing.T) {
			inBubble(t, o, func(s *Server, c client) {
				body, err := all(c.stream())
				synctest.Wait() // Served counts after sending
				list := records(body)
				if n, _ := s.Served(gate); err != nil || len(list) != o.Count || n != o.Count {
					t.Fatalf("%v, %d records, served %d", err, len(list), n)
				}
				crops := rising(t, list, o.Faults == nil && o.Rate == Max)
				if got := float64(crops) / float64(o.Count); o.Mix == MixMixed && (got < 0.02 || got > 0.035) || o.Mix == MixCrops && got != 1 || o.Mix == MixTracks && got != 0 {
					t.Errorf("%s: %.3f of it are crops", o.Mix, got)
				}
			})
		})
	}
}

// rising checks that ids and, if asked, times rise by one, and counts crops.
func rising(t *testing.T, list []record, times bool) (crops int) {
	t.Helper()
	first, _ := strconv.Atoi(list[0].id)
	start := decode[story](t, list[0].data).System
	for i, r := range list {
		s := decode[story](t, r.data)
		if r.id != strconv.Itoa(first+i) || r.typ != s.Type {
			t.Fatalf("record %d has id %s, type %s", i, r.id, r.typ)
		}
		if times && s.System != start+int64(i) {
			t.Fatalf("record %d is of %d, not %d", i, s.System, start+int64(i))
		}
		if r.typ == "crop" {
			crops++
		}
	}
	return crops
}

func TestMaxRatePolled(t *testing.T) {
	inBubble(t, Options{Rate: Max, Count: 2345}, func(s *Server, c client) {
		for range 2 {
			if list := c.polled(""); len(list) != 2345 {
				t.Errorf("%d items", len(list))
			}
		}
		if n, _ := s.Served(gate); n != 2*2345 {
			t.Errorf("served %d", n)
		}
		for _, it := range c.polled("?events=crop") {
			if it["dataType"] != "crop" {
				t.Errorf("not requested: %s", it["dataType"])
			}
		}
	})
}

func TestMaxRateRecords(t *testing.T) {
	inBubble(t, Options{Rate: Max, Count: 1200, Record: true}, func(s *Server, c client) {
		body, _ := all(c.stream())
		_, hashes := s.Served(gate)
		list := records(body)
		if len(list) != 1200 || len(hashes) != 1200 || hashes[1199] != Hash([]byte(list[1199].data)) {
			t.Errorf("%d records, %d hashes", len(list), len(hashes))
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

// BenchmarkMaxRate measures how fast a client that discards everything can read
// a stream.
func BenchmarkMaxRate(b *testing.B) {
	for _, mix := range []string{MixTracks, MixMixed, MixCrops} {
		b.Run(mix, func(b *testing.B) { drainMax(b, Options{Rate: Max, Mix: mix, Count: b.N}) })
	}
}

func drainMax(b *testing.B, o Options) {
	s, err := New(o)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = s.Serve(l) }()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /v1/core/instance/%s/consume_events_sse HTTP/1.1\r\nHost: x\r\n\r\n", gate)
	buf := make([]byte, 256<<10)
	if _, err := conn.Read(buf); err != nil { // the header: the block comes next
		b.Fatal(err)
	}
	b.ResetTimer()
	received := 0
	for {
		n, err := conn.Read(buf)
		received += n
		if err != nil {
			break
		}
	}
	b.SetBytes(int64(received / b.N))
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}
