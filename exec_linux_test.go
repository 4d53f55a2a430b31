package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/rtev/rtev/internal/simulator"
)

// TestExecRecipes runs the commands with --exec in the guides, each until one
// event has passed, with a webhook, an MQTT broker and a stand-in for
// notify-send.
func TestExecRecipes(t *testing.T) {
	has(t, "curl")
	has(t, "mosquitto_pub")
	has(t, "mosquitto")
	hooks := &webhook{}
	receiver := httptest.NewServer(hooks)
	defer receiver.Close()
	port := freePort(t)
	broker := talk(t, "mosquitto", "-v", "-p", port)
	broker.until(`version .* (running)`)
	siren := exec.Command("mosquitto_sub", "-p", port, "-t", "siren/set", "-C", "1", "-W", "90")
	var played bytes.Buffer
	siren.Stdout = &played
	check(t, siren.Start())
	broker.until(`Received (SUBSCRIBE)`) // a later subscriber would miss the message

	server := start(t, simulator.Options{Seed: 1, Rate: 200, Instances: []simulator.Instance{{ID: camera, Name: "gate"}}})
	programs := t.TempDir()
	write(t, filepath.Join(programs, "notify-send"), "#!/bin/sh\necho \"notified: $*\"\n")
	check(t, os.Chmod(filepath.Join(programs, "notify-send"), 0o755))
	env := append(documentedEnv(t, server), "PATH="+programs+":"+programFolder(t)+":"+os.Getenv("PATH"),
		"no_proxy=127.0.0.1")
	here := strings.NewReplacer("http://hooks1", receiver.URL, "-h mqtt1", "-h 127.0.0.1 -p "+port,
		"rtev tail gate", "rtev tail gate -n 1", "rtev poll gate", "rtev poll gate --once -e '*-crossing'")
	var out strings.Builder
	for _, page := range guides(t) {
		for _, block := range blocks(t, page) {
			for line := range strings.Lines(block.text) {
				if block.language != "sh" || !strings.Contains(line, " --exec ") {
					continue
				}
				c := exec.Command("timeout", "90", "bash", "-c", here.Replace(line))
				c.Dir, c.Env = t.TempDir(), env
				text, err := c.CombinedOutput()
				if err != nil {
					t.Errorf("%s%v:\n%s", line, err, text)
				}
				out.Write(text)
			}
		}
	}
	if err := siren.Wait(); err != nil || played.String() != "ON\n" {
		t.Errorf("siren: %v, %q", err, played.String())
	}
	for _, want := range []string{"notified: -u critical Alarm: Person in ", "RTEV_TYPE=event-"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	if len(hooks.bodies) < 2 {
		t.Errorf("the webhook was called %d times", len(hooks.bodies))
	}
	for _, body := range hooks.bodies {
		var payload map[string]any
		if err := json.Unmarshal(body, &payload); err != nil || payload["instance_id"] != camera {
			t.Errorf("%v: %s", err, body)
		}
	}
}

// webhook records what was posted as JSON.
type webhook struct {
	mu     sync.Mutex
	bodies [][]byte
}

func (h *webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.URL.Path != "/rtev" || r.Header.Get("Content-Type") != "application/json" {
		w.WriteHeader(http.StatusBadRequest)
	}
	h.bodies = append(h.bodies, body)
}

// pipes makes named pipes in a folder, which becomes the folder of c.
func pipes(t *testing.T, c *exec.Cmd, names ...string) {
	t.Helper()
	c.Dir = t.TempDir()
	for _, name := range names {
		check(t, syscall.Mkfifo(filepath.Join(c.Dir, name), 0o600))
	}
}

// Ctrl-C in a terminal goes to the whole process group of rtev, but not to its
// commands: they may finish.
func TestInterruptDoesNotReachCommands(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, "data: {\"$id\":\"track\"}\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer server.Close()
	c := command(t, nil, "tail", "-s", server.URL, camera, "--exec",
		`sh -c 'echo >started; read line <go; echo "$line"'`)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var out, messages bytes.Buffer
	c.Stdout, c.Stderr = &out, &messages
	pipes(t, c, "started", "go")
	check(t, c.Start())
	if _, err := os.ReadFile(filepath.Join(c.Dir, "started")); err != nil {
		t.Fatal(err)
	}
	check(t, syscall.Kill(-c.Process.Pid, syscall.SIGINT))
	check(t, os.WriteFile(filepath.Join(c.Dir, "go"), []byte("finished\n"), 0))
	_ = c.Wait()
	if died(c) != syscall.SIGINT || out.String() != "finished\n" || messages.Len() > 0 {
		t.Errorf("%v, %q, %q", c.ProcessState, out.String(), messages.String())
	}
}

// tail dies of the signal even if commands failed.
func TestTailDiesOfSignalAfterFailedCommand(t *testing.T) {
	server := start(t, simulator.Options{Seed: 1, Instances: simulator.Fleet(1)})
	c, messages := following(t, `exec rtev tail -s "$1" --config none --exec 'sh -c "echo; exit 1"'`, server)
	check(t, c.Process.Signal(syscall.SIGTERM))
	_ = c.Wait()
	if died(c) != syscall.SIGTERM || !strings.Contains(messages.String(), "failed\n") {
		t.Errorf("%v, %q", c.ProcessState, messages)
	}
}

// kill -9 leaves no command behind, and the next run repeats what was not
// delivered.
func TestKillEndsCommandsAndKeepsSpool(t *testing.T) {
	var want []string
	for _, class := range []string{"a", "b", "c", "d", "e", "f"} {
		want = append(want, `{"$id":"track","instance_id":"`+camera+`","object_class":"`+class+`"}`)
	}
	url, _ := queue(t, "["+strings.Join(want, ",")+"]")
	run := func(program string, more ...string) *exec.Cmd {
		args := append([]string{"poll", "-q", "-s", url, camera, "--once", "--exec", program}, more...)
		return command(t, []string{"XDG_STATE_HOME=" + t.TempDir()}, args...)
	}
	first := run(`sh -c 'exec 3>alive; echo >&3; exec sleep 1000'`)
	pipes(t, first, "alive")
	spool := filepath.Join(first.Dir, "spool")
	first.Args = append(first.Args, "--spool", spool)
	check(t, first.Start())
	alive, err := os.Open(filepath.Join(first.Dir, "alive"))
	check(t, err)
	defer alive.Close()
	// Each of the four commands that run at once writes a byte. None is being started
	// then: between fork and exec it would hold the lock of the spool.
	if _, err := io.ReadFull(alive, make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	check(t, first.Process.Kill())
	_ = first.Wait()
	if _, err := io.ReadAll(alive); err != nil { // EOF comes when the last command has ended
		t.Fatal(err)
	}
	end := finish(t, run("cat", "--spool", spool))
	got := slices.Sorted(strings.Lines(end.out)) // commands run at the same time
	if end.code != 0 || !slices.Equal(trimmed(got), want) {
		t.Errorf("%+v, want %q", end, want)
	}
}
