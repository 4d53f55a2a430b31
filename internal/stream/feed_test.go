package stream

import (
	"context"
	"strings"
	"testing"

	"github.com/rtev/rtev/internal/flowtest"
)

// TestTheSinkIsFlushedBeforeEachRead also where much is there to read: what a
// filter lets through once a minute must not wait for more like it.
func TestTheSinkIsFlushedBeforeEachRead(t *testing.T) {
	sink := &flowtest.Collect{}
	in := &tap{ctx: context.Background(), r: strings.NewReader("abc"), sink: &feed{to: sink}}
	for range 3 {
		if err := sink.Put(flowtest.Event(t, "track", `{"a":1}`)); err != nil {
			t.Fatal(err)
		}
		if _, err := in.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if sink.Pending() != 0 {
			t.Errorf("%d events wait", sink.Pending())
		}
	}
}
