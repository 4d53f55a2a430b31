package crop

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
)

// size returns the bytes of the entries in a map, as counted by themselves.
func size(entries map[string]*entry) (n int) {
	for _, e := range entries {
		n += e.size()
	}
	return n
}

// most is how many bytes of entries a recent may hold: two halves, and what one
// call may add.
const most = maxBytes + 4*maxRemembered

// After a day of tracks that come and go, and of crops whose event never comes,
// only the last of them are remembered.
func TestMemoryIsBoundedOverADay(t *testing.T) {
	p := jpegOf(t, 8, 8)
	r := newRig(t, Options{Best: true, Limit: &limit{left: 1 << 30}, Name: mustName(t, "{date}/x.jpg"),
		Where: func(ev *event.Event) bool { return ev.Get("confidence").Num > 0 }})
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
	for name, m := range map[string]recent{"events": s.events, "tracks": s.tracks} {
		if n := size(m.young) + size(m.old); n > most {
			t.Errorf("%d bytes of %s are remembered", n, name)
		}
	}
	if len(s.crops) > 40 {
		t.Errorf("%d crops wait", len(s.crops))
	}
	r.close()
	if got := r.dir.Summary(); got.Saved != minutes {
		t.Errorf("%+v", got)
	}
}

func TestRecentIsBounded(t *testing.T) {
	var m recent
	big := flowtest.Event(t, "event-x", `{"event_id":"x","a":"`+strings.Repeat("x", 100_000)+`"}`)
	small := flowtest.Event(t, "event-x", `{"event_id":"x"}`)
	giant := flowtest.Event(t, "event-x", `{"event_id":"x","a":"`+strings.Repeat("x", maxRemembered)+`"}`)
	value := []byte(strings.Repeat("x", 10_000))
	for i := range 20_000 {
		id := fmt.Sprint(i)
		m.put(id, small)
		if i%5 == 0 {
			m.put(id, big)
		}
		m.put("giant"+id, giant)
		for k := range 3 {
			m.putAttribute(id, []byte(fmt.Sprint(k)), value)
		}
		m.putAttribute("0", []byte(id), value)
		if m.bytes > maxBytes/2+maxRemembered+maxAttributes*len(value) {
			t.Fatalf("%d bytes are young", m.bytes)
		}
		if !m.has(id) || m.has("giant"+id) {
			t.Fatal("the latest is forgotten, or a giant remembered")
		}
	}
	if n := len(m.find("0").attributes); n == 0 || n > maxAttributes {
		t.Error("what is used all the time is forgotten, or grows")
	}
	if m.bytes != size(m.young) || m.has("1") {
		t.Errorf("%d bytes are young, counted %d", size(m.young), m.bytes)
	}
}

// A hostile server may add to what is known, instead of naming new tracks.
func TestKnownTracksDoNotGrow(t *testing.T) {
	var m recent
	value := make([]byte, maxRemembered-10)
	for i := range 2000 {
		m.put(fmt.Sprint(i), flowtest.Event(t, "track", `{}`))
	}
	for i := range 2000 {
		m.putAttribute(fmt.Sprint(i), []byte("a"), value)
		if n := size(m.young); n > maxBytes/2+maxRemembered {
			t.Fatalf("%d bytes are young", n)
		}
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
		{large, false, 50, 23}, {large, true, 50, 23}, // 32 MiB of base64
		{small, false, 1100, 1024}, {small, true, 2100, 1024},
	} {
		r := newRig(t, Options{Best: tc.best, Name: mustName(t, "x")})
		most := 0
		for i := range tc.puts {
			r.mustPut(0, "crop", cropOf(tc.picture, fmt.Sprintf(`,"ref_event_id":"e%d"`, i)))
			most = max(most, len(r.saver.crops))
		}
		if most > tc.most {
			t.Errorf("%d crops of %d bytes wait, want at most %d", most, len(tc.picture), tc.most)
		}
		r.close()
		if got := r.dir.Summary().Saved; got != int64(tc.puts) {
			t.Errorf("%d saved", got)
		}
		if r.saver.bytes != 0 {
			t.Errorf("%d bytes are still counted", r.saver.bytes)
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
