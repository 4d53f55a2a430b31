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
	check(t, os.WriteFile(path, []byte(`{"half":`), 0o644))
	open, err := eventsTo(path)
	check(t, err)
	to := open()
	for _, payload := range []string{`{"n":1}`, `{"n":2}`} {
		check(t, errors.Join(to.Put(flowtest.Event(t, "track", payload)), to.Flush()))
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
