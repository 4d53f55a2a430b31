package poll

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
	"github.com/rtev/rtev/internal/rtapi"
)

// once polls one response and returns the payloads that were put and the content
// of unwritten files.
func once(t *testing.T, response any, s *noticeLog) (put []string, unwritten string, err error) {
	t.Helper()
	dir := fastDir(t)
	got := &flowtest.Collect{}
	p := &Poll{Client: responses(response), Instance: gate(), Once: true, UnwrittenDirs: []string{dir}, Notify: s.notify}
	err = p.Run(t.Context(), got)
	if got.Pending() != 0 {
		t.Errorf("%d events are not flushed", got.Pending())
	}
	for _, name := range files(t, dir, "*") {
		text, err := os.ReadFile(name)
		check(t, err)
		unwritten += string(text)
		if s.of(event.Warning, "saved in "+name) != 1 {
			t.Errorf("no warning names %s: %v", name, s.all)
		}
	}
	return got.Payloads(), unwritten, err
}

func TestResponse(t *testing.T) {
	front := `{"$id":"a","instance_id":"` + gateID + `"`
	deep := front + `,"x":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`
	image := front + `,"image":"` + strings.Repeat("QUJD", 5<<20) + `"}`
	for _, tc := range []struct {
		name, response string
		want           []string
	}{
		{"as the server wrote it", `[` + item(payload(1)) + ` , ` + item(payload(2)) + `]`, payloads(1, 3)},
		{"type and object", `[{"object":"` + strings.ReplaceAll(front, `"`, `\"`) + `}","type":"a"}]`, []string{front + `}`}},
		{"keys put in front", `[{"dataType":"a","jsonObject":"{\"n\":1.50}"}]`, []string{front + `,"n":1.50}`}},
		{"no type anywhere", `[{"jsonObject":"{\"n\":1}"}]`, []string{`{"instance_id":"` + gateID + `","n":1}`}},
		{"an object in place of its text", `[{"dataType":"a","jsonObject":{"n":1}}]`, []string{front + `,"n":1}`}},
		{"payloads without wrapping", `[` + payload(1) + `]`, payloads(1, 2)},
		{"one item without the array", item(payload(1)), payloads(1, 2)},
		{"an item without its object is a payload", `[{"dataType":"a"}]`,
			[]string{`{"instance_id":"` + gateID + `","dataType":"a"}`}},
		{"a byte order mark", "\xEF\xBB\xBF\r\n" + items(0, 3), payloads(0, 3)},
		{"nothing", ``, nil},
		{"null", " null\n", nil},
		{"an empty array", " [ ]\n", nil},
		{"10,000 events", items(0, 10_000), payloads(0, 10_000)},
		{"deep", `[` + item(deep) + `]`, []string{deep}},
		{"a picture of 20 MB", `[` + item(image) + `,` + item(payload(1)) + `]`, []string{image, payload(1)}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var s noticeLog
			got, unwritten, err := once(t, tc.response, &s)
			if err != nil || unwritten != "" {
				t.Fatalf("%v, unwritten %q", err, unwritten)
			}
			equal(t, tc.name, got, tc.want)
		})
	}
}

// Items that are not events, as careless JSON writers produce them. Each must end
// up in the unwritten file byte for byte.
var notEvents = []string{
	`{"dataType":"track","jsonObject":"{\"confidence\":NaN}"}`,
	`{"dataType":"track","jsonObject":"{\"confidence\":-nan}"}`,
	`{"dataType":"track","jsonObject":"{\"confidence\":Infinity}"}`,
	"{\"dataType\":\"track\",\"jsonObject\":\"{\\\"a\\\":\\\"\t\\\"}\"}",
	`{"dataType":"track","jsonObject":"{\"confidence\":.5}"}`,
	`{"dataType":"track","jsonObject":"{\"confidence\":01}"}`,
	`{"dataType":"track","jsonObject":"{\"confidence\":0,9}"}`,
	`{"dataType":"track","jsonObject":"{\"area_name\":\"\\c\"}"}`,
	`{"dataType":"track","jsonObject":"{"}`,
	`{"dataType":"track","jsonObject":"[1]"}`,
	`{"dataType":"track","jsonObject":"text"}`,
	`{"dataType":"track","jsonObject":""}`,
	"{\"dataType\":\"track\",\n  \"n\": 1,\r\n  \"jsonObject\":\"{\"}",
	"{\"dataType\":\"track\",\"jsonObject\":\"{\n},]\"}",
	"{\"a\":\"\xff\" \"b\"}",
	`{"n":NaN}`, `{'a':1}`, `{a:1}`, `{"a":1,}`, `7`, `null`, `NaN`, `"text, with ]"`, `[1,{"a":2}]`, `[]`, `true`,
}

func TestItemsThatAreNotEventsAreSaved(t *testing.T) {
	for i, raw := range notEvents {
		for _, response := range []string{
			"[" + item(payload(1)) + "," + raw + "," + item(payload(2)) + "]",
			"[ " + raw + " ," + item(payload(1)) + "\n,\t" + item(payload(2)) + "]",
			"[" + item(payload(1)) + "," + item(payload(2)) + "," + raw + "\n]\n",
		} {
			for how, read := range readers {
				var s noticeLog
				got, unwritten, err := once(t, read(strings.NewReader(response)), &s)
				if !says(err, notJSON(1)) || unwritten != raw+"\n" {
					t.Errorf("%d, %s: %q: %v, unwritten %q", i, how, raw, err, unwritten)
				}
				equal(t, raw, got, payloads(1, 3))
			}
		}
	}
	var s noticeLog
	got, unwritten, err := once(t, "["+strings.Join(notEvents, ",")+","+item(payload(1))+"]", &s)
	if !says(err, notJSON(len(notEvents))) || unwritten != strings.Join(notEvents, "\n")+"\n" {
		t.Errorf("all: %v, unwritten %q", err, unwritten)
	}
	equal(t, "all", got, payloads(1, 2))
}

func TestResponseThatIsNotAnArrayIsSaved(t *testing.T) {
	for response, json := range map[string]bool{
		`"[{}]"`: true, "42": true, "NaN": true, "\x00\x00" + items(0, 2): true, "null " + items(0, 1): true,
		"true " + strings.Repeat("x", readSize): true,
		"service starting":                      false, "\x1b[2J": false, "<?xml version=\"1.0\"?><events/>": false,
		"<": false, "<htmlx>": false,
	} {
		var s noticeLog
		got, unwritten, err := once(t, response, &s)
		var not *rtapi.NotStreamError
		if says(err, notJSON(1)) != json || errors.As(err, &not) == json || unwritten != response+"\n" || len(got) > 0 {
			t.Errorf("%.50q: %v, unwritten %.50q, put %q", response, err, unwritten, got)
		}
	}
}

func TestRawItemsGoToOneFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir, s, got := fastDir(t), noticeLog{}, &flowtest.Collect{}
		q := responses("[7]", items(0, 2), "[8,"+item(payload(2))+"]", nil)
		p := &Poll{Client: q, Instance: gate(), UnwrittenDirs: []string{dir}, Notify: s.notify,
			Match: func(*event.Event) bool {
				if s.of(event.Warning, "saved as sent in "+dir) != 1 {
					t.Error("the file was not named when the first item went there")
				}
				return true
			}}
		if err := pollFor(t, p, got, time.Minute); !says(err, notJSON(2)) {
			t.Errorf("got %v", err)
		}
		equal(t, "put", got.Payloads(), payloads(0, 3))
		equal(t, "saved", unwrittenLines(t, dir), []string{"7", "8"})
		if len(files(t, dir, "*")) != 1 || s.of(event.Warning, "2 drained items not printed: saved in") != 1 {
			t.Errorf("files %v, notices %v", files(t, dir, "*"), s.all)
		}
	})
}

func TestOversizeItemIsSaved(t *testing.T) {
	dir, s, got := t.TempDir(), noticeLog{}, &flowtest.Collect{}
	in := io.MultiReader(strings.NewReader(`[`+item(payload(1))+`,{"jsonObject":"`),
		io.LimitReader(endless{}, event.MaxPayload+readSize), strings.NewReader(`"},`+item(payload(2))+`]`))
	p := &Poll{Client: responses(in), Instance: gate(), Once: true, UnwrittenDirs: []string{dir}, Notify: s.notify}
	if err := p.Run(t.Context(), got); !says(err, notJSON(1)) {
		t.Fatal(err)
	}
	equal(t, "around it", got.Payloads(), payloads(1, 3))
	text, err := os.ReadFile(files(t, dir, "*")[0])
	want := `{"jsonObject":"` + strings.Repeat("x", event.MaxPayload+readSize) + `"}` + "\n"
	if err != nil || string(text) != want || s.of(event.Warning, "64 MiB") != 1 {
		t.Errorf("%v, %d bytes of %d, notices: %v", err, len(text), len(want), s.all)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestTypesAndMatch(t *testing.T) {
	got, q := &flowtest.Collect{}, responses(items(0, 100))
	p := &Poll{Client: q, Instance: gate(), Types: []string{"track"}, Once: true,
		Match: func(ev *event.Event) bool { return ev.Get("n").Int()%10 == 0 }}
	if err := p.Run(t.Context(), got); err != nil || len(got.Taken()) != 10 || fmt.Sprint(q.types) != "[track]" {
		t.Errorf("%v, %d events, requested %v", err, len(got.Taken()), q.types)
	}
}

func TestReceived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		in := io.MultiReader(strings.NewReader("["+item(payload(0))+","), &slow{3 * time.Second, items(1, 2)[1:]})
		var at []time.Duration
		p := &Poll{Client: responses(in), Instance: gate(), Once: true, Match: func(ev *event.Event) bool {
			at = append(at, ev.Received.Sub(began))
			return true
		}}
		if err := p.Run(t.Context(), &flowtest.Collect{}); err != nil || fmt.Sprint(at) != "[0s 3s]" {
			t.Errorf("%v, received %v", err, at)
		}
	})
}

// slow returns its text after a delay.
type slow struct {
	after time.Duration
	text  string
}

func (s *slow) Read(p []byte) (int, error) {
	if s.text == "" {
		return 0, io.EOF
	}
	time.Sleep(s.after)
	n := copy(p, s.text)
	s.text = s.text[n:]
	return n, nil
}

func TestFlushBeforeReadingMore(t *testing.T) {
	for hold, want := range map[int]int{0: 2, 1 << 20: 0} {
		synctest.Test(t, func(t *testing.T) {
			var out strings.Builder
			got := -1
			late := readerFunc(func() string { // called when the rest of the response is read
				if got < 0 {
					got = len(completeLines(out.String()))
				}
				return items(2, 3)[1:]
			})
			in := io.MultiReader(strings.NewReader("["+item(payload(0))+","+item(payload(1))+","), late)
			p := &Poll{Client: responses(in), Instance: gate(), Once: true, Hold: hold}
			if err := p.Run(t.Context(), &lines{out: &out}); err != nil || got != want || len(completeLines(out.String())) != 3 {
				t.Errorf("hold %d: %v, %d lines were out, want %d; in the end %q", hold, err, got, want, out.String())
			}
		})
	}
}

// readerFunc returns a reader that calls text when it is first read.
func readerFunc(text func() string) io.Reader { return &lazy{text: text} }

type lazy struct {
	text func() string
	r    io.Reader
}

func (l *lazy) Read(p []byte) (int, error) {
	if l.r == nil {
		l.r = strings.NewReader(l.text())
	}
	return l.r.Read(p)
}

func TestCutAtEveryByte(t *testing.T) {
	elems := []string{
		item(payload(1)), item(`{"a":`), `{"dataType":"track","jsonObject":"{\"a\":\"}]\\\"{\"}"}`, item(payload(3)),
	}
	puts := map[int]string{0: payload(1), 2: `{"$id":"track","instance_id":"` + gateID + `","a":"}]\"{"}`, 3: payload(3)}
	whole := "[" + strings.Join(elems, " ,\n") + "]\n"
	for cut := 1; cut <= len(whole); cut++ {
		var want []string
		saved := ""
		for i, at := 0, 1; i < len(elems); i++ {
			if at+len(elems[i]) <= cut {
				if puts[i] != "" {
					want = append(want, puts[i])
				} else {
					saved += elems[i] + "\n"
				}
			} else if at < cut {
				saved += whole[at:cut] + "\n"
			}
			at += len(elems[i]) + len(" ,\n")
		}
		for _, fail := range []error{nil, io.ErrUnexpectedEOF, errors.New("connection reset")} {
			in := io.Reader(strings.NewReader(whole[:cut]))
			if fail != nil {
				in = io.MultiReader(in, iotest.ErrReader(fail))
			}
			got, unwritten, err := once(t, in, new(noticeLog))
			equal(t, fmt.Sprintf("cut at %d", cut), got, want)
			if unwritten != saved {
				t.Fatalf("cut at %d: unwritten %q, want %q", cut, unwritten, saved)
			}
			if says(err, "not a JSON object") != (saved != "") {
				t.Fatalf("cut at %d: got %v", cut, err)
			}
			if isCut := fail != nil || cut < len(whole)-1; says(err, "cut off") != isCut {
				t.Fatalf("cut at %d with %v: %v", cut, fail, err)
			}
		}
	}
	if _, _, err := once(t, iotest.ErrReader(io.ErrUnexpectedEOF), new(noticeLog)); err == nil ||
		!strings.Contains(err.Error(), "cut off") {
		t.Errorf("cut before the first byte: %v", err)
	}
}

func TestCutResponseIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s noticeLog
		got, q := &flowtest.Collect{}, responses(items(0, 3)[:150], items(3, 5)[:5], items(3, 5), nil)
		pollFor(t, &Poll{Client: q, Instance: gate(), Interval: time.Minute, UnwrittenDirs: []string{t.TempDir()},
			Notify: s.notify}, got, 3*time.Second)
		equal(t, "after cuts", got.Payloads(), append(payloads(0, 1), payloads(3, 5)...))
		if s.of(event.Lost, "cut off") != 2 || s.of(event.Lost, "next request in") != 2 ||
			s.of(event.Reconnected, "responded again after") != 1 || s.of(event.Retrying, "") != 0 {
			t.Errorf("notices: %v", s.all)
		}
		if first := q.requests[1].Sub(q.requests[0]); first > 250*time.Millisecond {
			t.Errorf("next request after %v", first)
		}
	})
}

// pollFor runs p for a while and returns its error.
func pollFor(t *testing.T, p *Poll, to event.Sink, d time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	return p.Run(ctx, to)
}

func TestIntervalIsStartToStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := responses(nil, &slow{time.Second, items(0, 1)}, &slow{5 * time.Second, items(1, 2)}, nil, "[]", nil)
		began := time.Now()
		var s noticeLog
		err := pollFor(t, &Poll{Client: q, Instance: gate(), Notify: s.notify}, &flowtest.Collect{}, 14*time.Second)
		var at []time.Duration
		for _, x := range q.requests {
			at = append(at, x.Sub(began))
		}
		if err != context.DeadlineExceeded || fmt.Sprint(at) != "[0s 2s 4s 9s 11s 13s]" || q.overlap || len(s.all) != 1 {
			t.Errorf("%v, requests at %v, overlap %v, notices %v", err, at, q.overlap, s.all)
		}
	})
}

func TestErrorsBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fail := &rtapi.StatusError{URL: "http://nvr1:3546/x", Code: 500}
		later := &rtapi.StatusError{URL: "http://nvr1:3546/x", Code: 503, RetryAfter: 2 * time.Minute}
		q := responses(nil)
		for range 12 {
			q.pending = append(q.pending, fail)
		}
		q.pending = append(q.pending, later, nil, fail, nil, &rtapi.StatusError{Code: 403})
		var s noticeLog
		p := &Poll{Client: q, Instance: gate(), Notify: s.notify}
		err := pollFor(t, p, &flowtest.Collect{}, time.Hour)
		var no *rtapi.StatusError
		if !errors.As(err, &no) || no.Code != 403 {
			t.Fatalf("got %v", err)
		}
		for i, most := range []time.Duration{250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000, 30000, 30000} {
			wait := q.requests[i+2].Sub(q.requests[i+1])
			if most *= time.Millisecond; wait > most || i > 0 && wait < most/4*3 {
				t.Errorf("wait %d is %v, want at most %v", i+1, wait, most)
			}
		}
		if wait := q.requests[14].Sub(q.requests[13]); wait < 2*time.Minute || wait > 150*time.Second {
			t.Errorf("Retry-After: waited %v", wait)
		}
		if wait := q.requests[16].Sub(q.requests[15]); wait > 250*time.Millisecond {
			t.Errorf("the first failure after a response is followed by %v", wait)
		}
		if s.of(event.Retrying, "500 Internal Server Error; next request in ") != 13 || s.of(event.Reconnected, "") != 2 ||
			s.of(event.Connected, "polling Gate") != 1 || s.of(event.Ended, "403") != 1 {
			t.Errorf("notices: %v", s.all)
		}
	})
}

func TestFirstRequestFails(t *testing.T) {
	page := "\n<html><body>please\nlog in</body></html>"
	for name, first := range map[string]any{
		"404": &rtapi.StatusError{Code: 404}, "away": &rtapi.UnreachableError{URL: "x", Err: io.EOF},
		"page": page, "page with doctype": "<!DOCTYPE HTML><title>Please log in</title>",
		"title in capitals": "<HTML lang=en><TITLE>please log in</TITLE>",
	} {
		for _, oneTime := range []bool{true, false} {
			// A page needs no folder: it is not saved.
			p := &Poll{Client: responses(first, nil), Instance: gate(), Once: oneTime}
			err := p.Run(t.Context(), &flowtest.Collect{})
			var not *rtapi.NotStreamError
			if want, typed := first.(error); typed && err != want ||
				!typed && (!errors.As(err, &not) || !strings.EqualFold(not.Text, "please log in") || not.ContentType != "HTML" ||
					not.URL != "http://nvr1:3546") {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
}
