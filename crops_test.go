package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"io/fs"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rtev/rtev/internal/simulator"
)

// TestTwoProcessesSaveIntoOneFolder runs two processes on the same capture and
// folder at the same time. Both use the same name for every picture, so each
// picture must exist twice, complete, under the printed names.
func TestTwoProcessesSaveIntoOneFolder(t *testing.T) {
	capture, pictures := cropsCapture(t, 400)
	dir := t.TempDir()
	var commands []*exec.Cmd
	var inputs []io.Writer
	var outputs [2]bytes.Buffer
	for i := range outputs {
		c := command(t, nil, "crops", "-", "-d", dir)
		c.Stdout = &outputs[i]
		in, err := c.StdinPipe()
		check(t, err)
		check(t, c.Start())
		commands, inputs = append(commands, c), append(inputs, in)
	}
	if _, err := io.Copy(io.MultiWriter(inputs...), bytes.NewReader(capture)); err != nil {
		t.Error(err)
	}
	for i, c := range commands {
		if err := inputs[i].(io.Closer).Close(); err != nil {
			t.Error(err)
		}
		if err := c.Wait(); err != nil {
			t.Errorf("process %d: %v", i, err)
		}
	}
	said := map[string]bool{}
	for _, path := range strings.Split(strings.TrimSpace(outputs[0].String()+outputs[1].String()), "\n") {
		if said[path] {
			t.Errorf("%s was printed twice", path)
		}
		said[path] = true
	}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		pictures[sha256.Sum256(data)] -= 1
		if !said[path] {
			t.Errorf("%s was not printed", path)
		}
		delete(said, path)
		return err
	})
	check(t, err)
	for path := range said {
		t.Errorf("%s does not exist", path)
	}
	for sum, n := range pictures {
		if n != 0 {
			t.Errorf("of the picture %x, %d files are missing", sum[:4], n)
		}
	}
}

// cropsCapture returns a recorded stream of n crops, and how many files of each
// picture two processes must write.
func cropsCapture(t *testing.T, n int) (capture []byte, pictures map[[sha256.Size]byte]int) {
	t.Helper()
	server, err := simulator.New(simulator.Options{Seed: 1, Rate: simulator.Max, Count: n, Instances: simulator.Fleet(1)})
	check(t, err)
	defer server.Close()
	web := httptest.NewServer(server)
	defer web.Close()
	resp, err := web.Client().Get(web.URL + "/v1/core/instance/" + ids(server)[0] + "/consume_events_sse?events=crop")
	check(t, err)
	defer resp.Body.Close()
	if capture, err = io.ReadAll(resp.Body); err != nil {
		t.Fatal(err)
	}
	pictures = map[[sha256.Size]byte]int{}
	for line := range bytes.Lines(capture) {
		data, ok := bytes.CutPrefix(line, []byte("data: "))
		if !ok {
			continue
		}
		var crop struct{ Image string }
		check(t, json.Unmarshal(data, &crop))
		picture, err := base64.StdEncoding.DecodeString(crop.Image)
		check(t, err)
		pictures[sha256.Sum256(picture)] += 2
		n--
	}
	if n != 0 {
		t.Fatalf("%d crops are missing", n)
	}
	return capture, pictures
}
