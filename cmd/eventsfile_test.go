package cmd

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
)

// The file is closed by Flush, whose error is the last chance to keep the
// drained response; what comes later is appended.
func TestEventsFileIsClosedByFlush(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rest")
	f, err := openEventsFile(path)
	if err != nil {
		t.Fatal(err)
	}
	put := func(payload string) {
		t.Helper()
		if err := f.Put(flowtest.Event(t, "track", payload)); err != nil {
			t.Fatal(err)
		}
	}
	for _, payload := range []string{`{"n":1}`, `{"n":2}`} {
		put(payload)
		if err := f.Flush(); err != nil || f.file != nil {
			t.Fatalf("%v, open: %v", err, f.file != nil)
		}
	}
	if got, err := os.ReadFile(path); err != nil || strings.Count(string(got), "\n") != 2 || !strings.Contains(string(got), `"n":1`) {
		t.Errorf("%s, %v", got, err)
	}
	put(`{"n":3}`)
	if err := errors.Join(f.lines.Flush(), f.file.Close()); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second close fails, and every later call
		if failed, ok := errors.AsType[*event.WriteError](f.Flush()); !ok || !errors.Is(failed, os.ErrClosed) {
			t.Errorf("got %v", failed)
		}
	}
	if err := f.Put(flowtest.Event(t, "track", `{}`)); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Put: %v", err)
	}
}

func TestEventsFileMustBeWritable(t *testing.T) {
	if _, err := openEventsFile(filepath.Join(t.TempDir(), "missing", "rest")); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "--events-to") {
		t.Errorf("got %v", err)
	}
}
