package stream

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/rtev/rtev/internal/flowtest"
)

// stored is a reader that says how much of it needs no waiting.
type stored struct {
	io.Reader
	ready int
}

func (s *stored) Buffered() int { return s.ready }

func TestTheSinkIsFlushedOnlyBeforeAReadThatMayWait(t *testing.T) {
	sink := &flowtest.Collect{}
	from := &stored{Reader: strings.NewReader("abc")}
	in := &tap{ctx: context.Background(), r: from, sink: &feed{to: sink}}
	put := func() {
		if err := sink.Put(flowtest.Event(t, "track", `{"a":1}`)); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct{ ready, pending int }{{1, 1}, {1, 2}, {0, 0}, {7, 1}} {
		put()
		from.ready = step.ready
		if _, err := in.Read(make([]byte, 1)); err != nil && err != io.EOF {
			t.Fatal(err)
		}
		if sink.Pending() != step.pending {
			t.Errorf("%d bytes ready: %d events wait, want %d", step.ready, sink.Pending(), step.pending)
		}
	}
}
