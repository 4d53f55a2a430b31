package main

import (
	"bufio"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/rtev/rtev/internal/simulator"
)

// startNATS starts a NATS server with a stream of a subject. stop kills it; stored
// returns the messages in the stream.
func startNATS(t *testing.T, subject string) (stop func(), url string, stored func() []string) {
	t.Helper()
	has(t, "nats-server")
	port := freePort(t)
	server := exec.Command("nats-server", "-a", "127.0.0.1", "-p", port, "-js", "-sd", t.TempDir())
	check(t, server.Start())
	stop = func() {
		server.Process.Kill() //nolint:errcheck // it may have ended
		server.Wait()         //nolint:errcheck // it was killed
	}
	t.Cleanup(stop)
	url = "nats://127.0.0.1:" + port
	nc, err := nats.Connect(url, nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1),
		nats.ReconnectWait(20*time.Millisecond))
	check(t, err)
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	check(t, err)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var stream jetstream.Stream
	for stream == nil { // until the server is there
		if stream, err = js.CreateStream(ctx, jetstream.StreamConfig{Name: "EVENTS",
			Subjects: []string{subject}}); ctx.Err() != nil {
			t.Fatal(err)
		}
	}
	stored = func() (bodies []string) {
		info, err := stream.Info(t.Context())
		check(t, err)
		for seq := info.State.FirstSeq; info.State.Msgs > 0 && seq <= info.State.LastSeq; seq++ {
			m, err := stream.GetMsg(t.Context(), seq)
			check(t, err)
			bodies = append(bodies, string(m.Data))
		}
		return bodies
	}
	return stop, url, stored
}

// recorded returns n events of the simulator, one per line.
func recorded(t *testing.T, n int) []string {
	t.Helper()
	_, server := simulate(t, simulator.Options{Seed: 1, Rate: simulator.Max, Instances: simulator.Fleet(1)})
	got := rtev(t, nil, "tail", "-s", server, "-o", "ndjson", "-n", fmt.Sprint(n), "-e", "!crop")
	if got.code != 0 {
		t.Fatalf("%+v", got)
	}
	return slices.Collect(strings.Lines(got.out))
}

// publish runs "rtev tail -" with the lines as input.
func publish(t *testing.T, lines []string, args ...string) result {
	t.Helper()
	c := command(t, []string{"XDG_STATE_HOME=" + t.TempDir()}, append([]string{"tail", "-"}, args...)...)
	c.Stdin = strings.NewReader(strings.Join(lines, ""))
	got := finish(t, c)
	if got.out != "" {
		t.Errorf("on standard output: %.100q", got.out)
	}
	return got
}

func trimmed(lines []string) (list []string) {
	for _, line := range lines {
		list = append(list, strings.TrimSuffix(line, "\n"))
	}
	return list
}

func TestToStoresEventsOnce(t *testing.T) {
	lines := recorded(t, 200)
	_, url, stored := startNATS(t, "rtev.>")
	for range 2 {
		got := publish(t, lines, "--to", url+"/rtev.{instance}.{type}")
		if got.code != 0 || !strings.Contains(got.errors, "published 200, acknowledged 200, refused 0") {
			t.Fatalf("%+v", got)
		}
	}
	if got := stored(); !slices.Equal(got, trimmed(lines)) {
		t.Errorf("%d messages are stored after two runs, want the 200 events once", len(got))
	}
}

// TestKilledToNATS is TestKilled with a broker instead of a pipe.
func TestKilledToNATS(t *testing.T) {
	_, url, stored := startNATS(t, "rtev.>")
	killed(t, stored, "--to", url+"/rtev.{type}")
}

func TestToShapesMessages(t *testing.T) {
	_, url, stored := startNATS(t, "rtev")
	line := `{"$id":"track","instance_id":"i","tracking_id":"t1","object_class":"Person"}` + "\n"
	for _, args := range [][]string{
		{"-c", "_track,class=object_class"},
		{"-o", "csv", "-c", "_track,object_class"},
		{"--template", "{object_class} {_track}"},
	} {
		if got := publish(t, []string{line}, append(args, "--to", url+"/rtev", "-q")...); got.code != 0 {
			t.Fatalf("%q: %+v", args, got)
		}
		line = strings.Replace(line, "t1", "t1x", 1) // another event: the same one is stored once
	}
	want := []string{`{"_track":"t1","class":"Person"}`, "t1x,Person", "Person t1xx"}
	if got := stored(); !slices.Equal(got, want) {
		t.Errorf("stored %q, want %q", got, want)
	}
}

func TestToBrokerErrors(t *testing.T) {
	_, url, _ := startNATS(t, "rtev")
	line := []string{`{"$id":"track","instance_id":"i"}` + "\n"}
	secret := strings.Replace(url, "nats://", "nats://me:hunter2@", 1)
	for _, tc := range []struct {
		to     string
		status int
		want   string
	}{
		{url + "/other", 4, `no stream takes the subject "other"; create one, such as: nats stream add`},
		{secret + "/other", 4, "no stream takes"},
		{url + "/rtev.*", 2, "wildcards"},
		{url, 2, "not a broker's URL"},
		{"amqp://h/x", 2, "not a broker's URL"},
		{url + "/{_clas}", 2, "_class"},
		{"nats://me:hunter2@127.0.0.1:" + freePort(t) + "/rtev", 3, "is not reachable: dial tcp"},
		{"kafka://127.0.0.1:" + freePort(t) + "/rtev", 3, "is not reachable"},
		{"mqtt://127.0.0.1:" + freePort(t) + "/rtev", 3, "is not reachable: dial tcp"},
	} {
		got := publish(t, line, "--to", tc.to)
		if got.code != tc.status || !strings.Contains(got.errors, tc.want) || strings.Contains(got.errors, "hunter2") {
			t.Errorf("%s: %+v, want %d with %q", tc.to, got, tc.status, tc.want)
		}
	}
}

// Events that a dead broker has not acknowledged when a signal ends tail are saved.
func TestToSavesUnacknowledgedEvents(t *testing.T) {
	t.Parallel()
	stop, url, stored := startNATS(t, "rtev")
	server, address := simulate(t, simulator.Options{Seed: 1, Rate: 50, Record: true, Instances: simulator.Fleet(1)})
	state := t.TempDir()
	c := command(t, []string{"XDG_STATE_HOME=" + state}, "tail", "-s", address, "--to", url+"/rtev")
	errs, err := c.StderrPipe()
	check(t, err)
	check(t, c.Start())
	messages, text := bufio.NewScanner(errs), ""
	until := func(want string) {
		for !strings.Contains(text, want) && messages.Scan() {
			text += messages.Text() + "\n"
		}
	}
	for len(stored()) == 0 {
		time.Sleep(20 * time.Millisecond) // between looks: the broker gives no sign
	}
	stop()
	until("does not acknowledge")
	check(t, c.Process.Signal(syscall.SIGTERM))
	until("never said: read to the end")
	c.Wait() //nolint:errcheck // the status says it
	files, saved := unwritten(t, state)
	if len(files) != 1 || c.ProcessState.ExitCode() != 5 || !strings.Contains(text, files[0]) {
		t.Fatalf("status %d, files %q: %s", c.ProcessState.ExitCode(), files, text)
	}
	served := server.Served(ids(server)[0])
	for line := range strings.Lines(saved) {
		if !slices.Contains(served, simulator.Hash([]byte(strings.TrimSuffix(line, "\n")))) {
			t.Errorf("was never sent: %s", line)
		}
	}
	if !strings.Contains(text, "published") || len(saved) == 0 {
		t.Errorf("no closing line, or nothing saved:\n%s", text)
	}
}

// TestForwardingGuide runs the commands of docs/forwarding.md with its own brokers.
// Commands that publish must publish something, and nothing may be refused.
func TestForwardingGuide(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"mosquitto", "mosquitto_sub", "kcat", "jq"} {
		has(t, program)
	}
	_, natsURL, _ := startNATS(t, "rtev.>")
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "rtev"))
	check(t, err)
	defer cluster.Close()
	port := freePort(t)
	talk(t, "mosquitto", "-v", "-p", port).until(`version .* (running)`)
	here := strings.NewReplacer("nats://nats1", natsURL, "-h mqtt1", "-h 127.0.0.1 -p "+port, "mqtt1", "127.0.0.1:"+port,
		"kafka1", cluster.ListenAddrs()[0])
	env := documentedEnv(t, start(t, simulator.Options{Seed: 1, Rate: 50}))
	dir := t.TempDir()
	event := `{"$id":"event-intrusion","instance_id":"i","area_name":"Yard"}` + "\n"
	write(t, filepath.Join(dir, "recorded.ndjson"), event)
	run := func(command, seconds string) (string, int) {
		c := exec.Command("timeout", "-k", "60", "-s", "TERM", seconds, "bash", "-o", "pipefail", "-c", command)
		c.Dir, c.Env = dir, env
		out, _ := c.CombinedOutput()
		return string(out), c.ProcessState.ExitCode()
	}
	ran := 0
	for _, block := range blocks(t, "docs/forwarding.md") {
		for line := range strings.Lines(block.text) {
			if block.language != "bash" {
				break
			}
			ran++
			command := here.Replace(strings.TrimSpace(line))
			if strings.HasPrefix(command, "rtev") {
				out, code := "", 0
				for _, seconds := range []string{"1", "3", "10", "30"} { // on a busy machine even the start takes long
					if out, code = run(command, seconds); strings.Contains(out, ", refused 0") &&
						!strings.Contains(out, "published 0") {
						break
					}
				}
				if code != 0 && code != 124 || !strings.Contains(out, ", refused 0") || strings.Contains(out, "published 0") {
					t.Errorf("%s: status %d:\n%s", command, code, out)
				}
				continue
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				if out, code := run(command, "60"); code != 0 || !strings.Contains(out, "Yard") {
					t.Errorf("%s: status %d:\n%s", command, code, out)
				}
			}()
			for waiting := true; waiting; {
				publish(t, []string{event}, "--to", "mqtt://127.0.0.1:"+port+"/rtev/{instance}/{type}")
				select {
				case <-done:
					waiting = false
				default:
				}
			}
		}
	}
	if ran < 8 {
		t.Errorf("%d commands in the guide", ran)
	}
}
