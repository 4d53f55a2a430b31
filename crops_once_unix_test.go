//go:build unix

package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// smallJPEG returns the base64 of a JPEG; different widths give different ones.
func smallJPEG(t *testing.T, width int) (data []byte, text string) {
	t.Helper()
	var b bytes.Buffer
	check(t, jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, width, 8)), nil))
	return b.Bytes(), base64.StdEncoding.EncodeToString(b.Bytes())
}

// drainOnce returns the address of a server whose queue holds one response with
// these payloads.
func drainOnce(t *testing.T, payloads ...string) string {
	t.Helper()
	var items []map[string]string
	for _, p := range payloads {
		var head struct {
			ID string `json:"$id"`
		}
		check(t, json.Unmarshal([]byte(p), &head))
		items = append(items, map[string]string{"dataType": head.ID, "jsonObject": p})
	}
	body, err := json.Marshal(items)
	check(t, err)
	url, _ := queue(t, string(body))
	return url
}

func cropPayload(image, event string) string {
	return fmt.Sprintf(`{"$id":"crop","instance_id":"%s","image":"%s","ref_event_id":"%s","confidence":0.5}`, camera,
		image, event)
}

func eventPayload(id, more string) string {
	return fmt.Sprintf(`{"$id":"event-intrusion","instance_id":"%s","event_id":"%s","area_name":"Dock","more":"%s"}`,
		camera, id, more)
}

// cropsOnce returns the command "rtev crops --once".
func cropsOnce(t *testing.T, server, dir string, more ...string) *exec.Cmd {
	t.Helper()
	args := append([]string{"crops", camera, "--once", "-s", server, "-d", dir}, more...)
	return command(t, []string{"XDG_STATE_HOME=" + filepath.Join(t.TempDir(), "state")}, args...)
}

// pictures counts the files below dir by content.
func pictures(t *testing.T, dir string) map[string]int {
	t.Helper()
	files := map[string]int{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasSuffix(path, ".tmp") { // a killed run leaves a temporary file
			return err
		}
		data, err := os.ReadFile(path)
		files[string(data)]++
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return files
}

// Everything that was drained and did not become a picture is appended to the file
// of --events-to: other events, crops that -w does not match, and crops without a
// complete picture.
func TestEventsToGetsOtherEvents(t *testing.T) {
	good, goodText := smallJPEG(t, 8)
	trailing, _ := smallJPEG(t, 16)
	trailing = append(trailing, "12345678"...)
	payloads := []string{
		eventPayload("e1", ""),
		cropPayload(goodText, "e1"),
		// no end marker
		cropPayload(base64.StdEncoding.EncodeToString(good[:len(good)-2]), "e1"),
		// a trailer instead
		cropPayload(base64.StdEncoding.EncodeToString(append(good[:len(good)-2:len(good)-2], "MAKER"...)), "e1"),
		// a picture with bytes after its end
		cropPayload(base64.StdEncoding.EncodeToString(trailing), "e1"),
		// not wanted
		strings.Replace(cropPayload(goodText, "e1"), `"confidence":0.5`, `"confidence":0.1`, 1),
		cropPayload("PGh0bWw+", "e9"),
	}
	var want strings.Builder
	want.WriteString("older\n")
	for _, i := range []int{0, 2, 3, 5, 6} {
		want.WriteString(payloads[i] + "\n")
	}
	dir, rest := t.TempDir(), filepath.Join(t.TempDir(), "rest.ndjson")
	if err := os.WriteFile(rest, []byte("older"), 0o644); err != nil { // the partial line of a killed run
		t.Fatal(err)
	}
	end := finish(t, cropsOnce(t, drainOnce(t, payloads...), dir, "--events-to", rest, "-w", "confidence > 0.2"))
	if end.code != 0 || strings.Count(end.errors, "is not saved") != 3 {
		t.Errorf("%+v", end)
	}
	got, err := os.ReadFile(rest)
	if err != nil || string(got) != want.String() {
		t.Errorf("got  %s\nwant %s", got, want.String())
	}
	if files := pictures(t, dir); len(files) != 2 || files[string(good)] != 1 || files[string(trailing)] != 1 {
		t.Errorf("%d pictures", len(files))
	}
	if end = finish(t, cropsOnce(t, drainOnce(t, payloads...), dir, "--events-to", "none")); end.code != 0 {
		t.Errorf("none: %+v", end)
	}
}

// If the last write to the file of --events-to fails, the response stays in the
// spool, and the next run delivers it.
func TestEventsToFailureKeepsResponse(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full here")
	}
	good, text := smallJPEG(t, 8)
	dir, spool, rest := t.TempDir(), filepath.Join(t.TempDir(), "spool"), filepath.Join(t.TempDir(), "rest.ndjson")
	server := drainOnce(t, eventPayload("e1", ""), cropPayload(text, "e1"))
	end := finish(t, cropsOnce(t, server, dir, "--spool", spool, "--events-to", "/dev/full"))
	if end.code != 5 || !strings.Contains(end.errors, "/dev/full: no space left") {
		t.Errorf("%+v", end)
	}
	if end := finish(t, cropsOnce(t, server, dir, "--spool", spool, "--events-to", rest)); end.code != 0 {
		t.Errorf("%+v", end)
	}
	got, err := os.ReadFile(rest)
	if err != nil || string(got) != eventPayload("e1", "")+"\n" || pictures(t, dir)[string(good)] == 0 {
		t.Errorf("got %s, %v", got, err)
	}
}

// If a run is killed while it writes the last events, the next run with the same
// spool delivers the complete response.
func TestSpoolSurvivesKilledCrops(t *testing.T) {
	var payloads []string
	var want []string
	long := strings.Repeat("x", 100_000) // more than fits into a pipe
	for i := range 5 {
		data, text := smallJPEG(t, 8*(i+1))
		id := fmt.Sprint("e", i)
		payloads = append(payloads, eventPayload(id, long), cropPayload(text, id))
		want = append(want, string(data))
	}
	server := drainOnce(t, payloads...)
	dir, spool, fifo := t.TempDir(), filepath.Join(t.TempDir(), "spool"), filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skip(err)
	}
	c := cropsOnce(t, server, dir, "-q", "--spool", spool, "--events-to", fifo)
	check(t, c.Start())
	reader, err := os.Open(fifo)
	check(t, err)
	defer reader.Close()
	if _, err := io.ReadFull(reader, make([]byte, 300_000)); err != nil { // now it is in the middle of the events
		t.Fatal(err)
	}
	check(t, c.Process.Kill())
	if err := c.Wait(); err == nil {
		t.Fatal("it ended before it was killed")
	}
	rest := filepath.Join(t.TempDir(), "rest.ndjson")
	if end := finish(t, cropsOnce(t, server, dir, "--spool", spool, "--events-to", rest)); end.code != 0 {
		t.Fatalf("%+v", end)
	}
	got, err := os.ReadFile(rest)
	if err != nil || strings.Count(string(got), "\n") != 5 {
		t.Errorf("%d events, %v", strings.Count(string(got), "\n"), err)
	}
	files := pictures(t, dir)
	for i, data := range want {
		if n := files[data]; n < 1 || n > 2 {
			t.Errorf("picture %d is there %d times", i, n)
		}
	}
}
