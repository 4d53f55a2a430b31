package poll

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
)

// track returns an item as a server sends it: about 560 bytes for a payload of 450.
func track(n int) string {
	return item(fmt.Sprintf(
		`{"$id":"track","$version":1,"age_ms":%d,"detection_confidence":0.8712345600128174,"event_timestamp_ms":%d,`+
			`"events":[],"instance_id":"%s","is_moving":1,"location":{"height":0.21435546875,"width":0.0966796875,`+
			`"x":0.4521484375,"y":0.3876953125},"object_class":"Person","system_datetime":"2026-11-25T11:05:00Z",`+
			`"system_timestamp":1795604700123,"tracking_id":"%08x-90c3-c633-8586-8f09b005ebed"}`,
		n, n*40, gateID, n,
	))
}

// many returns a response of so many events, generated as it is read.
func many(events int) io.Reader {
	one := track(7) + ","
	block := strings.Repeat(one, 1000)
	parts := []io.Reader{strings.NewReader("[")}
	for ; events > 1000; events -= 1000 {
		parts = append(parts, strings.NewReader(block))
	}
	return io.MultiReader(append(parts, strings.NewReader(block[:events*len(one)-1]+"]"))...)
}

func BenchmarkResponse(b *testing.B) {
	const events = 100_000
	for _, spooled := range []bool{false, true} {
		b.Run(fmt.Sprintf("spool=%v", spooled), func(b *testing.B) {
			p := &Poll{Instance: gate(), Once: true}
			if spooled {
				p.Spool = open(b, b.TempDir())
			}
			b.SetBytes(int64(events * (len(track(7)) + 1)))
			b.ReportAllocs()
			for b.Loop() {
				p.Client = responses(many(events))
				check(b, p.Run(context.Background(), &lines{out: io.Discard}))
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*events), "ns/event")
		})
	}
}

func TestMemoryDoesNotGrowWithTheResponse(t *testing.T) {
	const events = 40_000 // 21 MB
	for name, sink := range map[string]event.Sink{
		"written": &lines{out: io.Discard}, "saved": &flowtest.Collect{Err: errFull, At: 1},
	} {
		var before, now runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		seen, most := 0, uint64(0)
		p := &Poll{Client: responses(many(events)), Instance: gate(), Once: true, UnwrittenDirs: []string{t.TempDir()},
			Match: func(*event.Event) bool {
				if seen++; seen%1000 == 0 {
					runtime.ReadMemStats(&now)
					most = max(most, now.HeapAlloc)
				}
				return true
			}}
		if err := p.Run(t.Context(), sink); err != nil && err != errFull || seen != events {
			t.Fatalf("%v after %d events", err, seen)
		}
		if grown := int64(most - before.HeapAlloc); grown > 12<<20 {
			t.Errorf("%s: %d MB more", name, grown>>20)
		}
	}
}

func FuzzResponse(f *testing.F) {
	for _, s := range append(
		notEvents, items(0, 3), items(0, 3)[:200], `[{"type":"a","object":"{\"x\":\"\ud800\"}"},7]`, "<html>no\n</html>",
		"\xEF\xBB\xBF {}", `[[{"a":1}],"x\`, "[{\"a\":\"\n\"}]", "", "{}{}",
	) {
		f.Add([]byte(s), 3)
	}
	f.Fuzz(func(t *testing.T, in []byte, left int) {
		put, unwritten, err1 := once(t, string(in), new(noticeLog))
		put2, unwritten2, err2 := once(t, iotest.OneByteReader(strings.NewReader(string(in))), new(noticeLog))
		if fmt.Sprintf("%T", err1) != fmt.Sprintf("%T", err2) || unwritten != unwritten2 {
			t.Fatalf("in one read: %v %q, bytewise: %v %q", err1, unwritten, err2, unwritten2)
		}
		equal(t, "bytewise", put2, put)
		dir, out := fastDir(t), &disk{left: max(0, left)}
		p := &Poll{Client: responses(string(in)), Instance: gate(), Once: true, UnwrittenDirs: []string{dir}}
		_ = p.Run(t.Context(), &lines{out: out, full: 50})
		got := append(completeLines(out.String()), unwrittenLines(t, dir)...)
		want := append(put, completeLines(unwritten)...)
		slices.Sort(got)
		slices.Sort(want)
		equal(t, "written and saved", got, want)
	})
}
