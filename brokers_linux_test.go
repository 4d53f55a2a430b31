package main

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rtev/rtev/internal/simulator"
)

// TestBrokersGetTheEvents runs the recipes for Kafka, MQTT and NATS, each with
// its own broker. A consumer must receive what the server sent, byte for byte
// and in order.
func TestBrokersGetTheEvents(t *testing.T) {
	t.Run("kafka", func(t *testing.T) {
		t.Parallel()
		has(t, "kcat")
		// kcat contains the mock broker of its library, which runs while kcat
		// waits for input.
		broker := talk(t, "kcat", "-P", "-b", "none", "-t", "none", "-X", "test.mock.num.brokers=1", "-d", "mock")
		address := broker.until(`bootstrap\.servers=(\S+)`)
		consumer := []string{"kcat", "-C", "-b", address, "-t", "rt-events", "-o", "beginning", "-u", "-q", "-c", "30"}
		deliver(t, consumer, 30, func() string { return strings.ReplaceAll(recipe(t, "kcat"), "kafka1", address) })
	})
	t.Run("mqtt", func(t *testing.T) {
		t.Parallel()
		has(t, "mosquitto_pub")
		has(t, "mosquitto")
		port := freePort(t)
		broker := talk(t, "mosquitto", "-v", "-p", port)
		broker.until(`version .* (running)`)
		deliver(t, []string{"mosquitto_sub", "-p", port, "-t", "rt/events", "-C", "5"}, 5, func() string {
			broker.until(`Received (SUBSCRIBE)`) // a later subscriber would miss events
			return strings.ReplaceAll(recipe(t, "mosquitto_pub"), "mqtt1", "127.0.0.1 -p "+port)
		})
	})
	t.Run("nats", func(t *testing.T) {
		t.Parallel()
		has(t, "nats-server")
		has(t, "nats") // not a Debian package
		port := freePort(t)
		broker := talk(t, "nats-server", "-DV", "-a", "127.0.0.1", "-p", port)
		broker.until(`Server is (ready)`)
		deliver(t, []string{"nats", "sub", "-s", "127.0.0.1:" + port, "rt.events", "--raw", "--count", "5"}, 5,
			func() string {
				broker.until(`\[(SUB) rt.events`)
				return strings.ReplaceAll(recipe(t, "nats"), "nats1", "127.0.0.1:"+port)
			})
	})
}

// deliver starts a consumer that ends after n events, runs the recipe, and
// compares what arrived with what was served.
func deliver(t *testing.T, consumer []string, n int, recipe func() string) {
	t.Helper()
	sim, server := simulate(t, simulator.Options{Seed: 1, Rate: 200, Record: true,
		Instances: []simulator.Instance{{ID: camera, Name: "gate"}}})
	ctx, cancel := context.WithTimeout(context.Background(), 90*time.Second)
	defer cancel()
	var got, said, produced bytes.Buffer
	consume := exec.CommandContext(ctx, consumer[0], consumer[1:]...)
	consume.Stdout, consume.Stderr = &got, &said
	check(t, consume.Start())
	produce := exec.CommandContext(ctx, "timeout", "90", "bash", "-c", recipe())
	produce.Env, produce.Dir = documentedEnv(t, server), t.TempDir()
	produce.Stdout, produce.Stderr = &produced, &produced
	produce.WaitDelay = time.Second
	produce.Cancel = func() error { return produce.Process.Signal(syscall.SIGTERM) } // timeout forwards it
	check(t, produce.Start())
	consumed := consume.Wait()
	cancel()
	produce.Wait() //nolint:errcheck // the test stopped it
	if lines := bytes.Count(got.Bytes(), []byte("\n")); consumed != nil || lines != n {
		t.Fatalf("%d of %d events came through (%v):\n%s%s", lines, n, consumed, said.String(), produced.String())
	}
	wrong := ""
	waitUntil(func() bool { // the simulator counts an event after sending it
		wrong = notInOrder(got.String(), sim.Served(camera))
		return wrong == ""
	})
	if wrong != "" {
		t.Fatalf("not served, or not in this order: %s", wrong)
	}
}

// notInOrder returns the first line that was not served after the one before it.
func notInOrder(lines string, served []uint64) string {
	for line := range strings.Lines(lines) {
		place := slices.Index(served, simulator.Hash([]byte(strings.TrimSuffix(line, "\n"))))
		if place < 0 {
			return line
		}
		served = served[place+1:]
	}
	return ""
}

// recipe returns the line of docs/recipes.md that uses a program.
func recipe(t *testing.T, program string) string {
	t.Helper()
	for _, block := range blocks(t, "docs/recipes.md") {
		for line := range strings.Lines(block.text) {
			if strings.Contains(line, "| "+program+" ") {
				return strings.TrimSpace(line)
			}
		}
	}
	t.Fatalf("no recipe with %s", program)
	return ""
}

// talker is a program that runs during a test, and its output.
type talker struct {
	t     *testing.T
	lines chan string
}

// talk starts a program with open input, and kills it when the test ends.
func talk(t *testing.T, name string, args ...string) *talker {
	t.Helper()
	c := exec.Command(name, args...)
	errs, err := c.StderrPipe()
	check(t, err)
	if _, err := c.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	check(t, c.Start())
	k := &talker{t, make(chan string, 1<<16)} // more than any test causes
	done := make(chan struct{})
	go func() {
		defer close(done)
		for s := bufio.NewScanner(errs); s.Scan(); {
			k.lines <- s.Text()
		}
		close(k.lines)
	}()
	t.Cleanup(func() {
		c.Process.Kill() //nolint:errcheck // it may have ended
		<-done
		c.Wait() //nolint:errcheck // it was killed
	})
	return k
}

// until waits for a line that matches and returns its first group.
func (k *talker) until(pattern string) string {
	k.t.Helper()
	re, all := regexp.MustCompile(pattern), ""
	late := time.After(time.Minute)
	for {
		select {
		case line, ok := <-k.lines:
			if m := re.FindStringSubmatch(line); m != nil {
				return m[1]
			}
			if all += line + "\n"; !ok {
				k.t.Fatalf("ended before a line matched %q:\n%s", pattern, all)
			}
		case <-late:
			k.t.Fatalf("no line matched %q:\n%s", pattern, all)
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	check(t, err)
	return port
}
