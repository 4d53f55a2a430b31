package poll

import (
	"cmp"
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
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
)

const gateID = "899c89f9-90c3-c633-8586-8f09b005ebed"

func gate() *event.Instance {
	return &event.Instance{ID: gateID, Name: "Gate", Server: "http://nvr1:3546"}
}

// check ends the test if err is not nil.
func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// queue is a client that returns one response after the other: a string, a
// reader, an error, or nil for 204. After the last one it waits for ctx.
type queue struct {
	mu       sync.Mutex
	pending  []any
	requests []time.Time
	types    []string
	busy     bool
	overlap  bool
}

func responses(a ...any) *queue { return &queue{pending: a} }

func (q *queue) Drain(ctx context.Context, id string, types []string) (io.ReadCloser, error) {
	q.mu.Lock()
	q.requests, q.types = append(q.requests, time.Now()), types
	q.overlap = q.overlap || q.busy
	q.busy = true
	var next any = ctx
	if len(q.pending) > 0 {
		next, q.pending = q.pending[0], q.pending[1:]
	}
	q.mu.Unlock()
	switch a := next.(type) {
	case nil:
		q.free()
		return nil, nil
	case error:
		q.free()
		return nil, a
	case string:
		return body{strings.NewReader(a), q}, nil
	case io.Reader:
		return body{a, q}, nil
	}
	<-ctx.Done()
	q.free()
	return nil, ctx.Err()
}

func (q *queue) free() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy = false
}

type body struct {
	io.Reader
	q *queue
}

func (b body) Close() error { b.q.free(); return nil }

// noticeLog records notices.
type noticeLog struct {
	mu  sync.Mutex
	all []event.Notice
}

func (s *noticeLog) notify(n event.Notice) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, n)
}

// of counts the notices of a kind that contain a text.
func (s *noticeLog) of(k event.Kind, text string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range s.all {
		if x.Kind == k && strings.Contains(x.Text, text) {
			n++
		}
	}
	return n
}

// lines is a sink like the real writer: it writes lines at 64 KiB or at a Flush,
// and after a failure reports how many events were written completely.
type lines struct {
	out   io.Writer
	most  int // events taken; 0: no limit
	taken int
	buf   []byte
	ends  []int
	gone  int
	full  int // bytes of a batch; 0: 64 KiB
	err   error
}

func (l *lines) Put(ev *event.Event) error {
	if l.most > 0 && l.taken == l.most {
		return event.ErrStop
	}
	if l.err != nil {
		return l.err
	}
	l.taken++
	l.buf = append(append(l.buf, ev.Payload...), '\n')
	l.ends = append(l.ends, len(l.buf))
	if len(l.buf) < cmp.Or(l.full, 64<<10) {
		return nil
	}
	return l.write()
}

func (l *lines) write() error {
	n, err := l.out.Write(l.buf)
	for _, end := range l.ends {
		if end <= n {
			l.gone++
		}
	}
	l.buf, l.ends = l.buf[:0], l.ends[:0]
	if err != nil {
		l.err = &event.WriteError{Err: err, Written: l.gone}
	}
	return l.err
}

func (l *lines) Flush() error {
	if l.err == nil && len(l.buf) > 0 {
		_ = l.write()
	}
	if l.err == nil {
		l.gone = 0
	}
	return l.err
}

// disk is a writer that is full after so many bytes.
type disk struct {
	left int
	strings.Builder
}

// says reports whether err is an UndeliveredError with that text.
func says(err error, text string) bool {
	_, ok := errors.AsType[*UndeliveredError](err)
	return ok && strings.Contains(err.Error(), text)
}

// notJSON is what an error says about so many items that are not events.
func notJSON(n int) string { return drained(n) + " could not be printed: not a JSON object" }

var errFull = fmt.Errorf("no space left on device")

func (d *disk) Write(p []byte) (int, error) {
	n := min(len(p), d.left)
	d.left -= n
	d.Builder.Write(p[:n])
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

// completeLines returns the lines that have their line end.
func completeLines(text string) []string {
	all := strings.Split(text, "\n")
	return all[:len(all)-1]
}

// payload returns payload n of a series. item returns it as in a response.
func payload(n int) string {
	return fmt.Sprintf(`{"$id":"track","instance_id":"%s","n":%d,"name":"é\n%s"}`, gateID, n, strings.Repeat("x", n%50))
}

func item(payload string) string {
	return fmt.Sprintf(`{"dataType":"track","jsonObject":%s}`, jsonraw.AppendQuoted(nil, payload))
}

func items(from, to int) string {
	var all []string
	for n := from; n < to; n++ {
		all = append(all, item(payload(n)))
	}
	return "[" + strings.Join(all, ",") + "]"
}

func payloads(from, to int) (all []string) {
	for n := from; n < to; n++ {
		all = append(all, payload(n))
	}
	return all
}

// files returns the files in a folder that match a pattern.
func files(t testing.TB, dir, pattern string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, pattern))
	check(t, err)
	return all
}

// unwrittenLines returns the lines of all unwritten files in a folder.
func unwrittenLines(t testing.TB, dir string) (all []string) {
	t.Helper()
	for _, f := range files(t, dir, "unwritten-*.ndjson") {
		text, err := os.ReadFile(f)
		check(t, err)
		if len(text) == 0 || text[len(text)-1] != '\n' {
			t.Errorf("%s does not end in a complete line", f)
		}
		all = append(all, completeLines(string(text))...)
	}
	return all
}

func equal(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s: got %d lines %.1000q\nwant %d %.1000q", what, len(got), got, len(want), want)
	}
}

// emptyDir fails if a spool contains anything but the lock.
func emptyDir(t testing.TB, dir string) {
	t.Helper()
	for _, f := range files(t, dir, "*") {
		if filepath.Base(f) != "lock" {
			t.Errorf("%s is left", f)
		}
	}
}

// fastDir returns a folder in memory if the system has one. A sync costs
// nothing there, so that a test can try a failure at every byte.
func fastDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "rtev-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
