package cmd

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rtev/rtev/internal/flowtest"
)

// An error of the disk at a Flush is the last chance to keep the drained response.
func TestEventsFileIsSyncedByFlush(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rest")
	if err := os.WriteFile(path, []byte(`{"half":`), 0o644); err != nil {
		t.Fatal(err)
	}
	open, err := eventsTo(path)
	if err != nil {
		t.Fatal(err)
	}
	to := open()
	for _, payload := range []string{`{"n":1}`, `{"n":2}`} {
		if err := errors.Join(to.Put(flowtest.Event(t, "track", payload)), to.Flush()); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || !regexp.MustCompile(`^{"half":\n{.*"n":1}\n{.*"n":2}\n$`).Match(got) {
		t.Errorf("%s, %v", got, err)
	}
	to.(eventsFile).file.Close()
	if err := to.Flush(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

func TestEventsFileMustBeWritable(t *testing.T) {
	if _, err := eventsTo(filepath.Join(t.TempDir(), "missing", "rest")); !errors.Is(err, os.ErrNotExist) ||
		!strings.Contains(err.Error(), "--events-to") {
		t.Errorf("got %v", err)
	}
}
