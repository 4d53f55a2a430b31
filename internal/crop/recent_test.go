package crop

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
)

// After a day of tracks that come and go, and of crops whose event never comes,
// only the last minutes are remembered.
func TestMemoryIsBoundedOverADay(t *testing.T) {
	p := jpegOf(t, 8, 8)
	r := newRig(t, Options{Best: true, Limit: &limit{left: 1 << 30}, Name: mustName(t, "{date}/x.jpg"), Where: func(ev *event.Event) bool { return ev.Get("confidence").Num > 0 }})
	const minutes = 24 * 60
	for m := range minutes {
		for k := range 3 {
			id := fmt.Sprintf("%d-%d", m, k)
			r.mustPut(10*time.Second, "track", `{"tracking_id":"t`+id+`","object_class":"Person"}`)
			r.mustPut(10*time.Second, "attribute", `{"ref_tracking_id":"t`+id+`","name":"color","value":"red"}`)
			r.mustPut(0, "event-intrusion", `{"event_id":"e`+id+`"}`)
			r.mustPut(0, "crop", cropOf(p, `,"ref_event_id":"e`+id+`","confidence":0`))
			r.mustPut(0, "crop", cropOf(p, `,"ref_event_id":"never`+id+`","confidence":0`))
		}
		r.mustPut(0, "crop", cropOf(p, fmt.Sprintf(`,"ref_event_id":"e%d-2","confidence":1`, m)))
	}
	s := r.saver
	for name, n := range map[string]int{
		"events": len(s.events.entries), "tracks": len(s.tracks.entries), "waiting crops": len(s.waiting.crops), "best crops": len(s.best.crops), "finished keys": len(s.done.entries),
	} {
		if n > 40 { // ten minutes of them
			t.Errorf("%d %s are remembered", n, name)
		}
	}
	r.close()
	if got := r.dir.Summary(); got.Saved != minutes || got.Alone != 3*minutes {
		t.Errorf("%+v", got)
	}
}

func TestRecentIsBounded(t *testing.T) {
	var m recent
	big := flowtest.Event(t, "event-x", `{"event_id":"x","a":"`+strings.Repeat("x", 100_000)+`"}`)
	small := flowtest.Event(t, "event-x", `{"event_id":"x"}`)
	giant := flowtest.Event(t, "event-x", `{"event_id":"x","a":"`+strings.Repeat("x", maxRemembered)+`"}`)
	value := []byte(strings.Repeat("x", 10_000))
	for i := range 3 * maxEntries {
		id := fmt.Sprint(i)
		m.put(id, small, 0)
		if i%5 == 0 {
			m.put(id, big, 0)
		}
		m.put("giant"+id, giant, 0)
		for k := range 3 {
			m.putAttribute(id, []byte(fmt.Sprint(k)), value, 0)
		}
		m.putAttribute("0", []byte(id), value, 0)
		if len(m.entries) > maxEntries || m.bytes > maxBytes {
			t.Fatalf("%d entries, %d bytes", len(m.entries), m.bytes)
		}
	}
	if n := len(m.attributesOf("0")); n == 0 || n > maxAttributes {
		t.Error("what is used all the time is forgotten, or grows")
	}
	sum, n := 0, 0
	for e := m.order.Front(); e != nil; e = e.Next() {
		sum += e.Value.(*entry).size()
		n++
	}
	if sum != m.bytes || n != len(m.entries) {
		t.Errorf("%d bytes in %d entries, counted %d in %d", sum, n, m.bytes, len(m.entries))
	}
}

func TestRecentIsBoundedInNumber(t *testing.T) {
	var r recent
	ev := flowtest.Event(t, "event-x", `{"event_id":"x"}`)
	for i := range 3 * maxEntries {
		r.put(fmt.Sprint(i), ev, 0)
	}
	if len(r.entries) != maxEntries || !r.has(fmt.Sprint(3*maxEntries-1)) || r.has("0") {
		t.Errorf("%d entries, want the latest %d", len(r.entries), maxEntries)
	}
}

func TestWaitingCropsAreBounded(t *testing.T) {
	small := jpegOf(t, 8, 8)
	large := append(append(small[:len(small)-2:len(small)-2], make([]byte, 1<<20)...), "\xff\xd9"...)
	for _, tc := range []struct {
		picture    []byte
		best       bool
		puts, most int
	}{
		{large, false, 50, 23}, {large, true, 50, 46}, // 32 MiB of base64 in each queue
		{small, false, 1100, 1024}, {small, true, 2100, 2048},
	} {
		r := newRig(t, Options{Best: tc.best, Name: mustName(t, "x")})
		most := 0
		for i := range tc.puts {
			r.mustPut(0, "crop", cropOf(tc.picture, fmt.Sprintf(`,"ref_event_id":"e%d"`, i)))
			most = max(most, len(r.saver.waiting.crops)+len(r.saver.best.crops))
		}
		if most > tc.most {
			t.Errorf("%d crops of %d bytes wait, want at most %d", most, len(tc.picture), tc.most)
		}
		r.close()
		if got := r.dir.Summary().Saved; got != int64(tc.puts) {
			t.Errorf("%d saved", got)
		}
		if r.saver.waiting.bytes != 0 || r.saver.best.bytes != 0 {
			t.Errorf("%d and %d bytes are still counted", r.saver.waiting.bytes, r.saver.best.bytes)
		}
	}
}

func TestTracksAllocateNothing(t *testing.T) {
	r := newRig(t, Options{})
	r.mustPut(0, "crop", cropOf(jpegOf(t, 8, 8), ofBoth))
	evs := []*event.Event{flowtest.Event(t, "track", track), flowtest.Event(t, "statistics", statistic)}
	n := testing.AllocsPerRun(1000, func() {
		for _, ev := range evs {
			if err := r.saver.Put(ev); err != nil {
				t.Error(err)
			}
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
	r.close()
}
