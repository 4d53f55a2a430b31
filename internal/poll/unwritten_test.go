package poll

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
)

// readers are ways in which a response may arrive.
var readers = map[string]func(io.Reader) io.Reader{
	"whole":     func(r io.Reader) io.Reader { return r },
	"bytewise":  iotest.OneByteReader,
	"then dead": func(r io.Reader) io.Reader { return io.MultiReader(r, iotest.ErrReader(io.ErrUnexpectedEOF)) },
}

func TestOutputFailsAfterEveryByte(t *testing.T) {
	const events = 3
	whole := strings.Join(payloads(0, events), "\n") + "\n"
	for how, read := range readers {
		for _, full := range []int{0, 1, 300} { // bytes of the sink's batch
			for k := range len(whole) {
				dir, out := fastDir(t), &disk{left: k}
				sink, s := &lines{out: out, full: full}, noticeLog{}
				p := &Poll{Client: responses(read(strings.NewReader(items(0, events)))), Instance: gate(),
					UnwrittenDirs: []string{dir}, Notify: s.notify}
				if err := p.Run(t.Context(), sink); err != sink.err || err == nil {
					t.Fatalf("%s, batch %d, %d bytes: got %v, want the sink's own", how, full, k, err)
				}
				equal(t, fmt.Sprintf("%s, batch %d, %d bytes", how, full, k),
					append(completeLines(out.String()), unwrittenLines(t, dir)...), payloads(0, events))
				name := files(t, dir, "*")
				if len(name) != 1 || s.of(event.Warning, "not printed: saved in "+name[0]) != 1 {
					t.Fatalf("files %v, notices %v", name, s.all)
				}
				if how == "then dead" && s.of(event.Lost, "cut off") != 1 {
					t.Fatalf("the cut was not reported: %v", s.all)
				}
			}
		}
	}
}

func TestErrStopAfterEveryEvent(t *testing.T) {
	const events = 7
	for how, read := range readers {
		for n := 1; n <= events; n++ {
			dir, out := t.TempDir(), &strings.Builder{}
			p := &Poll{Client: responses(read(strings.NewReader(items(0, events)))), Instance: gate(),
				UnwrittenDirs: []string{dir}, Once: true}
			err := p.Run(t.Context(), &lines{out: out, most: n})
			if n < events && err != event.ErrStop || n == events && err != nil && !says(err, "cut off") {
				t.Fatalf("%s, %d: got %v", how, n, err)
			}
			equal(t, "out", completeLines(out.String()), payloads(0, n))
			equal(t, "saved", unwrittenLines(t, dir), payloads(n, events))
			if n == events && len(files(t, dir, "*")) > 0 {
				t.Error("a file without need")
			}
		}
	}
}

func TestErrStopThenFullDisk(t *testing.T) {
	dir, out := t.TempDir(), &disk{left: 200}
	p := &Poll{Client: responses(items(0, 5)), Instance: gate(), UnwrittenDirs: []string{dir}}
	if err := p.Run(t.Context(), &lines{out: out, most: 3}); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
	equal(t, "out and saved", append(completeLines(out.String()), unwrittenLines(t, dir)...), payloads(0, 5))
}

func TestUnwrittenEventsAreFiltered(t *testing.T) {
	dir, out := t.TempDir(), &disk{left: 300}
	odd := func(ev *event.Event) bool { return ev.Get("n").Int()%2 == 1 }
	p := &Poll{Client: responses(items(0, 20)), Instance: gate(), UnwrittenDirs: []string{dir}, Match: odd}
	err := p.Run(t.Context(), &lines{out: out})
	var want []string
	for n := 1; n < 20; n += 2 {
		want = append(want, payload(n))
	}
	equal(t, fmt.Sprint(err), append(completeLines(out.String()), unwrittenLines(t, dir)...), want)
}

func TestErrorWithoutCountSavesEverything(t *testing.T) {
	for name, sink := range map[string]*flowtest.Collect{
		"put": {Err: errFull, At: 3}, "flush": {FlushErr: errFull}, "stop from a flush": {FlushErr: event.ErrStop},
		"wrong count": {Err: &event.WriteError{Err: errFull, Written: -7}, At: 3},
	} {
		dir := t.TempDir()
		p := &Poll{Client: responses(items(0, 5)), Instance: gate(), UnwrittenDirs: []string{dir}}
		if err := p.Run(t.Context(), sink); err != sink.Err && err != sink.FlushErr {
			t.Errorf("%s: %v", name, err)
		}
		equal(t, name, unwrittenLines(t, dir), payloads(0, 5))
	}
}

func TestUnwrittenFileNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // time does not advance, so that names are equal
		dir := filepath.Join(t.TempDir(), "state", "rtev")
		blocked := filepath.Join(t.TempDir(), "file")
		check(t, os.WriteFile(blocked, nil, 0o600))
		for range 3 {
			p := &Poll{Client: responses(items(0, 2)), Instance: &event.Instance{ID: "../\x00é 1"},
				UnwrittenDirs: []string{filepath.Join(blocked, "x"), dir}}
			if err := p.Run(t.Context(), &flowtest.Collect{Err: errFull, At: 1}); err != errFull {
				t.Fatal(err)
			}
		}
		names := files(t, dir, "unwritten-20000101T000000.000Z-..%2F%00%C3%A9+1-*.ndjson")
		if len(names) != 3 || len(files(t, dir, "*")) != 3 {
			t.Errorf("files %v", files(t, dir, "*"))
		}
		for _, f := range names {
			if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%v, %v", info.Mode(), err)
			}
		}
	})
}

func TestNoFolderForUnwrittenEvents(t *testing.T) {
	blocked := filepath.Join(t.TempDir(), "file")
	check(t, os.WriteFile(blocked, nil, 0o600))
	for _, dirs := range [][]string{nil, {blocked, blocked + "/x"}} {
		for _, fail := range []error{errFull, event.ErrStop} {
			var s noticeLog
			p := &Poll{Client: responses(items(0, 5)), Instance: gate(), UnwrittenDirs: dirs, Notify: s.notify}
			err := p.Run(t.Context(), &flowtest.Collect{Err: fail, At: 2})
			want := map[error]int{errFull: 5, event.ErrStop: 4}[fail]
			if !says(err, fmt.Sprintf("lost: %d drained items", want)) || errors.Is(err, event.ErrStop) ||
				errors.Is(err, errFull) != (fail == errFull) {
				t.Errorf("%v: got %v", fail, err)
			}
			if s.of(event.Warning, fmt.Sprintf("lost: %d drained items", want)) != 1 {
				t.Errorf("notices %v", s.all)
			}
		}
	}
}
