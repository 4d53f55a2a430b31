//go:build unix

package crop

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
)

// victimDir is the environment variable with the folder for TestVictim, which
// runs in a process of its own.
const victimDir = "RTEV_TEST_VICTIM_DIR"

// TestVictim writes pictures until it is killed.
func TestVictim(t *testing.T) {
	path := os.Getenv(victimDir)
	if path == "" {
		t.Skip("only run by TestKillLeavesWholePictures")
	}
	var records flowtest.Collect
	s := NewSaver(mustOpen(t, path), Options{Location: time.UTC, Types: anyType, Where: anyCrop,
		Name: mustName(t, "{event}/{time}.jpg"), Meta: true, To: &records})
	p := jpegOf(t, 150, 150)
	fmt.Println("ready")
	for i := 0; ; i++ {
		check(t, s.Put(mustEvent(t, "crop", cropOf(p, ""))))
	}
}

func TestKillLeavesWholePictures(t *testing.T) {
	dir := t.TempDir()
	pictures := 0
	for kill := range 10 {
		killOne(t, dir)
		whole, left := 0, 0
		for name, data := range tree(t, dir) {
			switch {
			case strings.HasSuffix(name, ".jpg"):
				if _, err := inspect([]byte(data)); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				whole++
			case strings.HasSuffix(name, tempSuffix):
				left++
			}
		}
		if left > 2*(kill+1) { // a picture and its .json per kill
			t.Errorf("%d files are left behind", left)
		}
		pictures += whole
	}
	if pictures == 0 {
		t.Error("nothing was written")
	}
	for name := range tree(t, dir) {
		if strings.HasSuffix(name, tempSuffix) {
			old := time.Now().Add(-2 * staleAfter)
			check(t, os.Chtimes(filepath.Join(dir, name), old, old))
		}
	}
	mustOpen(t, dir)
	for _, name := range names(t, dir) {
		if strings.HasSuffix(name, tempSuffix) {
			t.Errorf("%s is still there", name)
		}
	}
}

// killOne starts a victim and kills it after a random time.
func killOne(t *testing.T, dir string) {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestVictim$", "-test.v")
	c.Env = append(os.Environ(), victimDir+"="+dir)
	out, err := c.StdoutPipe()
	check(t, err)
	check(t, c.Start())
	var seen []byte
	for b := make([]byte, 4096); !strings.Contains(string(seen), "ready"); {
		n, err := out.Read(b)
		if seen = append(seen, b[:n]...); err != nil {
			t.Fatalf("%v: %s", err, seen)
		}
	}
	time.Sleep(time.Duration(rand.IntN(50_000)) * time.Microsecond)
	check(t, c.Process.Kill())
	if err := c.Wait(); err == nil {
		t.Error("it ended before it was killed")
	}
}

// The full disk is a file system of 256 KiB, if the user may mount one.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	mount(t, dir)
	d := mustOpen(t, dir)
	var records flowtest.Collect
	s := NewSaver(d, Options{Location: time.UTC, Types: anyType, Where: anyCrop, Name: mustName(t, "{n}.jpg"), Meta: true,
		To: &records})
	p := jpegOf(t, 150, 150)
	var err error
	n := 0
	for ; err == nil && n < 1000; n++ {
		err = s.Put(mustEvent(t, "crop", cropOf(p, "")))
	}
	var failed *event.WriteError
	if !errors.As(err, &failed) || !errors.Is(err, syscall.ENOSPC) || failed.Written != n-1 {
		t.Fatalf("after %d: %v", n, err)
	}
	if err := s.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Close: %v", err)
	}
	pictures, jsons := 0, 0
	for name, data := range tree(t, dir) {
		switch filepath.Ext(name) {
		case ".jpg":
			pictures++
			if data != string(p) {
				t.Errorf("%s has %d bytes", name, len(data))
			}
		case ".json":
			jsons++
		default:
			t.Errorf("%s is left", name)
		}
	}
	if pictures != n-1 || jsons != n-1 || len(records.Taken()) != n-1 {
		t.Errorf("%d pictures, %d jsons and %d records of %d", pictures, jsons, len(records.Taken()), n-1)
	}
}
