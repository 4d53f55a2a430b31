package cmd

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/rtev/rtev/internal/simulator"
	"github.com/rtev/rtev/internal/term"
)

// answering returns a dialer to a server that answers like handle, and closes it
// with the test.
func answering(t *testing.T, handle http.HandlerFunc) dialer {
	t.Helper()
	server := httptest.NewServer(handle)
	t.Cleanup(server.Close)
	return func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, server.Listener.Addr().String())
	}
}

// Text of a server in the list of instances reaches a terminal as visible
// text, in every format.
func TestInstancesAreSafeOnATerminal(t *testing.T) {
	dial := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"instances":[{"instanceId":"`+cameraID+
			`","displayName":"running","fps":24.940000534057617,"version":"`+strings.Repeat("14.14.", 9)+`"},
			{"instanceId":"b","displayName":"\u001b[2J`+"\u009b31m\u202e門"+`","group":"g","running":true}]}`)
	})
	for _, format := range []string{"text", "csv", "ndjson"} {
		r := startEnv(t, env{dial: dial, outTTY: true, size: func() (int, int) { return 80, 24 }}, "instances", "-s", "nvr1",
			"-o", format, "--color", "never")
		check(t, <-r.ended)
		out := r.out.String()
		if i := strings.IndexFunc(out, func(r rune) bool { return r != '\n' && !term.Shown(r) }); i >= 0 {
			t.Errorf("%s: %q", format, out[i:])
		}
		for line := range strings.Lines(out) {
			if format == "text" && term.Width(strings.TrimRight(line, "\n")) > 80 {
				t.Errorf("wider than 80 columns: %s", line)
			}
		}
		if format != "ndjson" && (strings.Contains(out, "24.94") || !strings.Contains(out, "24.9")) {
			t.Errorf("%s: fps in %s", format, out)
		}
	}
	r := startEnv(t, env{dial: dial}, "instances", "-s", "nvr1", "--color", "always")
	check(t, <-r.ended)
	if strings.Count(r.out.String(), "mrunning") != 1 { // behind an escape sequence
		t.Errorf("a name has the colour of a state: %q", r.out.String())
	}
}

func TestWhereTwiceIsAnd(t *testing.T) {
	r := startEnv(t, env{stdin: strings.NewReader(`{"$id":"track","instance_id":"i","a":1,"b":1}
{"$id":"track","instance_id":"i","a":1,"b":2}
{"$id":"track","instance_id":"i","a":2,"b":2}
`)}, "tail", "-", "-w", "a == 1", "-w", "b == 2", "-o", "csv", "-c", "a,b", "--no-header")
	if err := <-r.ended; err != nil || r.out.String() != "1,2\n" {
		t.Errorf("%v, %q", err, r.out.String())
	}
}

// The events= of a pasted URL goes to the server, unless -e is given.
func TestPastedURLKeepsItsEvents(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	dial := answering(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.URL.Query().Get("events"))
		w.Header().Set("Content-Type", "text/event-stream")
		io.WriteString(w, "event: crop\ndata: {\"$id\":\"crop\",\"instance_id\":\"i\"}\n\n")
	})
	pasted := "http://nvr1:3546/v1/core/instance/" + cameraID + "/consume_events_sse?events=crop,track"
	defaults := writeConfig(t, "defaults: {events: \"!crop\"}\n")
	for _, args := range [][]string{nil, {"-e", "crop"}, {"--config", defaults}} {
		r := startDial(t, dial, append([]string{"tail", pasted, "-n", "1", "-o", "ndjson"}, args...)...)
		check(t, <-r.ended)
	}
	mu.Lock()
	defer mu.Unlock()
	if fmt.Sprint(asked) != "[crop,track crop crop,track]" {
		t.Errorf("asked for %q", asked)
	}
}

func TestDemoIgnoresProxies(t *testing.T) {
	r := startEnv(t, env{proxy: func(*http.Request) (*url.URL, error) {
		t.Error("asked for a proxy")
		return url.Parse("http://127.0.0.1:1")
	}}, "tail", "--demo", "-n", "1", "-o", "ndjson")
	if err := <-r.ended; err != nil || r.out.String() == "" {
		t.Errorf("%v, %q", err, r.err.String())
	}
}

// With --retry, a server that refuses the credentials is not asked again.
func TestRetryEndsWithRefusedCredentials(t *testing.T) {
	for _, code := range []int{http.StatusUnauthorized, http.StatusForbidden} {
		asked := 0
		dial := answering(t, func(w http.ResponseWriter, _ *http.Request) { asked++; w.WriteHeader(code) })
		r := startDial(t, dial, "tail", "gate", "-s", "nvr1", "--retry")
		if end := status(<-r.ended); end.code != exitRefused || asked != 1 {
			t.Errorf("%d: %+v after %d requests", code, end, asked)
		}
	}
}

func TestVersionNamesTheBuild(t *testing.T) {
	r := startDial(t, noNetwork, "--version")
	if err := <-r.ended; err != nil || !strings.HasPrefix(r.out.String(), "rtev ") ||
		!strings.Contains(r.out.String(), "(") || !strings.Contains(r.out.String(), "go1.") {
		t.Errorf("%v, %q", err, r.out.String())
	}
}

// A file in the place of an INSTANCE is answered with how to read it.
func TestFileInPlaceOfInstance(t *testing.T) {
	sim := newSimulator(t, simulator.Options{Seed: 1, Instances: simulator.Fleet(1)})
	for _, dial := range []dialer{sim.DialContext, noNetwork} {
		r := startDial(t, dial, "tail", "promises_test.go", "-s", "sim")
		if end := status(<-r.ended); !strings.Contains(end.message, "\nrtev: try: rtev tail - < promises_test.go\n") {
			t.Errorf("%+v", end)
		}
	}
}

// A typed --template counts more than the output format of the config file.
func TestTemplateOverridesConfiguredOutput(t *testing.T) {
	r := startEnv(t, env{stdin: strings.NewReader(`{"$id":"track","instance_id":"i","a":1}` + "\n")},
		"tail", "-", "--template", "{a}", "--config", writeConfig(t, "output: csv\n"))
	if err := <-r.ended; err != nil || r.out.String() != "1\n" {
		t.Errorf("%v, %q", err, r.out.String())
	}
}

// A server may name the interval as it likes, send numbers that are none, and
// store what happened by its clock.
func TestCountsOfStrangeServers(t *testing.T) {
	dial := answering(t, func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if q.Method == http.MethodGet {
			io.WriteString(w, `{"instances":[{"instanceId":"a","displayName":"Gate"}]}`)
			return
		}
		io.WriteString(w, `{"data":[{"event_type":"A","events":"nan","from,a=b":"2026-06-19T17:00:00Z"},`+
			`{"event_type":"B","events":-1e300},{"event_type":"C","events":5}]}`)
	})
	for format, want := range map[string]string{
		"text": "C                ", "csv": "event_type,events\nA,nan\nB,-1e300\nC,5\n",
		"ndjson": `{"event_type":"C","events":5}`,
	} {
		r := startEnv(t, env{dial: dial}, "history", "-s", "nvr1", "--count-by", "event_type", "--per", "hour", "-o", format)
		if err := <-r.ended; err != nil || !strings.Contains(r.out.String(), want) {
			t.Errorf("%s: %v\n%s", format, err, r.out.String())
		}
	}
}
