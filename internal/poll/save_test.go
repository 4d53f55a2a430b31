package poll

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUnwrittenAppends(t *testing.T) {
	dir := t.TempDir()
	blocked := filepath.Join(dir, "file")
	check(t, os.WriteFile(blocked, nil, 0o600))
	w := NewUnwritten([]string{filepath.Join(blocked, "x"), filepath.Join(dir, "state", "rtev")}, "nats")
	first, err := w.Save([]byte(`{"n":1}`))
	check(t, err)
	second, err := w.Save([]byte(`{"n":2}`))
	if err != nil || second != first {
		t.Fatalf("%s then %s, %v", first, second, err)
	}
	w.Close()
	got, err := os.ReadFile(first)
	if err != nil || string(got) != "{\"n\":1}\n{\"n\":2}\n" || !strings.Contains(first, "state/rtev/unwritten-") {
		t.Errorf("%s: %q, %v", first, got, err)
	}
}

func TestUnwrittenWithoutFolderIsLost(t *testing.T) {
	_, err := NewUnwritten(nil, "nats").Save([]byte(`{}`))
	if !says(err, "lost: 1 drained item") {
		t.Errorf("got %v", err)
	}
}
