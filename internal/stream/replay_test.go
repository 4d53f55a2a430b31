package stream

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
	"github.com/rtev/rtev/internal/jsonraw"
)

// locate returns an instance for each id, with the id as its name.
func locate() func(id string) *event.Instance {
	known := map[string]*event.Instance{}
	return func(id string) *event.Instance {
		in := known[id]
		if in == nil {
			id = strings.Clone(id)
			in = &event.Instance{ID: id, Name: id, Order: len(known)}
			known[id] = in
		}
		return in
	}
}

// replayAll reads in to its end. It accepts input without events.
func replayAll(t testing.TB, in io.Reader) (*flowtest.Collect, *noticeLog) {
	t.Helper()
	sink, h := &flowtest.Collect{}, newNoticeLog()
	err := (&Replay{In: in, Locate: locate(), Notify: h.notify}).Run(context.Background(), sink)
	if err != nil && (!strings.HasPrefix(err.Error(), "no event in the input") || len(sink.Taken()) > 0) {
		t.Fatal(err)
	}
	if sink.Pending() > 0 {
		t.Errorf("%d events were not flushed at the end", sink.Pending())
	}
	return sink, h
}

// layouts are ways to record payloads.
var layouts = map[string]func(payloads []string) string{
	"ndjson": func(p []string) string { return strings.Join(p, "\n") + "\n" },
	"ndjson of Windows, last line cut short": func(p []string) string {
		return byteOrderMark + strings.Join(p, "\r\n")
	},
	"sse": func(p []string) string { return "\n: hello\n\ndata: " + strings.Join(p, "\n\nid: 5\ndata: ") + "\n\n" },
	"sse of Windows": func(p []string) string {
		return byteOrderMark + "data: " + strings.Join(p, "\r\n\r\nevent:\r\ndata: ") + "\r\n\r\n"
	},
	"older":              func(p []string) string { return "[" + strings.Join(p, "]\n[") + "]\n" },
	"one response":       func(p []string) string { return "\n " + items(p) },
	"responses in a row": func(p []string) string { return items(p[:2]) + "[]" + items(p[2:]) },
	"responses on lines": func(p []string) string { return items(p[:2]) + "\n[]\n" + items(p[2:]) + "\n" },
	"printed pretty": func(p []string) string {
		var b bytes.Buffer
		if err := json.Indent(&b, []byte(items(p)), "", "  "); err != nil {
			return err.Error()
		}
		return byteOrderMark + b.String()
	},
	"one element per line": func(p []string) string { return "[" + strings.Join(p, ",\n") + "]" },
}

// items returns payloads as a response of the polling queue.
func items(payloads []string) string {
	var b strings.Builder
	for i, p := range payloads {
		sep := ","
		if i == 0 {
			sep = "["
		}
		fmt.Fprintf(&b, `%s{"dataType":"","jsonObject":%s}`, sep, jsonraw.AppendQuoted(nil, p))
	}
	return b.String() + "]"
}

func TestReplayIsASource(t *testing.T) {
	for name, layout := range layouts {
		t.Run(name, func(t *testing.T) {
			flowtest.Source(t, func(t *testing.T, payloads []string) event.Source {
				return &Replay{Locate: locate(), In: strings.NewReader(layout(payloads))}
			})
		})
	}
}

func TestReplayOfAPipeIsASource(t *testing.T) {
	for _, name := range []string{"ndjson", "sse", "one response"} {
		t.Run(name, func(t *testing.T) {
			flowtest.Source(t, func(t *testing.T, payloads []string) event.Source {
				r, w := io.Pipe()
				go io.WriteString(w, layouts[name](payloads)) // the pipe stays open
				t.Cleanup(func() { r.Close() })
				return &Replay{Locate: locate(), In: r}
			})
		})
	}
}

func TestReplayOfAnyLayout(t *testing.T) {
	var payloads []string
	for _, s := range flowtest.Samples(t) {
		payloads = append(payloads, s.Payload)
	}
	for name, layout := range layouts {
		for how, cut := range cuts {
			sink, h := replayAll(t, cut(layout(payloads)))
			if got := sink.Payloads(); !reflect.DeepEqual(got, payloads) || len(h.list) != 0 {
				t.Errorf("%s, %s: %d events of %d, reported %+v", name, how, len(got), len(payloads), h.list)
			}
		}
	}
}

func TestCaptures(t *testing.T) {
	for file, want := range map[string]string{
		"stream-2026.sse":     "event-intrusion track crop attribute event-line-crossing statistics event-intrusion-end",
		"stream-older.ndjson": "event-intrusion track crop statistics",
		"response.json":       "event-intrusion track crop statistics",
	} {
		text, err := os.ReadFile("testdata/" + file)
		if err != nil {
			t.Fatal(err)
		}
		sink, h := replayAll(t, bytes.NewReader(text))
		var got []string
		for _, e := range sink.Taken() {
			got = append(got, e.Type)
			if e.Instance == nil || e.Instance.ID != e.Instance.Name {
				t.Errorf("%s: instance %+v", file, e.Instance)
			}
		}
		if strings.Join(got, " ") != want || len(h.list) > 0 {
			t.Errorf("%s: got %s and %+v, want %s", file, strings.Join(got, " "), h.list, want)
		}
	}
}

func TestReplayOfDamagedInput(t *testing.T) {
	a, b := data(1), data(2)
	for _, tc := range []struct {
		name, in string
		want     []string
		skipped  int
		left     int64 // bytes left out at the end
	}{
		{"nothing", "", nil, 0, 0},
		{"blanks", "\n \r\n\t", nil, 0, 0},
		{"ndjson with broken lines", "{\"a\n" + a + "\n{\"b\":[\n\nnot JSON\n{}}\n7\n" + b + "\n", []string{a, "{}", b},
			5, 0},
		{"ndjson cut off", a + "\n" + b[:20], []string{a}, 1, 0},
		{"ndjson cut off at its head", a[20:] + "\n" + b + "\n", []string{b}, 1, 0},
		{"older behind an HTTP header", "HTTP/1.1 200 OK\r\nServer: x\r\n\r\n[" + a + "]\n[" + b + "]\n", []string{a, b},
			2, 0},
		{"sse with broken records", "data: {\n\ndata: " + a + "\n\ndata\n\n", []string{a}, 2, 0},
		{"sse cut off", sent(1) + sent(2)[:30], []string{a}, 0, 11},
		{"sse without its last blank line", sent(1) + strings.TrimSuffix(sent(2), "\n"), []string{a}, 0, int64(len(b))},
		{"older with a broken line", "[" + a + "]\n[{\"type\":\n[" + b + "]\n", []string{a, b}, 1, 0},
		{"response cut off in an item", items([]string{a, b})[:len(items([]string{a}))+10], []string{a}, 0, 10},
		{"response cut off between items", items([]string{a})[:len(items([]string{a}))-1] + ",", []string{a}, 0, 0},
		{"response with broken items", `[7,{"jsonObject":"{","dataType":"x"},` + a + `,null]`, []string{a}, 3, 0},
		{"page", "<html>\n<body>\n", nil, 2, 0},
	} {
		for how, cut := range cuts {
			sink, h := replayAll(t, cut(tc.in))
			left, warned := int64(0), h.of(event.Warning)
			for _, n := range warned {
				_, _ = fmt.Sscanf(n.Text, "the input ends inside a record; its %d bytes", &left)
			}
			cutOff := strings.Contains(tc.name, "between items")
			if got := sink.Payloads(); !reflect.DeepEqual(got, tc.want) || len(h.of(event.Skipped)) != tc.skipped ||
				left != tc.left || (len(warned) == 1) != (left > 0 || cutOff) {
				t.Errorf("%s, %s: got %q and %+v", tc.name, how, got, h.list)
			}
		}
	}
}

func TestReplayPutsLinesImmediately(t *testing.T) {
	for _, one := range []func(int) string{sent, func(n int) string { return data(n) + "\n" },
		func(n int) string { return "[" + data(n) + "]\n" }} {
		synctest.Test(t, func(t *testing.T) {
			r, w := io.Pipe()
			sink, ended := &flowtest.Collect{}, make(chan error)
			go func() { ended <- (&Replay{Locate: locate(), In: r}).Run(t.Context(), sink) }()
			for n := 1; n <= 3; n++ {
				io.WriteString(w, one(n))
				synctest.Wait()
				if got := sink.Payloads(); !reflect.DeepEqual(got, numbered(1, n)) || sink.Pending() > 0 {
					t.Errorf("got %q, %d of them not flushed, after %q", got, sink.Pending(), one(n))
				}
			}
			w.Close()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
}

func TestReplayEndsIfInputBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := (&Replay{Locate: locate(), In: r}).Run(ctx, &flowtest.Collect{}); err != context.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
		w.Close()
	})
}

func TestReplayReturnsInputErrors(t *testing.T) {
	broken := errors.New("input/output error")
	for _, in := range []string{"", a1, sent(1), "[" + data(1)} {
		sink := &flowtest.Collect{}
		r := io.MultiReader(strings.NewReader(in), iotest.ErrReader(broken))
		err := (&Replay{Locate: locate(), In: r}).Run(context.Background(), sink)
		if err != broken {
			t.Errorf("%q: got %v", in, err)
		}
	}
}

var a1 = data(1) + "\n"

func TestReplayInstances(t *testing.T) {
	var times []time.Time
	in := `{"$id":"track","instance_id":"i2"}` + "\n" + `{"$id":"track","instance_id":"i1"}` + "\n" +
		`{"$id":"track","instance_id":"i2"}` + "\n" + `{"$id":"x"}` + "\n"
	sink := received{func(at time.Time) { times = append(times, at) }}
	if err := (&Replay{Locate: locate(), In: strings.NewReader(in)}).Run(context.Background(), sink); err != nil ||
		len(times) != 4 || !times[0].IsZero() {
		t.Errorf("%v, received at %v", err, times)
	}
	collect, _ := replayAll(t, strings.NewReader(in))
	var got []string
	for _, e := range collect.Taken() {
		got = append(got, fmt.Sprint(e.Instance.ID, e.Instance.Order))
	}
	if want := "[i20 i11 i20 2]"; fmt.Sprint(got) != want {
		t.Errorf("got %v, want %v", got, want)
	}
	var asked []string
	mine := &Replay{In: strings.NewReader(in), Locate: func(id string) *event.Instance {
		asked = append(asked, strings.Clone(id))
		return gate
	}}
	if err := mine.Run(context.Background(), &flowtest.Collect{}); err != nil || fmt.Sprint(asked) != "[i2 i1 i2 ]" {
		t.Errorf("%v, asked for %q", err, asked)
	}
}

func FuzzReplay(f *testing.F) {
	for _, layout := range layouts {
		f.Add(layout(numbered(1, 3)), uint8(3))
	}
	f.Fuzz(func(t *testing.T, in string, size uint8) {
		whole, h := replayAll(t, strings.NewReader(in))
		pieces, hp := replayAll(t, &pieces{in, []int{int(size)%7 + 1}})
		if !reflect.DeepEqual(whole.Payloads(), pieces.Payloads()) || len(h.list) != len(hp.list) {
			t.Fatalf("%q: whole %q %+v, in pieces %q %+v", in, whole.Payloads(), h.list, pieces.Payloads(), hp.list)
		}
	})
}
