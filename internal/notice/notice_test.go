package cmd

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
)

// --quiet suppresses notices, but not those about lost data.
func TestQuietPrintsLoss(t *testing.T) {
	for quiet, want := range map[bool]string{
		true:  "rtev: lost\nrtev: long\nrtev: 1 record skipped: longer than 64 MiB\n",
		false: "rtev: hello\nrtev: lost\nrtev: long\nrtev: bad\nrtev: 1 record skipped: not a JSON object\nrtev: 1 record skipped: longer than 64 MiB\n",
	} {
		var out bytes.Buffer
		n := newNotices(format.NewOutput(nil, &out), &app{quiet: quiet})
		for _, notice := range []event.Notice{{Text: "hello"}, {Kind: event.Warning, Text: "lost"}, {Kind: event.Oversize, Text: "long"}, {Kind: event.Skipped, Text: "bad"}} {
			n.report(notice)
		}
		n.close()
		if out.String() != want {
			t.Errorf("quiet %t:\n%swant\n%s", quiet, out.String(), want)
		}
	}
}

// That a stream's header is late is said on a terminal, and with -v.
func TestWaitingIsShownOnATerminal(t *testing.T) {
	for _, tc := range []struct {
		a    app
		want bool
	}{{app{}, false}, {app{env: env{errTTY: true}}, true}, {app{verbose: 1}, true}, {app{env: env{errTTY: true}, quiet: true}, false}} {
		var out bytes.Buffer
		n := newNotices(format.NewOutput(nil, &out), &tc.a)
		n.report(event.Notice{Kind: event.Waiting, Text: "waiting for Gate"})
		if strings.Contains(out.String(), "waiting for Gate") != tc.want {
			t.Errorf("%+v: %q", tc.a, out.String())
		}
	}
}
