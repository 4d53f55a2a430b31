package poll

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
	"github.com/rtev/rtev/internal/rtapi"
)

// once polls one answer and returns the payloads.
func once(t *testing.T, answer any, s *said) ([]string, error) {
	t.Helper()
	got := &flowtest.Collect{}
	p := &Poll{Client: answers(answer), Instance: gate(), Once: true, Notify: s.notify}
	err := p.Run(t.Context(), got)
	if got.Pending() != 0 {
		t.Errorf("%d events are not flushed", got.Pending())
	}
	return got.Payloads(), err
}

func TestLines(t *testing.T) {
	front := `{"$id":"a","instance_id":"` + gateID + `"`
	deep := front + `,"x":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`
	image := front + `,"image":"` + strings.Repeat("QUJD", 5<<20) + `"}`
	for _, tc := range []struct {
		name, answer string
		want         []string
		skipped      int
	}{
		{"as the server wrote it", `[` + item(payload(1)) + ` , ` + item(payload(2)) + `]`, payloads(1, 3), 0},
		{"type and object", `[{"object":"` + strings.ReplaceAll(front, `"`, `\"`) + `}","type":"a"}]`, []string{front + `}`}, 0},
		{"keys put in front", `[{"dataType":"a","jsonObject":"{\"n\":1.50}"}]`, []string{front + `,"n":1.50}`}, 0},
		{"no type anywhere", `[{"jsonObject":"{\"n\":1}"}]`, []string{`{"instance_id":"` + gateID + `","n":1}`}, 0},
		{"an object in place of its text", `[{"dataType":"a","jsonObject":{"n":1}}]`, []string{front + `,"n":1}`}, 0},
		{"payloads without wrapping", `[` + payload(1) + `]`, payloads(1, 2), 0},
		{"one item without the array", item(payload(1)), payloads(1, 2), 0},
		{"a byte order mark", "\xEF\xBB\xBF\r\n" + items(0, 3), payloads(0, 3), 0},
		{"broken items cost only themselves", `[` + item(`{"a":`) + `,{"dataType":"a"},7,null,` + item(`[1]`) + `,` + item(payload(1)) + `]`,
			[]string{`{"instance_id":"` + gateID + `","dataType":"a"}`, payload(1)}, 4}, // an item without its object is a payload
		{"nothing", ``, nil, 0},
		{"an empty array", " [ ]\n", nil, 0},
		{"10,000 events", items(0, 10_000), payloads(0, 10_000), 0},
		{"deep", `[` + item(deep) + `]`, []string{deep}, 0},
		{"a picture of 20 MB", `[` + item(image) + `,` + item(payload(1)) + `]`, []string{image, payload(1)}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var s said
			got, err := once(t, tc.answer, &s)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, tc.name, got, tc.want)
			if n := s.of(event.Skipped, ""); n != tc.skipped {
				t.Errorf("%d notices of skipped records, want %d", n, tc.skipped)
			}
		})
	}
}

func TestGiantIsSkipped(t *testing.T) {
	var s said
	in := io.MultiReader(strings.NewReader(`[`+item(payload(1))+`,{"jsonObject":"`), io.LimitReader(endless{}, event.MaxPayload+chunk), strings.NewReader(`"},`+item(payload(2))+`]`))
	got, err := once(t, in, &s)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "around a giant", got, payloads(1, 3))
	if s.of(event.Oversize, "64 MiB") != 1 {
		t.Errorf("notices: %v", s.all)
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
	got, q := &flowtest.Collect{}, answers(items(0, 100))
	p := &Poll{Client: q, Instance: gate(), Types: []string{"track"}, Once: true, Match: func(ev *event.Event) bool { return ev.Get("n").Int()%10 == 0 }}
	if err := p.Run(t.Context(), got); err != nil || len(got.Taken()) != 10 || fmt.Sprint(q.types) != "[track]" {
		t.Errorf("%v, %d events, asked for %v", err, len(got.Taken()), q.types)
	}
}

func TestReceived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		in := io.MultiReader(strings.NewReader("["+item(payload(0))+","), &slow{3 * time.Second, items(1, 2)[1:]})
		var at []time.Duration
		p := &Poll{Client: answers(in), Instance: gate(), Once: true, Match: func(ev *event.Event) bool {
			at = append(at, ev.Received.Sub(began))
			return true
		}}
		if err := p.Run(t.Context(), &flowtest.Collect{}); err != nil || fmt.Sprint(at) != "[0s 3s]" {
			t.Errorf("%v, received %v", err, at)
		}
	})
}

// slow gives its text after a while.
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

func TestWhatCameLeavesBeforeMoreIsWaitedFor(t *testing.T) {
	for hold, want := range map[int]int{0: 2, 1 << 20: 0} {
		synctest.Test(t, func(t *testing.T) {
			var out strings.Builder
			got := -1
			late := readerFunc(func() string { // asked for when the rest is waited for
				if got < 0 {
					got = len(wholeLines(out.String()))
				}
				return items(2, 3)[1:]
			})
			in := io.MultiReader(strings.NewReader("["+item(payload(0))+","+item(payload(1))+","), late)
			p := &Poll{Client: answers(in), Instance: gate(), Once: true, Hold: hold}
			if err := p.Run(t.Context(), &lines{out: &out}); err != nil || got != want || len(wholeLines(out.String())) != 3 {
				t.Errorf("hold %d: %v, %d lines were out, want %d; in the end %q", hold, err, got, want, out.String())
			}
		})
	}
}

// readerFunc is a reader that asks for its text when it is read.
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
	elems := []string{item(payload(1)), item(`{"a":`), `{"dataType":"track","jsonObject":"{\"a\":\"}]\\\"{\"}"}`, item(payload(3))}
	puts := map[int]string{0: payload(1), 2: `{"$id":"track","instance_id":"` + gateID + `","a":"}]\"{"}`, 3: payload(3)}
	whole := "[" + strings.Join(elems, " ,\n") + "]\n"
	for cut := range len(whole) + 1 {
		var want []string
		var lost int64
		for i, at := 0, 1; i < len(elems); i++ {
			if at+len(elems[i]) <= cut {
				if puts[i] != "" {
					want = append(want, puts[i])
				}
			} else if at < cut {
				lost = int64(cut - at)
			}
			at += len(elems[i]) + len(" ,\n")
		}
		closed := cut == 0 || cut >= len(whole)-1
		for _, fail := range []error{nil, io.ErrUnexpectedEOF, errors.New("connection reset")} {
			in := io.Reader(strings.NewReader(whole[:cut]))
			if fail != nil {
				in = io.MultiReader(in, iotest.ErrReader(fail))
			}
			got, err := once(t, in, new(said))
			equal(t, fmt.Sprintf("cut at %d", cut), got, want)
			var short *CutError
			if !errors.As(err, &short) {
				if err != nil || !closed || fail != nil {
					t.Fatalf("cut at %d with %v: got %v", cut, fail, err)
				}
			} else if closed && fail == nil || short.Lost != lost || !strings.Contains(err.Error(), count(lost, "byte")+" of an unfinished") {
				t.Fatalf("cut at %d with %v: %v, want %d bytes", cut, fail, err, lost)
			}
		}
	}
}

func TestCutAnswerIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s said
		got, q := &flowtest.Collect{}, answers(items(0, 3)[:150], items(3, 5)[:5], items(3, 5), nil)
		pollFor(t, &Poll{Client: q, Instance: gate(), Interval: time.Minute, Notify: s.notify}, got, 3*time.Second)
		equal(t, "after cuts", got.Payloads(), append(payloads(0, 1), payloads(3, 5)...))
		if s.of(event.Lost, "cut off") != 2 || s.of(event.Lost, "asking again in") != 2 || s.of(event.Reconnected, "answered again after") != 1 || s.of(event.Retrying, "") != 0 {
			t.Errorf("notices: %v", s.all)
		}
		if first := q.asked[1].Sub(q.asked[0]); first > 250*time.Millisecond {
			t.Errorf("asked again after %v", first)
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
		q := answers(nil, &slow{time.Second, items(0, 1)}, &slow{5 * time.Second, items(1, 2)}, nil, "[]", nil)
		began := time.Now()
		var s said
		err := pollFor(t, &Poll{Client: q, Instance: gate(), Notify: s.notify}, &flowtest.Collect{}, 14*time.Second)
		var at []time.Duration
		for _, x := range q.asked {
			at = append(at, x.Sub(began))
		}
		if err != context.DeadlineExceeded || fmt.Sprint(at) != "[0s 2s 4s 9s 11s 13s]" || q.overlap || len(s.all) != 1 {
			t.Errorf("%v, asked at %v, overlap %v, said %v", err, at, q.overlap, s.all)
		}
	})
}

func TestErrorsBackOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fail := &rtapi.StatusError{URL: "http://nvr1:3546/x", Code: 500}
		later := &rtapi.StatusError{URL: "http://nvr1:3546/x", Code: 503, RetryAfter: 2 * time.Minute}
		q := answers(nil)
		for range 12 {
			q.answers = append(q.answers, fail)
		}
		q.answers = append(q.answers, later, nil, fail, nil, &rtapi.StatusError{Code: 403})
		var s said
		p := &Poll{Client: q, Instance: gate(), Notify: s.notify}
		err := pollFor(t, p, &flowtest.Collect{}, time.Hour)
		var no *rtapi.StatusError
		if !errors.As(err, &no) || no.Code != 403 {
			t.Fatalf("got %v", err)
		}
		for i, most := range []time.Duration{250, 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000, 30000, 30000} {
			wait := q.asked[i+2].Sub(q.asked[i+1])
			if most *= time.Millisecond; wait > most || i > 0 && wait < most/4*3 {
				t.Errorf("wait %d is %v, want at most %v", i+1, wait, most)
			}
		}
		if wait := q.asked[14].Sub(q.asked[13]); wait < 2*time.Minute || wait > 150*time.Second {
			t.Errorf("Retry-After: waited %v", wait)
		}
		if wait := q.asked[16].Sub(q.asked[15]); wait > 250*time.Millisecond {
			t.Errorf("the first failure after an answer is followed by %v", wait)
		}
		if s.of(event.Retrying, "500 Internal Server Error; asking again in ") != 13 || s.of(event.Reconnected, "") != 2 || s.of(event.Connected, "polling Gate") != 1 || s.of(event.Ended, "403") != 1 {
			t.Errorf("notices: %v", s.all)
		}
	})
}

func TestFirstRequestFails(t *testing.T) {
	page := "\n<html><body>please\nlog in</body></html>"
	for name, first := range map[string]any{"404": &rtapi.StatusError{Code: 404}, "away": &rtapi.UnreachableError{URL: "x", Err: io.EOF}, "page": page} {
		for _, oneTime := range []bool{true, false} {
			p := &Poll{Client: answers(first, nil), Instance: gate(), Once: oneTime}
			err := p.Run(t.Context(), &flowtest.Collect{})
			var not *rtapi.NotStreamError
			if want, typed := first.(error); typed && err != want || !typed && (!errors.As(err, &not) || !strings.Contains(not.Text, "please log in") || not.URL != "http://nvr1:3546") {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
}

func TestFullQueueIsToldOnceAMinute(t *testing.T) {
	for name, tc := range map[string]struct {
		sizes []int
		text  string
		want  int
	}{
		"below":       {[]int{499, 499, 499}, "", 0},
		"cap":         {[]int{500}, "500 events in one answer", 1},
		"growing":     {[]int{60, 80, 100}, "the last had 100 events", 1},
		"small":       {[]int{10, 50, 99}, "", 0},
		"not growing": {[]int{100, 200, 150, 250, 250}, "", 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			q, s := answers(), said{}
			for _, n := range tc.sizes {
				q.answers = append(q.answers, items(0, n))
			}
			pollFor(t, &Poll{Client: q, Instance: gate(), Notify: s.notify}, &flowtest.Collect{}, time.Minute)
			if s.of(event.Warning, tc.text) != tc.want || s.of(event.Warning, "") != tc.want {
				t.Errorf("%s: %v", name, s.all)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		q, s := answers(), said{}
		for range 100 {
			q.answers = append(q.answers, items(0, 600))
		}
		pollFor(t, &Poll{Client: q, Instance: gate(), Notify: s.notify, Match: func(*event.Event) bool { return false }}, &flowtest.Collect{}, 3*time.Minute-time.Second)
		if s.of(event.Warning, "poll faster") != 3 {
			t.Errorf("said %v", s.all)
		}
	})
}
