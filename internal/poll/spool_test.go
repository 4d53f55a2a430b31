package poll

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
)

func TestSpoolHoldsResponseUntilWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "spool")
	response := items(0, 50)
	var out strings.Builder
	sink := &lines{out: &out, full: 1 << 20}
	p := &Poll{Client: responses(iotest.HalfReader(strings.NewReader(response))), Instance: gate(), Once: true,
		Spool: open(t, dir)}
	p.Match = func(*event.Event) bool {
		held := files(t, dir, "*.json")
		if len(held) != 1 {
			t.Fatalf("held: %v", held)
		}
		text, err := os.ReadFile(held[0])
		info, _ := os.Stat(held[0])
		if err != nil || string(text) != response || info.Mode().Perm() != 0o600 {
			t.Fatalf("%v, %v, %d bytes of %d", err, info.Mode(), len(text), len(response))
		}
		return true
	}
	check(t, p.Run(t.Context(), sink))
	equal(t, "out", completeLines(out.String()), payloads(0, 50))
	emptyDir(t, dir)
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
}

// inSpool is a sink that counts the files of a spool at each Flush.
type inSpool struct {
	flowtest.Collect
	t    *testing.T
	dir  string
	seen []int
}

func (s *inSpool) Flush() error {
	s.seen = append(s.seen, len(files(s.t, s.dir, "*.json")))
	return s.Collect.Flush()
}

func TestSpoolIsEmptiedAfterLastFlush(t *testing.T) {
	for _, hold := range []int{0, 1 << 20} {
		for _, fail := range []error{nil, errFull} {
			dir := t.TempDir()
			sink := &inSpool{Collect: flowtest.Collect{FlushErr: fail}, t: t, dir: dir}
			p := &Poll{Client: responses(items(0, 3)), Instance: gate(), Once: true, Hold: hold, Spool: open(t, dir)}
			if err := p.Run(t.Context(), sink); err != fail {
				t.Errorf("hold %d: got %v", hold, err)
			}
			if sink.Pending() > 0 && fail == nil || len(sink.seen) == 0 || sink.seen[len(sink.seen)-1] != 1 {
				t.Errorf("hold %d: %d events are not flushed, files at each flush: %v", hold, sink.Pending(), sink.seen)
			}
			if left := len(files(t, dir, "*.json")); (left == 1) != (fail != nil) {
				t.Errorf("hold %d, %v: %d files are left", hold, fail, left)
			}
		}
	}
}

func TestSpoolIsLocked(t *testing.T) {
	dir := t.TempDir()
	first := open(t, dir)
	if _, err := OpenSpool(dir); err == nil || !strings.Contains(err.Error(), "another run uses the spool") {
		t.Errorf("got %v", err)
	}
	check(t, first.Close())
	open(t, dir)
	if _, err := OpenSpool(filepath.Join(dir, "lock", "x")); !says(err, "cannot use the spool") {
		t.Errorf("got %v", err)
	}
}

// drainAll delivers the leftovers of a spool, with an empty queue.
func drainAll(t *testing.T, dir string, s *noticeLog) []string {
	t.Helper()
	spool := open(t, dir)
	defer spool.Close()
	got := &flowtest.Collect{}
	p := &Poll{Client: responses(nil), Instance: gate(), Once: true, Spool: spool, Notify: s.notify,
		UnwrittenDirs: []string{dir + "-unwritten"}}
	if err := p.Run(t.Context(), got); err != nil && !says(err, "not a JSON object") {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir + "-unwritten") })
	return got.Payloads()
}

func TestOutputFailsWithSpool(t *testing.T) {
	const events = 3
	whole := strings.Join(payloads(0, events), "\n") + "\n"
	for how, read := range readers {
		for k := range len(whole) {
			dir, out := fastDir(t), &disk{left: k}
			spool := open(t, dir)
			sink, s := &lines{out: out, full: 200}, noticeLog{}
			p := &Poll{Client: responses(read(strings.NewReader(items(0, events)))), Instance: gate(), Spool: spool,
				Notify: s.notify}
			if err := p.Run(t.Context(), sink); err != sink.err || err == nil {
				t.Fatalf("%s, %d bytes: got %v", how, k, err)
			}
			spool.Close()
			if s.of(event.Warning, "stays in the spool "+dir) != 1 {
				t.Fatalf("notices %v", s.all)
			}
			equal(t, fmt.Sprintf("%s, %d bytes", how, k), append(completeLines(out.String()), drainAll(t, dir, &s)...),
				payloads(0, events))
			emptyDir(t, dir)
		}
	}
}

func TestErrStopLeavesRestForNextRun(t *testing.T) {
	dir, client := t.TempDir(), responses(items(0, 5), nil, nil, items(5, 6))
	var out strings.Builder
	for n := range 3 {
		spool := open(t, dir)
		p := &Poll{Client: client, Instance: gate(), Once: true, Spool: spool}
		if err := p.Run(t.Context(), &lines{out: &out, most: 2}); err != nil && err != event.ErrStop {
			t.Fatal(err)
		}
		spool.Close()
		equal(t, "out", completeLines(out.String()), payloads(0, min(5, 2*(n+1))))
	}
	emptyDir(t, dir)
}

func TestTypeSurvivesSpool(t *testing.T) {
	dir := t.TempDir()
	spool := open(t, dir)
	p := &Poll{Client: responses(`[{"dataType":"a","jsonObject":"{\"$id\":\"b\"}"},{"jsonObject":"{\"n\":1}"}]`),
		Instance: gate(), Spool: spool}
	if err := p.Run(t.Context(), &flowtest.Collect{Err: event.ErrStop, At: 1}); err != event.ErrStop {
		t.Fatal(err)
	}
	spool.Close()
	got := &flowtest.Collect{}
	p = &Poll{Client: responses(nil), Instance: gate(), Spool: open(t, dir), Once: true}
	check(t, p.Run(t.Context(), got))
	front := `{"instance_id":"` + gateID + `",`
	if all := got.Taken(); len(all) != 2 || all[0].Type != "a" || all[0].Payload != front+`"$id":"b"}` ||
		all[1].Type != "unknown" || all[1].Payload != front+`"n":1}` {
		t.Errorf("got %+v", all)
	}
}

// leave creates a file in a spool as an earlier run would have.
func leave(t *testing.T, dir, name, text string) {
	t.Helper()
	check(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
}

func TestLeftoverIsDeliveredFirst(t *testing.T) {
	dir, s := t.TempDir(), noticeLog{}
	leave(t, dir, "20261125T110500.000000002Z-000001-"+gateID+".json", items(3, 6))
	leave(t, dir, "20261125T110500.000000001Z-000009-"+gateID+".json", items(0, 3))
	leave(t, dir, "20261125T110500.000000003Z-000001-door%2F1.json", `[{"dataType":"x","jsonObject":"{}"}]`)
	leave(t, dir, "20261125T110500.000000004Z-000001-"+gateID+".part", "")
	leave(t, dir, "notes.json", items(7, 8))
	door := &event.Instance{ID: "door/1", Name: "Door"}
	spool := open(t, dir)
	spool.Locate = func(id string) *event.Instance { return map[string]*event.Instance{"door/1": door}[id] }
	got := &flowtest.Collect{}
	var at []string
	p := &Poll{Client: responses(items(6, 7)), Instance: gate(), Once: true, Spool: spool, Notify: s.notify,
		Match: func(ev *event.Event) bool {
			at = append(at, ev.Received.UTC().Format("150405.000000000"))
			return true
		}}
	check(t, p.Run(t.Context(), got))
	equal(t, "in order", got.Payloads(), append(append(payloads(0, 6), `{"$id":"x","instance_id":"door/1"}`),
		payloads(6, 7)...))
	if got.Taken()[6].Instance != door || got.Taken()[0].Instance != p.Instance || at[0] != "110500.000000001" ||
		at[6] != "110500.000000003" {
		t.Errorf("instance %v, received %v", got.Taken()[6].Instance, at)
	}
	if s.of(event.Warning, "7 events from the spool of an earlier run came first; as many may come twice") != 1 {
		t.Errorf("notices %v", s.all)
	}
	if left := files(t, dir, "*"); len(left) != 2 { // the lock, and a foreign file
		t.Errorf("left: %v", left)
	}
}

func TestLeftoverIsDeliveredOnceForManyPolls(t *testing.T) {
	dir := t.TempDir()
	leave(t, dir, "20261125T110500.000000001Z-000001-"+gateID+".json", items(0, 100))
	spool, got := open(t, dir), &flowtest.Collect{}
	var all sync.WaitGroup
	for i := range 5 {
		all.Go(func() {
			p := &Poll{Client: responses(items(100+i, 101+i)), Instance: &event.Instance{ID: fmt.Sprint(i)}, Once: true,
				Spool: spool}
			if err := p.Run(t.Context(), got); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	equal(t, "first", got.Payloads()[:100], payloads(0, 100))
	if n := len(got.Payloads()); n != 105 {
		t.Errorf("%d events", n)
	}
	emptyDir(t, dir)
}

func TestBrokenLeftoverIsSaved(t *testing.T) {
	response := items(0, 2)
	for cut := 1; cut <= len(response); cut++ {
		for _, end := range []string{".part", ".json"} {
			dir, s := fastDir(t), noticeLog{}
			leave(t, dir, "20261125T110500.000000001Z-000001-"+gateID+end, response[:cut])
			want, rest := 0, strings.TrimPrefix(response[:cut], "[")
			for want < 2 && strings.HasPrefix(rest, item(payload(want))) {
				rest = strings.TrimPrefix(rest[len(item(payload(want))):], ",")
				want++
			}
			equal(t, fmt.Sprintf("cut at %d", cut), drainAll(t, dir, &s), payloads(0, want))
			emptyDir(t, dir)
			if rest = strings.TrimSuffix(rest, "]"); rest != "" {
				equal(t, fmt.Sprintf("cut at %d", cut), unwrittenLines(t, dir+"-unwritten"), []string{rest})
			}
			os.RemoveAll(dir + "-unwritten")
		}
	}
	bad := `{"dataType":"track","jsonObject":"{"}`
	for text, want := range map[string]string{
		"\x00\x00\x00\x00": "\x00\x00\x00\x00",
		"[" + item(payload(0)) + "\x00\x00\x00," + item(payload(1)) + "]": "\x00\x00\x00",
		"[" + bad + "]": bad,
	} {
		dir, s := fastDir(t), noticeLog{}
		leave(t, dir, "20261125T110500.000000001Z-000001-"+gateID+".json", text)
		drainAll(t, dir, &s)
		emptyDir(t, dir)
		equal(t, text, unwrittenLines(t, dir+"-unwritten"), []string{want})
	}
}

func TestRawItemsAreSavedOnceWithSpool(t *testing.T) {
	dir, unwritten, client := t.TempDir(), t.TempDir(),
		responses("[7,"+items(0, 2)[1:len(items(0, 2))-1]+",8,"+items(2, 3)[1:], nil, nil)
	var out strings.Builder
	for range 3 {
		spool := open(t, dir)
		p := &Poll{Client: client, Instance: gate(), Once: true, Spool: spool, UnwrittenDirs: []string{unwritten}}
		if err := p.Run(t.Context(), &lines{out: &out, most: 1}); err != nil && err != event.ErrStop &&
			!says(err, "not a JSON object") {
			t.Fatal(err)
		}
		spool.Close()
	}
	equal(t, "put", completeLines(out.String()), payloads(0, 3))
	saved := unwrittenLines(t, unwritten) // of two files, perhaps with the same time in their names
	slices.Sort(saved)
	equal(t, "saved", saved, []string{"7", "8"})
	emptyDir(t, dir)
}

func TestResponseStaysInSpoolIfRawItemsAreLost(t *testing.T) {
	dir := t.TempDir()
	p := &Poll{Client: responses("[7]"), Instance: gate(), Once: true, Spool: open(t, dir)}
	if err := p.Run(t.Context(), &flowtest.Collect{}); !errors.Is(err, errLost) || len(files(t, dir, "*.json")) != 1 ||
		len(files(t, dir, "*@*")) > 0 {
		t.Errorf("got %v, files %v", err, files(t, dir, "*"))
	}
}

// A response that is not JSON is saved as it is, also by way of the spool.
func TestOtherResponseIsSavedWithSpool(t *testing.T) {
	for response, saved := range map[string]string{
		"service starting": "service starting\n", "\x00\x00[]": "\x00\x00[]\n", "<html>": "", "null": "",
	} {
		dir, unwritten := t.TempDir(), t.TempDir()
		p := &Poll{Client: responses(response), Instance: gate(), Once: true, Spool: open(t, dir),
			UnwrittenDirs: []string{unwritten}}
		err := p.Run(t.Context(), &flowtest.Collect{})
		text := strings.Join(unwrittenLines(t, unwritten), "\n")
		if text = strings.TrimPrefix(text+"\n", "\n"); text != saved || (err == nil) != (response == "null") {
			t.Errorf("%q: %v, saved %q", response, err, text)
		}
		emptyDir(t, dir)
	}
}

func TestLeftoverStaysIfOutputFails(t *testing.T) {
	dir := t.TempDir()
	leave(t, dir, "20261125T110500.000000001Z-000001-"+gateID+".json", items(0, 5))
	leave(t, dir, "20261125T110500.000000002Z-000001-"+gateID+".part", items(5, 9)[:400])
	var out strings.Builder
	for n := range 4 {
		spool := open(t, dir)
		p := &Poll{Client: responses(errors.New("request too early")), Instance: gate(), Once: true, Spool: spool}
		if err := p.Run(t.Context(), &lines{out: &out, most: 2}); n < 3 && err != event.ErrStop {
			t.Fatalf("run %d: %v", n, err)
		}
		spool.Close()
	}
	want := 5
	for strings.Contains(items(5, 9)[:400], item(payload(want))) {
		want++
	}
	equal(t, "out", completeLines(out.String()), payloads(0, want))
}

func TestCutResponseWithSpool(t *testing.T) {
	dir, s, got := t.TempDir(), noticeLog{}, &flowtest.Collect{}
	in := io.MultiReader(strings.NewReader(items(0, 3)[:250]), iotest.ErrReader(errors.New("connection reset")))
	p := &Poll{Client: responses(in), Instance: gate(), Once: true, Spool: open(t, dir),
		UnwrittenDirs: []string{t.TempDir()}, Notify: s.notify}
	err := p.Run(t.Context(), got)
	if !says(err, "connection reset") {
		t.Errorf("got %v", err)
	}
	equal(t, "out", got.Payloads(), payloads(0, 1))
	emptyDir(t, dir)
}

func TestSpoolFolderIsRemoved(t *testing.T) {
	for _, fail := range []error{nil, event.ErrStop, errFull} {
		dir, keep, s := filepath.Join(t.TempDir(), "spool"), t.TempDir(), noticeLog{}
		spool := open(t, dir)
		client := before{responses(items(0, 5), items(5, 6)), func() { os.RemoveAll(dir) }}
		got := &flowtest.Collect{Err: fail, At: 3}
		p := &Poll{Client: client, Instance: gate(), Spool: spool, UnwrittenDirs: []string{keep}, Notify: s.notify}
		err := p.Run(t.Context(), got)
		if fail == errFull {
			if err != errFull || s.of(event.Warning, "cannot use the spool") != 1 {
				t.Errorf("got %v, notices %v", err, s.all)
			}
		} else if !says(err, "cannot use the spool "+dir) || s.of(event.Ended, "cannot use the spool") != 1 {
			t.Errorf("%v: got %v, notices %v", fail, err, s.all)
		}
		switch fail {
		case nil:
			equal(t, "put", got.Payloads(), payloads(0, 5))
		case event.ErrStop:
			equal(t, "saved", unwrittenLines(t, keep), payloads(2, 5))
		default: // an error that does not say how many were written
			equal(t, "saved", unwrittenLines(t, keep), payloads(0, 5))
		}
	}
}

// before is a client that calls a function before each request.
type before struct {
	Client
	do func()
}

func (b before) Drain(ctx context.Context, id string, types []string) (io.ReadCloser, error) {
	b.do()
	return b.Client.Drain(ctx, id, types)
}

func TestRunEndsDuringLeftover(t *testing.T) {
	dir := t.TempDir()
	for n := range 3 {
		leave(t, dir, fmt.Sprintf("20261125T110500.00000000%dZ-000001-%s.json", n, gateID), items(3*n, 3*n+3))
	}
	ctx, cancel := context.WithCancel(t.Context())
	got := &flowtest.Collect{OnPut: func(n int) {
		if n == 2 {
			cancel()
		}
	}}
	p := &Poll{Client: responses(errors.New("request after the end")), Instance: gate(), Spool: open(t, dir)}
	if err := p.Run(ctx, got); err != context.Canceled {
		t.Errorf("got %v", err)
	}
	equal(t, "the file in hand", got.Payloads(), payloads(0, 3))
	if n := len(files(t, dir, "*.json")); n != 2 {
		t.Errorf("%d files are left", n)
	}
}
