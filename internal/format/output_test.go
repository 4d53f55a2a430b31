package format

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
)

func TestNoticesAreSafeLines(t *testing.T) {
	var talk bytes.Buffer
	o := NewOutput(io.Discard, &talk)
	o.Notice("lost \x1b[2J\ngate")
	o.Notice("reconnected")
	if got, want := talk.String(), "lost \\x1b[2J\\x0agate\nreconnected\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	NewOutput(io.Discard, nil).Notice("not written")
}

// Several writers and notices share a terminal; run under -race, too.
func TestWritersAndNoticesDoNotMixLines(t *testing.T) {
	var screen bytes.Buffer // not safe for concurrent use: the lock must be
	o := NewOutput(&screen, &screen)
	var wg sync.WaitGroup
	for i := range 4 {
		ev := flowtest.Event(t, "track", fmt.Sprintf(`{"n":%d,"pad":%q}`, i, strings.Repeat("x", 3000)))
		wg.Go(func() {
			w := NewWriter(NewNDJSON(NDJSONOptions{}), o)
			for range 100 {
				if err := w.Put(ev); err != nil {
					t.Error(err)
				}
				o.Notice("notice")
			}
			if err := w.Flush(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	n := map[byte]int{}
	for line := range strings.Lines(screen.String()) {
		n[line[0]]++
		if line != "notice\n" && !(strings.HasPrefix(line, "{") && strings.HasSuffix(line, "\"}\n")) {
			t.Fatalf("torn: %.80q", line)
		}
	}
	if n['{'] != 400 || n['n'] != 400 {
		t.Errorf("%v", n)
	}
}

// limited is a writer with space for a number of bytes, like a disk.
type limited struct {
	took bytes.Buffer
	left int
}

func (l *limited) Write(p []byte) (int, error) {
	n := min(len(p), l.left)
	l.took.Write(p[:n])
	if l.left -= n; n < len(p) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

// The disk is full after each number of bytes in turn: Written counts the complete
// lines on it, and nothing follows a torn one.
func TestWriteErrorCountsWholeLines(t *testing.T) {
	lines := []string{`{"area_name":"a"}`, `{"area_name":"two\nlines\n"}`, `{"area_name":""}`, `{}`,
		`{"area_name":"e"}`}
	var all bytes.Buffer
	put := func(o *Output) error {
		w := NewWriter(NewCSV(CSVOptions{Columns: columns(t, "area_name,_type")}), o)
		for i, line := range lines {
			if err := w.Put(flowtest.Event(t, "track", line)); err != nil {
				return err
			}
			if i == 1 { // two events have left: Written counts from here
				if err := w.Flush(); err != nil {
					return err
				}
			}
		}
		return w.Flush()
	}
	if err := put(NewOutput(&all, nil)); err != nil {
		t.Fatal(err)
	}
	records := []string{"area_name,_type\n", "a,track\n", "\"two\nlines\n\",track\n", ",track\n", ",track\n",
		"e,track\n"}
	if all.String() != strings.Join(records, "") {
		t.Fatalf("%q", all.String())
	}
	for left := range all.Len() {
		disk := &limited{left: left}
		o := NewOutput(disk, nil)
		err := put(o)
		var we *event.WriteError
		if !errors.As(err, &we) || !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("%d bytes: %v", left, err)
		}
		whole, end := -1, 0
		for end <= left {
			whole++
			end += len(records[whole])
		}
		if whole--; whole >= 2 {
			whole -= 2
		}
		if we.Written != max(0, whole) {
			t.Errorf("%d bytes: Written %d, want %d", left, we.Written, whole)
		}
		disk.left = 1000 // some space was freed
		if _, err := o.Write([]byte("more\n")); !errors.Is(err, syscall.ENOSPC) || disk.took.Len() != left {
			t.Errorf("%d bytes: written to after a failure: %v, %q", left, err, disk.took.String())
		}
	}
}

func TestWriteErrorCountsLinesWrittenWithoutFlush(t *testing.T) {
	ev := flowtest.Event(t, "track", `{"pad":"`+strings.Repeat("x", 10_000)+`"}`)
	disk := &limited{left: 15 * (len(ev.Payload) + 1)}
	w := NewWriter(NewNDJSON(NDJSONOptions{}), NewOutput(disk, nil))
	var err error
	puts := 0
	for err == nil {
		err = w.Put(ev)
		puts++
	}
	var we *event.WriteError
	if !errors.As(err, &we) || we.Written < 7 || we.Written > 15 ||
		we.Written != strings.Count(disk.took.String(), "\n") {
		t.Errorf("after %d puts: %v, %+v; %d lines came out", puts, err, we, strings.Count(disk.took.String(), "\n"))
	}
	if again := w.Flush(); again != err {
		t.Errorf("Flush after a failure: %v", again)
	}
	if again := w.Put(ev); again != err {
		t.Errorf("Put after a failure: %v", again)
	}
}

func TestHeaderIsWrittenOnce(t *testing.T) {
	var out bytes.Buffer
	o := NewOutput(&out, nil)
	a := NewWriter(NewCSV(CSVOptions{Columns: columns(t, "_type")}), o)
	b := NewWriter(NewCSV(CSVOptions{Columns: columns(t, "_type")}), o)
	for _, step := range []struct {
		do   func() error
		want string
	}{
		{a.Flush, "_type\n"},
		{b.Flush, "_type\n"},
		{func() error { return a.Put(flowtest.Event(t, "track", `{}`)) }, "_type\n"},
		{a.Flush, "_type\ntrack\n"},
		{func() error { return b.Put(flowtest.Event(t, "crop", `{}`)) }, "_type\ntrack\n"},
		{b.Flush, "_type\ntrack\ncrop\n"},
	} {
		if err := step.do(); err != nil || out.String() != step.want {
			t.Fatalf("%v, %q; want %q", err, out.String(), step.want)
		}
	}
}

type short struct{}

func (short) Write(p []byte) (int, error) { return len(p) / 2, nil }

func TestShortWriteIsAnError(t *testing.T) {
	w := NewWriter(NewNDJSON(NDJSONOptions{}), NewOutput(short{}, nil))
	if err := w.Put(flowtest.Event(t, "track", `{}`)); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); !errors.Is(err, io.ErrShortWrite) {
		t.Error(err)
	}
}

func TestWriterAllocatesNothingAndReleasesLargeBuffers(t *testing.T) {
	w := NewWriter(NewNDJSON(NDJSONOptions{}), NewOutput(io.Discard, nil))
	put := func(ev *event.Event) {
		if err := errors.Join(w.Put(ev), w.Flush()); err != nil {
			t.Fatal(err)
		}
	}
	small := flowtest.Event(t, "track", `{"n":1}`)
	put(flowtest.Event(t, "crop", `{"image":"`+strings.Repeat("A", 5<<20)+`"}`))
	if n := cap(w.lines); n > maxReused {
		t.Fatalf("a buffer of %d bytes is reused", n)
	}
	if n := testing.AllocsPerRun(1000, func() { put(small) }); n >= 1 {
		t.Errorf("%v allocations an event", n)
	}
}

func TestWriterGetsTheWidthOncePerBatch(t *testing.T) {
	asked, width := 0, 40
	var out bytes.Buffer
	enc := NewText(TextOptions{Time: Off, Width: func() int { asked++; return width }})
	asked = 0
	w := NewWriter(enc, NewOutput(&out, nil))
	ev := flowtest.Event(t, "event-area-enter", `{"area_name":"a place with a name that is longer than most lines"}`)
	for range 2 {
		out.Reset()
		for range 100 {
			if err := w.Put(ev); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if n := cellsOf(strings.TrimSuffix(line, "\n")); n != width {
				t.Fatalf("%d cells in a terminal of %d: %q", n, width, line)
			}
		}
		width = 60
	}
	if asked != 2 {
		t.Errorf("asked for the width %d times", asked)
	}
}
