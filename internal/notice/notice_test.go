package notice

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/term"
)

// lines returns a printer, and a function that returns what it printed.
func lines() (*Printer, func() string) {
	var out strings.Builder
	p := New(func(_ term.Style, line string) { fmt.Fprintln(&out, line) })
	return p, out.String
}

// --quiet suppresses notices, but not those about lost data.
func TestQuietPrintsLoss(t *testing.T) {
	for quiet, want := range map[bool]string{
		true: "rtev: lost\nrtev: long\nrtev: gap\nrtev: 1 record skipped: longer than 64 MiB\n",
		false: "rtev: hello\nrtev: lost\nrtev: long\nrtev: bad\nrtev: gap\n" +
			"rtev: 2 records skipped: not a JSON object\nrtev: 1 record skipped: longer than 64 MiB\n",
	} {
		p, printed := lines()
		p.Quiet = quiet
		for _, notice := range []event.Notice{
			{Text: "hello"}, {Kind: event.Warning, Text: "lost"}, {Kind: event.Oversize, Text: "long"},
			{Kind: event.Skipped, Text: "bad"}, {Kind: event.Skipped, Text: "also bad"}, {Kind: event.Unfilled, Text: "gap"},
		} {
			p.Report(notice)
		}
		p.Close()
		if printed() != want {
			t.Errorf("quiet %t:\n%swant\n%s", quiet, printed(), want)
		}
	}
}

// That a stream's header is late is said on a terminal, and with -v.
func TestWaitingIsShownOnATerminal(t *testing.T) {
	for _, tc := range []struct {
		terminal, quiet bool
		level           int
		want            string
	}{
		{false, false, 0, ""},
		{true, false, 0, "rtev: waiting\n"},
		{false, false, 1, "rtev: waiting\n"},
		{true, true, 0, ""},
	} {
		p, printed := lines()
		p.Terminal, p.Quiet, p.Level = tc.terminal, tc.quiet, tc.level
		p.Report(event.Notice{Kind: event.Waiting, Text: "waiting"})
		if printed() != tc.want {
			t.Errorf("%+v: %q", tc, printed())
		}
	}
}

// What several instances of a server say within half a second is one line and a
// number.
func TestRepeatedNoticesAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, printed := lines()
		p.Many()
		lost := func(name, server string) {
			p.Report(event.Notice{Kind: event.Lost, Text: "lost",
				Instance: &event.Instance{Name: name, ID: name, Server: server}})
		}
		for _, name := range []string{"a", "b", "c"} {
			lost(name, "http://one")
		}
		lost("d", "http://two")
		time.Sleep(time.Second)
		synctest.Wait()
		lost("e", "http://one")
		lost("f", "http://one")
		p.Close()
		want := "rtev: a: lost\nrtev: d: lost\nrtev: the same for 2 more instances of http://one\n" +
			"rtev: e: lost\nrtev: the same for 1 more instance of http://one\n"
		if printed() != want {
			t.Errorf("got\n%s", printed())
		}
	})
}

// Of failed attempts the first is printed and, on a terminal, one in five minutes
// for each server.
func TestFailedAttemptsAreReportedAgain(t *testing.T) {
	for terminal, want := range map[bool]int{true: 3, false: 1} {
		synctest.Test(t, func(t *testing.T) {
			p, printed := lines()
			p.Terminal = terminal
			for range 22 {
				for _, id := range []string{"a", "b"} {
					p.Report(event.Notice{Kind: event.Retrying, Text: "refused",
						Instance: &event.Instance{ID: id, Server: "http://one"}})
				}
				time.Sleep(30 * time.Second)
			}
			if n := strings.Count(printed(), "refused"); n != want {
				t.Errorf("terminal %v: %d lines, want %d", terminal, n, want)
			}
		})
	}
}

func TestEnumerate(t *testing.T) {
	for names, want := range map[string]string{
		"Gate": "Gate", "Gate Dock": "Gate and Dock", "1 2 3 4 5 6": "1, 2, 3, 4, 5 and 6",
		"1 2 3 4 5 6 7 8 9": "1, 2, 3, 4, 5 and 4 more",
	} {
		if got := Enumerate(strings.Fields(names)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
