package broker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/rtev/rtev/internal/event"
)

// freePort returns a port of 127.0.0.1 that nothing listens on.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// start runs a broker until the test ends. It returns once the broker accepts
// connections.
func start(t testing.TB, port, program string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil {
		if path, err = exec.LookPath("/usr/sbin/" + program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	c := exec.Command(path, args...)
	var out bytes.Buffer
	c.Stdout, c.Stderr = &out, &out
	check(t, c.Start())
	t.Cleanup(func() {
		c.Process.Kill()
		c.Wait()
	})
	for range 600 {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err == nil {
			conn.Close()
			return c
		}
		time.Sleep(50 * time.Millisecond) // polling, as the programs do not report that they are ready
	}
	t.Fatalf("%s does not listen:\n%s", program, out.String())
	return nil
}

func startNATS(t testing.TB, port, dir string, args ...string) *exec.Cmd {
	t.Helper()
	return start(t, port, "nats-server", append([]string{"-a", "127.0.0.1", "-p", port, "-js", "-sd", dir}, args...)...)
}

// stream creates a JetStream stream for a subject.
func stream(t testing.TB, port, subject string) jetstream.Stream {
	t.Helper()
	nc, err := nats.Connect("nats://127.0.0.1:"+port, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	check(t, err)
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	check(t, err)
	s, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "EVENTS", Subjects: []string{subject}})
	check(t, err)
	return s
}

// stored returns the bodies in a stream, in order.
func stored(t *testing.T, s jetstream.Stream) (bodies []string) {
	t.Helper()
	info, err := s.Info(t.Context())
	check(t, err)
	for seq := info.State.FirstSeq; seq <= info.State.LastSeq; seq++ {
		m, err := s.GetMsg(t.Context(), seq)
		check(t, err)
		bodies = append(bodies, string(m.Data))
	}
	return bodies
}

// subscriber collects what arrives on an MQTT topic.
type subscriber struct {
	mu     sync.Mutex
	bodies []string
	came   chan struct{}
}

func subscribe(t *testing.T, port, topic string) *subscriber {
	t.Helper()
	s := &subscriber{came: make(chan struct{}, 1)}
	options := mqtt.NewClientOptions().AddBroker("tcp://127.0.0.1:" + port).SetClientID("reader").SetOrderMatters(true)
	c := mqtt.NewClient(options)
	if token := c.Connect(); !token.WaitTimeout(time.Minute) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	t.Cleanup(func() { c.Disconnect(0) })
	token := c.Subscribe(topic, 1, func(_ mqtt.Client, m mqtt.Message) {
		s.mu.Lock()
		s.bodies = append(s.bodies, string(m.Payload()))
		s.mu.Unlock()
		select {
		case s.came <- struct{}{}:
		default:
		}
	})
	if !token.WaitTimeout(time.Minute) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	return s
}

// wait waits for n different bodies and returns all of them.
func (s *subscriber) wait(t *testing.T, n int) []string {
	t.Helper()
	limit := time.After(2 * time.Minute)
	for {
		s.mu.Lock()
		list := append([]string(nil), s.bodies...)
		s.mu.Unlock()
		if distinct(list) >= n {
			return list
		}
		select {
		case <-s.came:
		case <-limit:
			t.Fatalf("%d different messages arrived, want %d", distinct(list), n)
		}
	}
}

func distinct(list []string) int {
	seen := map[string]bool{}
	for _, s := range list {
		seen[s] = true
	}
	return len(seen)
}

// consume returns n records of a Kafka topic, in order.
func consume(t *testing.T, host, topic string, n int) (records []*kgo.Record) {
	t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(host), kgo.ConsumeTopics(topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	check(t, err)
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for len(records) < n {
		fetches := c.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			t.Fatalf("%d of %d records: %v", len(records), n, err)
		}
		records = append(records, fetches.Records()...)
	}
	return records
}

// recording returns n payloads of different kinds and spellings.
func recording(n int) (list []string) {
	for i := range n {
		place := []string{"Yard", "a.b*>", "Zufahrt Süd"}[i%3]
		list = append(list, fmt.Sprintf(`{"$id":"event-intrusion","instance_id":"i", "area_name":%q,"n":%d,`+
			`"x":0.10000000000000000%d,"u":"東門 \u00e9"}`, place, i, i))
	}
	return list
}

// publish publishes the payloads and closes the broker.
func publish(t *testing.T, url string, list []string, o Options) error {
	t.Helper()
	address, err := ParseAddress(url)
	check(t, err)
	o.End = func(error) {}
	o.WithoutImage = lines{small: true}
	b, err := Dial(t.Context(), address, o)
	if err != nil {
		return err
	}
	sink := b.Sink(lines{})
	for i, p := range list {
		e, err := event.New("event-intrusion", []byte(p), &event.Instance{ID: "i", Name: "gate"})
		check(t, err)
		if err := sink.Put(e); err != nil {
			return errors.Join(err, b.Close())
		}
		if i%100 == 0 {
			if err := sink.Flush(); err != nil {
				return errors.Join(err, b.Close())
			}
		}
	}
	return errors.Join(sink.Flush(), b.Close())
}

func same(t *testing.T, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Fatalf("%d messages, want %d", len(got), len(want))
		case i >= len(want):
			t.Fatalf("%d messages, want %d", len(got), len(want))
		case got[i] != want[i]:
			t.Fatalf("message %d is\n%s, want\n%s", i, got[i], want[i])
		}
	}
}

func TestJetStreamStoresEachEventOnce(t *testing.T) {
	port := freePort(t)
	startNATS(t, port, t.TempDir())
	s := stream(t, port, "rtev.>")
	list := recording(500)
	for range 2 {
		check(t, publish(t, "nats://127.0.0.1:"+port+"/rtev.{type}.{place}", list, Options{}))
	}
	same(t, stored(t, s), list)
}

func TestJetStreamRestartLosesNothing(t *testing.T) {
	port, dir := freePort(t), t.TempDir()
	server := startNATS(t, port, dir)
	s := stream(t, port, "rtev.>")
	list := recording(2000)
	address, err := ParseAddress("nats://127.0.0.1:" + port + "/rtev.a")
	check(t, err)
	b, err := Dial(t.Context(), address, Options{})
	check(t, err)
	sink := b.Sink(lines{})
	for i, p := range list {
		if i%500 == 250 {
			server.Process.Kill()
			server.Wait()
			server = startNATS(t, port, dir)
		}
		e, err := event.New("event-intrusion", []byte(p), nil)
		check(t, err)
		check(t, sink.Put(e))
	}
	check(t, errors.Join(sink.Flush(), b.Close()))
	same(t, stored(t, s), list)
}

func TestJetStreamRefusals(t *testing.T) {
	port := freePort(t)
	startNATS(t, port, t.TempDir(), "--user", "me", "--pass", "secret")
	for url, want := range map[string]string{
		"nats://me:secret@127.0.0.1:" + port + "/nobody.{type}": "", // a template is checked when it is filled in
		"nats://me:secret@127.0.0.1:" + port + "/nobody":        `no stream takes the subject "nobody"; create one`,
		"nats://me:wrong@127.0.0.1:" + port + "/x":              "not accepted by the broker: nats: ",
		"nats://127.0.0.1:" + port + "/x":                       "not accepted by the broker: nats: ",
	} {
		var saved []string
		err := publish(t, url, recording(1), Options{Save: func(p []byte) (string, error) {
			saved = append(saved, string(p))
			return "f", nil
		}})
		if want == "" {
			var inFile *event.WriteError
			if !errors.As(err, &inFile) || len(saved) != 1 {
				t.Errorf("%s: %v, saved %q", url, err, saved)
			}
			continue
		}
		if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "wrong") {
			t.Errorf("%s: %v; want %q and no password", url, err, want)
		}
	}
}

func TestJetStreamLargeCropGoesWithoutImage(t *testing.T) {
	port := freePort(t)
	startNATS(t, port, t.TempDir())
	s := stream(t, port, "rtev.>")
	list := recording(3)
	list[1] = fmt.Sprintf(`{"$id":"crop","instance_id":"i","image":%q}`, strings.Repeat("A", 2<<20))
	check(t, publish(t, "nats://127.0.0.1:"+port+"/rtev.{type}", list, Options{}))
	got := stored(t, s)
	if len(got) != 3 || distinct(append(got, list[0], list[2], "small")) != 3 {
		t.Errorf("stored %d messages: %.200q", len(got), got)
	}
}

func TestMQTTDeliversEveryEvent(t *testing.T) {
	port := freePort(t)
	start(t, port, "mosquitto", "-p", port)
	s := subscribe(t, port, "rtev/#")
	list := recording(500)
	check(t, publish(t, "mqtt://127.0.0.1:"+port+"/rtev/{type}", list, Options{}))
	same(t, s.wait(t, 500), list)
}

// Mosquitto ends the connection of a client that sends too large a packet.
func TestMQTTLargeCropGoesWithoutImage(t *testing.T) {
	port := freePort(t)
	conf := filepath.Join(t.TempDir(), "mosquitto.conf")
	text := "listener " + port + " 127.0.0.1\nallow_anonymous true\nmax_packet_size 100000\n"
	check(t, os.WriteFile(conf, []byte(text), 0o600))
	start(t, port, "mosquitto", "-c", conf)
	s := subscribe(t, port, "rtev/#")
	list := recording(3)
	list[1] = fmt.Sprintf(`{"$id":"crop","instance_id":"i","image":%q}`, strings.Repeat("A", 200_000))
	check(t, publish(t, "mqtt://127.0.0.1:"+port+"/rtev/{type}", list, Options{}))
	if got := s.wait(t, 3); !slices.Contains(got, "small") {
		t.Errorf("%.200q arrived", got)
	}
}

func TestMQTTReconnectsWithoutLoss(t *testing.T) {
	port := freePort(t)
	start(t, port, "mosquitto", "-p", port)
	s := subscribe(t, port, "rtev/#")
	proxy := cutting(t, "127.0.0.1:"+port, 20_000)
	list := recording(1000)
	check(t, publish(t, "mqtt://"+proxy+"/rtev/{type}", list, Options{}))
	s.wait(t, 1000)
}

func TestMQTTRefusesCredentials(t *testing.T) {
	port, dir := freePort(t), t.TempDir()
	conf := filepath.Join(dir, "mosquitto.conf")
	text := fmt.Sprintf("listener %s 127.0.0.1\nallow_anonymous false\n", port)
	check(t, os.WriteFile(conf, []byte(text), 0o600))
	start(t, port, "mosquitto", "-c", conf)
	err := publish(t, "mqtt://me:secret@127.0.0.1:"+port+"/x", recording(1), Options{})
	if !errors.Is(err, ErrRefused) || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

func TestKafkaDeliversEveryEvent(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "rtev"))
	check(t, err)
	defer cluster.Close()
	host := cluster.ListenAddrs()[0]
	list := recording(500)
	check(t, publish(t, "kafka://"+host+"/rtev", list, Options{}))
	var got []string
	for _, r := range consume(t, host, "rtev", 500) {
		got = append(got, string(r.Value))
		if string(r.Key) != "i" {
			t.Fatalf("key %q", r.Key)
		}
	}
	same(t, got, list)
}

func TestKafkaLargeCropGoesWithoutImage(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "rtev"))
	check(t, err)
	defer cluster.Close()
	host := cluster.ListenAddrs()[0]
	image, err := json.Marshal(strings.Repeat("AB/x", 2<<19))
	check(t, err)
	list := []string{`{"n":1}`, `{"image":` + string(image) + `}`, `{"n":3}`}
	check(t, publish(t, "kafka://"+host+"/rtev", list, Options{}))
	got := map[string]bool{}
	for _, r := range consume(t, host, "rtev", 3) {
		got[string(r.Value)] = true
	}
	if !got["small"] || len(got) != 3 {
		t.Errorf("%d different messages arrived, want 3 with a small one", len(got))
	}
}

func TestKafkaUnknownTopic(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, "rtev"))
	check(t, err)
	defer cluster.Close()
	err = publish(t, "kafka://"+cluster.ListenAddrs()[0]+"/nowhere", recording(1), Options{})
	if !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "This server does not host this topic-partition") {
		t.Errorf("got %v", err)
	}
}

func TestUnreachableBroker(t *testing.T) {
	for _, scheme := range []string{"nats", "mqtt", "kafka"} {
		url := scheme + "://me:secret@127.0.0.1:" + freePort(t) + "/x"
		err := publish(t, url, recording(1), Options{})
		if !errors.Is(err, ErrUnreachable) || strings.Contains(err.Error(), "secret") ||
			!strings.Contains(err.Error(), scheme+"://127.0.0.1:") {
			t.Errorf("%s: %v", scheme, err)
		}
	}
}

// cutting returns the address of a proxy to a broker. The proxy ends each
// connection after so many bytes from the client.
func cutting(t *testing.T, to string, after int64) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	var work sync.WaitGroup
	t.Cleanup(func() {
		l.Close()
		work.Wait()
	})
	work.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() {
				defer client.Close()
				server, err := net.Dial("tcp", to)
				if err != nil {
					return
				}
				defer server.Close()
				work.Go(func() { io.Copy(client, server) })
				io.CopyN(server, client, after)
			})
		}
	})
	return l.Addr().String()
}
