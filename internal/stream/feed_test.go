package stream

import (
	"context"
	"strings"
	"testing"

	"github.com/rtev/rtev/internal/flowtest"
)

// TestSinkIsFlushedBeforeEachRead also applies when more input is waiting: an
// event that a filter lets through once a minute must not wait for the next one.
func TestSinkIsFlushedBeforeEachRead(t *testing.T) {
	collect := &flowtest.Collect{}
	in := &feed{ctx: context.Background(), r: strings.NewReader("abc"), sink: collect}
	for range 3 {
		if err := collect.Put(flowtest.Event(t, "track", `{"a":1}`)); err != nil {
			t.Fatal(err)
		}
		if _, err := in.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		if collect.Pending() != 0 {
			t.Errorf("%d events wait", collect.Pending())
		}
	}
}
