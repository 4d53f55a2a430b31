package stats

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
)

// TestCSVNamesAsInTail checks that stats writes a name as rtev tail does.
func TestCSVNamesAsInTail(t *testing.T) {
	for _, name := range []string{"Gate", "-7.5", "=1+1", "-1e3", "+4", "@home", `a"b,c`, "two\nlines",
		"\x1b[2Jred", "東門", "a\u202eb"} {
		for _, terminal := range []bool{false, true} {
			in := &event.Instance{ID: "i1", Name: name}
			c := New(Options{Recorded: true})
			newFeed(t, c, in).put("track", 0, "")
			var got bytes.Buffer
			check(t, CSV(&got, terminal)(c.Snapshot("")))
			ev, err := event.New("track", []byte(trackPayload), in)
			check(t, err)
			tail := string(format.NewCSV(format.CSVOptions{Terminal: terminal}).AppendEvent(nil, ev))
			_, rest, _ := strings.Cut(tail, "track,")
			written, _, _ := strings.Cut(rest, ",Person,")
			if !strings.Contains(got.String(), ",i1,"+written+",,recorded,") {
				t.Errorf("terminal %v: tail writes %q for %q, stats:\n%s", terminal, written, name, got.String())
			}
		}
	}
}
