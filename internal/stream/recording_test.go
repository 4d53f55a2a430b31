package stream

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
)

func zipped(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	io.WriteString(z, s)
	z.Close()
	return b.String()
}

// wide returns s in UTF-16 with a byte order mark.
func wide(s string, high, low int) string {
	b := make([]byte, 2)
	b[high], b[low] = 0xfe, 0xff
	for _, u := range utf16.Encode([]rune(s)) {
		two := make([]byte, 2)
		two[high], two[low] = byte(u>>8), byte(u)
		b = append(b, two...)
	}
	return string(b)
}

func littleEndian(s string) string { return wide(s, 1, 0) }
func bigEndian(s string) string    { return wide(s, 0, 1) }

// TestReplayOfAnyRecording checks that each input yields both events and no
// notices, wherever reads end.
func TestReplayOfAnyRecording(t *testing.T) {
	a, b := data(1), data(2)
	lines := a + "\n" + b + "\n"
	nuls := strings.Repeat("\x00", 100)
	pretty := "{\n  \"$id\": \"track\",\n  \"n\": 1\n}\n"
	for _, tc := range []struct {
		name, in string
		want     []string // nil: a and b
	}{
		{"gzip", zipped(lines), nil},
		{"gzip of a stream", zipped(sent(1) + sent(2)), nil},
		{"gzip in two members", zipped(a+"\n") + zipped(b+"\n"), nil},
		{"gzip of UTF-16", zipped(littleEndian(lines)), nil},
		{"UTF-8 with a mark", byteOrderMark + lines, nil},
		{"UTF-16, little endian", littleEndian(strings.ReplaceAll(lines, "\n", "\r\n")), nil},
		{"UTF-16, big endian", bigEndian(lines), nil},
		{"UTF-16 of a stream", littleEndian(sent(1) + sent(2)), nil},
		{"UTF-16 beyond the first plane", littleEndian(`{"$id":"x","area":"門😀"}` + "\n"),
			[]string{`{"$id":"x","area":"門😀"}`}},
		{"NULs in front", nuls + lines, nil},
		{"NULs in front of one event", nuls + a, []string{a}},
		{"NULs between", a + "\n" + nuls + b + "\n", nil},
		{"NULs in front of a stream", nuls + sent(1) + sent(2), nil},
		{"NULs at the end", lines + nuls, nil},
		{"NULs in front of a response", nuls + items([]string{a, b}), nil},
		{"JSON text sequence", "\x1e" + a + "\n\x1e" + b + "\n", nil},
		{"JSON text sequence, indented", "\x1e" + pretty + "\x1e" + pretty,
			[]string{`{   "$id": "track",   "n": 1 }`, `{   "$id": "track",   "n": 1 }`}},
		{"log prefix", "2026-11-28T08:00:00Z nvr1 rtev[12]: " + a + "\n2026-11-28T08:00:01Z nvr1 rtev[12]: " + b + "\n", nil},
		{"log prefix in brackets", "[INFO] " + a + "\n[2026-11-28 08:00:00] [12] " + b + "\n", nil},
		{"log prefix on the last line", "x: " + a + "\ny: " + b, nil},
		{"events", `{"events":[` + a + "," + b + "]}", nil},
		{"events on lines", `{"events":[` + a + "]}\n" + `{"events": [ ` + b + " ] }\n", nil},
		{"events, indented", "{\n \"events\": [\n  " + a + ",\n  " + b + "\n ]\n}\n", nil},
		{"data", `{"data":[` + a + "," + b + "]}\n", nil},
		{"wrapped items in events", `{"events":` + items([]string{a, b}) + "}", nil},
		{"concatenated", a + b, nil},
		{"concatenated with spaces and commas", a + " , " + b + "\n", nil},
		{"concatenated, thrice on a line", a + b + a + "\n", []string{a, b, a}},
		{"database rows", `{"data":[{"event_type":"Line Crossing","n":1},{"$id":"track","event_type":"x"}]}`,
			[]string{`{"$id":"Line Crossing","event_type":"Line Crossing","n":1}`, `{"$id":"track","event_type":"x"}`}},
		{"events beside another key", `{"events":[` + a + `],"frame_id":7}` + "\n",
			[]string{`{"events":[` + a + `],"frame_id":7}`}},
		{"events beside other events", `{"events":[` + a + `],"more":[{}]}` + "\n",
			[]string{`{"events":[` + a + `],"more":[{}]}`}},
		{"events of a track", `{"events":["e-1"],"n":1}` + "\n", []string{`{"events":["e-1"],"n":1}`}},
		{"events that are ids", `{"events":["e-1"]}` + "\n", []string{`{"events":["e-1"]}`}},
		{"stream and lines", sent(1) + b + "\n", nil},
	} {
		if tc.want == nil {
			tc.want = []string{a, b}
		}
		for how, cut := range cuts {
			sink, h := replayAll(t, cut(tc.in))
			if got := sink.Payloads(); !reflect.DeepEqual(got, tc.want) || len(h.list) > 0 {
				t.Errorf("%s, %s: got %q and %+v", tc.name, how, got, h.list)
			}
		}
	}
}

// TestReplayReportsLinesWithoutEvents checks that each line that is not an event is
// reported.
func TestReplayReportsLinesWithoutEvents(t *testing.T) {
	a, b := data(1), data(2)
	for _, tc := range []struct {
		name, in string
		skipped  int
	}{
		{"text between", a + "\nplain text\n\n  \n" + b + "\n", 1},
		{"braces in text", a + "\nfunc main() { return }\n" + b + "\n", 1},
		{"half an object in text", "x {\"n\":\n" + a + "\n" + b + "\n", 1},
		{"a cut object after two", a + b + `{"n"` + "\n", 1},
		{"a bracket too many", a + "}\n" + b + "\n", 1},
		{"text after an object", a + " (copied)\n" + b + "\n", 1},
		{"log without JSON", "[INFO] starting\n" + a + "\n[INFO] " + b + "\n", 1},
		{"stream with a foreign line", sent(1) + "curl: (18) transfer closed\n" + sent(2), 1},
	} {
		for how, cut := range cuts {
			sink, h := replayAll(t, cut(tc.in))
			if got := sink.Payloads(); !reflect.DeepEqual(got, []string{a, b}) || len(h.of(event.Skipped)) != tc.skipped ||
				len(h.list) != tc.skipped {
				t.Errorf("%s, %s: got %q and %+v", tc.name, how, got, h.list)
			}
		}
	}
}

func TestInputWithoutEvents(t *testing.T) {
	for _, tc := range []struct{ in, looks string }{
		{"time,type,instance\n1,track,gate\n2,track,gate\n", "CSV"},
		{"a;b;c\n1;2;3\n", "CSV"},
		{"a\tb\n1\t2\n", "CSV"},
		{"<!DOCTYPE html>\n<html><body>log in</body></html>\n", "an HTML page"},
		{"<?xml version=\"1.0\"?>\n<a/>\n", "text/xml"},
		{"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01", "image/jpeg"},
		{"%PDF-1.7\n", "application/pdf"},
		{"\x7fELF\x02\x01\x01\x00\x00\x00", "application/octet-stream"},
		{"hello, world\nhow are you\n", "text"},
		{"größer\nals\n", "text"},
		{": ping\n\n: ping\n\n", "an event stream without events"},
		{"[]", "JSON without events"},
		{`{"events":[]}`, "JSON without events"},
		{"\n \r\n\t", "empty lines"},
		{zipped("a,b\n1,2\n"), "CSV"},
		{littleEndian("a,b\n1,2\n"), "CSV"},
	} {
		err := (&Replay{In: strings.NewReader(tc.in), Locate: locate()}).Run(context.Background(), &flowtest.Collect{})
		if err == nil || !strings.HasPrefix(err.Error(), "no event in the input, which looks like "+tc.looks+"; ") {
			t.Errorf("%q: got %v, want %s", tc.in, err, tc.looks)
		}
	}
	for _, in := range []string{"", zipped("")} {
		r := &Replay{In: strings.NewReader(in), Locate: locate()}
		if err := r.Run(context.Background(), &flowtest.Collect{}); err != nil {
			t.Errorf("%q: %v", in, err)
		}
	}
}

// TestErrStopIsNotInputWithoutEvents checks that ErrStop at the first event is not reported
// as an input without events.
func TestErrStopIsNotInputWithoutEvents(t *testing.T) {
	err := (&Replay{In: strings.NewReader(data(1)), Locate: locate()}).Run(context.Background(),
		&flowtest.Collect{Err: event.ErrStop, At: 1})
	if err != event.ErrStop {
		t.Errorf("got %v", err)
	}
}

func TestBrokenGzip(t *testing.T) {
	whole := zipped(strings.Repeat(data(1)+"\n", 1000))
	sink, h := replayAll(t, strings.NewReader(whole[:len(whole)-12]))
	if len(sink.Taken()) == 0 || len(h.of(event.Warning)) != 1 {
		t.Errorf("%d events of a file that is cut off, reported %+v", len(sink.Taken()), h.list)
	}
	sink, h = replayAll(t, strings.NewReader(whole[:len(whole)-4])) // only the checksum is incomplete
	if w := h.of(event.Warning); len(sink.Taken()) != 1000 || len(w) != 1 || w[0].Text != "the input is cut off" {
		t.Errorf("%d events of a file without its end, reported %+v", len(sink.Taken()), h.list)
	}
	damaged := []byte(whole)
	damaged[len(damaged)-5] ^= 1
	err := (&Replay{In: bytes.NewReader(damaged), Locate: locate()}).Run(context.Background(), &flowtest.Collect{})
	if err != gzip.ErrChecksum {
		t.Errorf("got %v", err)
	}
}

// TestReplayMemoryIsBounded reads endless NULs before an event, and a database
// response that is larger than the limit of a record.
func TestReplayMemoryIsBounded(t *testing.T) {
	row := `{"event_type":"Intrusion","text":"` + strings.Repeat("x", 1000) + `"},`
	for name, in := range map[string]io.Reader{
		"NULs": io.MultiReader(io.LimitReader(fill(0), 200<<20), strings.NewReader(data(1)+"\n")),
		"rows": io.MultiReader(strings.NewReader(`{"data":[`), io.LimitReader(&again{s: row}, int64(100_000*len(row))),
			strings.NewReader(row[:len(row)-1]+"]}\n")),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var last string
		n := 0
		r := &Replay{In: in, Locate: func(string) *event.Instance { return gate },
			Notify: func(n event.Notice) { last = n.Text }}
		err := r.Run(context.Background(), sinkFunc(func(ev *event.Event) {
			n++
			if name == "rows" && ev.Type != "Intrusion" {
				t.Fatal(ev.Type)
			}
		}))
		runtime.ReadMemStats(&after)
		want := map[string]int{"NULs": 1, "rows": 100_001}[name]
		if grown := (int64(after.HeapSys) - int64(before.HeapSys)) >> 20; err != nil || n != want || last != "" ||
			grown > 32 {
			t.Errorf("%s: %d events, %v, %q, %d MiB more", name, n, err, last, grown)
		}
	}
}

type sinkFunc func(*event.Event)

func (f sinkFunc) Put(ev *event.Event) error { f(ev); return nil }
func (f sinkFunc) Flush() error              { return nil }
