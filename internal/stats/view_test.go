package stats

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
	"github.com/rtev/rtev/internal/jsonraw"
	"github.com/rtev/rtev/internal/term"
)

// screen is a simple terminal. It knows the escape sequences that a View sends,
// and fails the test on any other.
type screen struct {
	t             *testing.T
	width, height int
	above         []string // the scrollback
	rows          [][]rune // of the window
	x, y          int
	writes        int
}

func newScreen(t *testing.T, width, height int) *screen {
	return &screen{t: t, width: width, height: height, rows: make([][]rune, height)}
}

func (s *screen) Write(p []byte) (int, error) {
	s.writes++
	for text := string(p); text != ""; {
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case r == '\x1b':
			text = s.escape(text)
			continue
		case r == '\n':
			s.x = 0
			s.down()
		case r == '\r':
			s.x = 0
		case r < ' ' || r == 0x7f:
			s.t.Fatalf("control character %q", r)
		default:
			s.put(r)
		}
		text = text[n:]
	}
	return len(p), nil
}

func (s *screen) down() {
	if s.y++; s.y == s.height {
		s.above = append(s.above, string(s.rows[0]))
		s.rows = append(s.rows[1:], nil)
		s.y--
	}
}

func (s *screen) put(r rune) {
	if s.x >= s.width {
		s.x = 0
		s.down()
	}
	for len(s.rows[s.y]) <= s.x {
		s.rows[s.y] = append(s.rows[s.y], ' ')
	}
	s.rows[s.y][s.x] = r
	s.x++
}

func (s *screen) escape(text string) string {
	i := strings.IndexAny(text, "AHJKm")
	if i < 2 || text[1] != '[' || strings.Trim(text[2:i], "0123456789;") != "" {
		s.t.Fatalf("unknown escape sequence %.12q", text)
	}
	switch n, _ := strconv.Atoi(text[2:i]); text[i] {
	case 'A':
		s.y = max(0, s.y-n)
	case 'H':
		s.x, s.y = 0, 0
	case 'K':
		s.rows[s.y] = s.rows[s.y][:min(s.x, len(s.rows[s.y]))]
	case 'J':
		s.rows[s.y] = s.rows[s.y][:min(s.x, len(s.rows[s.y]))]
		clear(s.rows[s.y+1:])
	}
	return text[i+1:]
}

// narrow makes the window narrower and wraps lines that no longer fit.
func (s *screen) narrow(width int) {
	var rows [][]rune
	at := 0
	for i, r := range s.rows {
		if i == s.y {
			at = len(rows)
		}
		for len(r) > width {
			rows, r = append(rows, r[:width:width]), r[width:]
		}
		rows = append(rows, r)
	}
	for len(rows) > s.height && at < len(rows)-1 && len(rows[len(rows)-1]) == 0 { // empty rows below the cursor go first
		rows = rows[:len(rows)-1]
	}
	for len(rows) > s.height {
		s.above, rows, at = append(s.above, string(rows[0])), rows[1:], at-1
	}
	s.rows, s.y, s.width = rows, at, width
}

// lines returns the scrollback and the window, without empty lines at the end.
func (s *screen) lines() []string {
	all := append([]string(nil), s.above...)
	for _, r := range s.rows {
		all = append(all, strings.TrimRight(string(r), " "))
	}
	for len(all) > 0 && all[len(all)-1] == "" {
		all = all[:len(all)-1]
	}
	return all
}

func (s *screen) text() string { return strings.Join(s.lines(), "\n") }

// snapshotOf returns a snapshot of n instances.
func snapshotOf(n int, name func(i int) string) *Snapshot {
	c := New(Options{})
	for i := range n {
		in := &event.Instance{ID: fmt.Sprint("id", i), Name: name(i), Server: "http://nvr1:3546", Order: i}
		c.Expect(in)
		s := c.Sink(unfiltered)
		for j, payload := range []string{trackPayload, `{"$id":"event-intrusion","event_id":"e","area_name":"Yard"}`,
			`{"$id":"statistics","current_framerate":10,"source_framerate":25,"dropped_frames_count":3}`} {
			ev, err := event.New("", []byte(payload), in)
			if err != nil {
				panic(err)
			}
			ev.Received = time.Now().Add(time.Duration(j) * time.Millisecond)
			for range 1 + i {
				_ = s.Put(ev)
			}
		}
		c.Notice(event.Notice{Kind: event.Skipped, Instance: in})
	}
	return c.Snapshot("")
}

// frames returns how many reports begin in text.
func frames(text string) (n int) {
	for line := range strings.SplitSeq(text, "\n") {
		if strings.HasPrefix(line, "stats  ") || strings.HasPrefix(line, "total  ") {
			n++
		}
	}
	return n
}

func camera(i int) string { return fmt.Sprintf("Camera %d", i+1) }

func TestFramesFitWindow(t *testing.T) {
	for _, size := range [][2]int{{80, 24}, {140, 50}, {40, 10}, {20, 5}, {10, 3}, {1, 1}, {300, 100}} {
		for _, n := range []int{0, 1, 12, 200} {
			s := newScreen(t, size[0], size[1])
			fmt.Fprint(s, "$ rtev stats\n")
			v := NewView(s, func() (int, int) { return size[0], size[1] }, true)
			snap := snapshotOf(n, camera)
			for range 3 {
				check(t, v.Print(snap))
			}
			if s.writes != 4 {
				t.Errorf("%v: %d writes for three frames", size, s.writes-1)
			}
			if got := frames(s.text()); size[0] > 20 && got != 1 {
				t.Errorf("%v with %d instances: %d frames on the screen:\n%s", size, n, got, s.text())
			}
			if lines := s.lines(); lines[0] != "$ rtev stats"[:min(12, size[0])] {
				t.Errorf("%v: the line above is now %q", size, lines[0])
			}
		}
	}
}

func TestFrameSaysHowMuchItLeavesOut(t *testing.T) {
	for _, tc := range []struct {
		width, height, instances int
		want                     []string
	}{
		{80, 24, 1, []string{"Camera 1", ": 1 record skipped", "event-intrusion", "statistics", "track"}},
		{80, 24, 12, []string{"Camera 1 ", "Camera 12", "… 21 more lines"}},
		{140, 50, 12, []string{"Camera 1 ", "Camera 12", "MAX", "track  "}},
		{80, 10, 12, []string{"… 35 more lines"}},
	} {
		s := newScreen(t, tc.width, tc.height)
		v := NewView(s, func() (int, int) { return tc.width, tc.height }, false)
		check(t, v.Print(snapshotOf(tc.instances, camera)))
		for _, want := range tc.want {
			if !strings.Contains(s.text(), want) {
				t.Errorf("%dx%d with %d: no %q in\n%s", tc.width, tc.height, tc.instances, want, s.text())
			}
		}
	}
}

func TestTotalIsPrintedWhole(t *testing.T) {
	s := newScreen(t, 80, 10)
	v := NewView(s, func() (int, int) { return 80, 10 }, false)
	snap := snapshotOf(40, camera)
	check(t, v.Print(snap))
	snap.Record = "total"
	check(t, v.Print(snap))
	lines := s.lines()
	at := 0
	for i := range 40 {
		for at < len(lines) && !strings.HasPrefix(lines[at], camera(i)+" ") {
			at++
		}
		if at == len(lines) {
			t.Fatalf("no row for %s in\n%s", camera(i), s.text())
		}
	}
	if frames(s.text()) != 1 || strings.Contains(s.text(), "more") || !strings.HasPrefix(lines[len(lines)-1], "track ") {
		t.Errorf("the last line is not the last type, or something was left out:\n%s", s.text())
	}
}

func TestViewFollowsResize(t *testing.T) {
	for _, sizes := range [][][2]int{{{80, 24}, {60, 24}, {40, 24}}, {{80, 24}, {140, 24}, {80, 24}},
		{{140, 24}, {70, 24}}} {
		s := newScreen(t, sizes[0][0], sizes[0][1])
		fmt.Fprint(s, "before\n")
		size := sizes[0]
		v := NewView(s, func() (int, int) { return size[0], size[1] }, false)
		for _, size = range sizes {
			if size[0] < s.width {
				s.narrow(size[0])
			}
			s.width = size[0]
			check(t, v.Print(snapshotOf(1, camera)))
		}
		s.above = nil
		if n := frames(s.text()); n != 1 {
			t.Errorf("%v: %d frames in the window:\n%s", sizes, n, s.text())
		}
	}
}

func TestViewNotices(t *testing.T) {
	s := newScreen(t, 80, 24)
	v := NewView(s, func() (int, int) { return 80, 24 }, false)
	snap := snapshotOf(1, camera)
	print := func() {
		check(t, v.Print(snap))
	}
	v.Notice("before the first frame")
	print()
	v.Notice("connection lost: \x1b[2J")
	if frames(s.text()) != 1 {
		t.Errorf("the frame is gone:\n%s", s.text())
	}
	for i := range 200 {
		v.Notice(fmt.Sprint("notice ", i))
	}
	print()
	snap.Record = "total"
	print()
	v.Notice("after the end")
	lines := s.lines()
	if lines[0] != "before the first frame" || lines[1] != `connection lost: \x1b[2J` ||
		lines[len(lines)-1] != "after the end" {
		t.Errorf("\n%s", s.text())
	}
	if frames(s.text()) != 1 || strings.Count(s.text(), "notice ") != 200 {
		t.Errorf("\n%s", s.text())
	}
}

func TestHostileNames(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	names := []string{"\x1b[2J\x1b]0;x\x07", "a\r\nstats  0 s", "\u202egpj", "\u009b31m", "\xff\xfe", "\xfe\xfd",
		"前門 👩‍👩‍👧 e\u0301", long, "=1+1", `a"b,c`, "\x00"}
	in := func(i int) *event.Instance {
		return &event.Instance{ID: names[i], Name: names[i], Server: "http://h" + names[i], Order: i}
	}
	c := New(Options{By: event.MustPath("v")})
	f := NewFields()
	for i, name := range names {
		quoted := string(jsonraw.AppendQuoted(nil, name))
		payload := `{"$id":"event-intrusion","event_id":NAME,"area_name":NAME,"v":NAME}`
		sample := flowtest.Sample{Payload: strings.ReplaceAll(payload, "NAME", quoted)}
		for _, sample := range append(flowtest.Hostile(), sample) {
			ev := flowtest.Event(t, "", sample.Payload)
			ev.Instance, ev.Received = in(i), time.Now()
			check(t, c.Sink(unfiltered).Put(ev))
			check(t, f.Put(ev))
		}
		c.Notice(event.Notice{Kind: event.Skipped, Instance: in(i)})
	}
	snap := c.Snapshot("total")
	var text, ndjson, rows, prom, fields bytes.Buffer
	s := newScreen(t, 80, 24) // fails on control characters
	for _, p := range []Printer{NewView(s, func() (int, int) { return 80, 24 }, true).Print, Text(&text, false),
		NDJSON(&ndjson), CSV(&rows, true), Prom(&prom)} {
		if err := p(snap); err != nil {
			t.Error(err)
		}
	}
	for _, err := range []error{f.Write(&fields, "text", false, false), f.Write(&fields, "ndjson", false, false),
		f.Write(&fields, "csv", true, false)} {
		if err != nil {
			t.Error(err)
		}
	}
	for name, out := range map[string]string{"text": text.String(), "ndjson": ndjson.String(),
		"csv": rows.String(), "prom": prom.String(), "fields": fields.String()} {
		for line := range strings.SplitSeq(out, "\n") {
			if term.Safe(line) != line {
				t.Errorf("%s: %.300q", name, line)
			}
		}
		if strings.Contains(out, strings.Repeat("x", maxValue+1)) {
			t.Errorf("%s holds a giant", name)
		}
	}
	if n := frames(text.String()); n != 1 {
		t.Errorf("%d first lines in\n%s", n, text.String())
	}
}
