package simulator

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// lines are four events of two instances, a second apart.
const lines = `{"$id":"track","instance_id":"a","system_timestamp":1000,"n":1}
{"$id":"track","instance_id":"b","system_timestamp":2000}
{"$id":"event-new","instance_id":"a","system_timestamp":3000,"n":"\u0041 <&>"}
{"$id":"statistics","instance_id":"a","system_timestamp":4000}
`

func ofA() []string {
	all := strings.Split(strings.TrimSpace(lines), "\n")
	return []string{all[0], all[2], all[3]}
}

func TestReplayKeepsBytesAndPauses(t *testing.T) {
	inBubble(t, Options{Replay: []byte(lines), Count: 3}, func(s *Server, c client) {
		start := time.Now()
		body, err := all(c.get("/instance/a/consume_events_sse"))
		if got := records(body); err != nil || !reflect.DeepEqual(datas(got), ofA()) || got[1].typ != "event-new" {
			t.Errorf("%v, %q", err, body)
		}
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("took %v", took)
		}
		body, _ = all(c.get("/instances"))
		if n := strings.Count(body, "instanceId"); n != 2 {
			t.Errorf("%d instances", n)
		}
	})
}

func TestReplayOnceThenSilence(t *testing.T) {
	for _, rate := range []float64{0, 10, Max} {
		inBubble(t, Options{Replay: []byte(lines), Rate: rate}, func(s *Server, c client) {
			if got := records(c.during(time.Hour, "/instance/a/consume_events_sse")); !reflect.DeepEqual(datas(got), ofA()) {
				t.Errorf("rate %v: %d records", rate, len(got))
			}
			res := c.get("/instance/a/consume_events")
			body, _ := all(res)
			if n := strings.Count(body, "dataType"); n != 3 {
				t.Errorf("rate %v: %d polled", rate, n)
			}
			if res := c.get("/instance/a/consume_events"); res.StatusCode != 204 {
				t.Errorf("rate %v: polled twice: %d", rate, res.StatusCode)
			}
		})
	}
}

func TestReplayRepeatsUpToCount(t *testing.T) {
	for _, rate := range []float64{0, 10, Max} {
		inBubble(t, Options{Replay: []byte(lines), Rate: rate, Count: 8}, func(s *Server, c client) {
			body, err := all(c.get("/instance/a/consume_events_sse"))
			want := append(append(ofA(), ofA()...), ofA()[:2]...)
			if got := datas(records(body)); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("rate %v: %v, %q", rate, err, got)
			}
		})
	}
}

func TestCaptureForms(t *testing.T) {
	for name, text := range map[string]string{
		"sse":     "\ufeffid: 7\r\nevent: track\r\ndata: {\"a\":1}\r\n\r\n: c\r\n\r\nevent: x\r\ndata: not JSON\r\n\r\n",
		"ndjson":  "{\"$id\":\"track\",\"a\":1}\n{\"$id\":\"x\"}\n",
		"polled":  `[{"dataType":"track","jsonObject":"{\"a\":1}"},{"dataType":"x","jsonObject":"{}"}]`,
		"legacy":  "[{\"object\":\"{\\\"a\\\":1}\",\"type\":\"track\"}]\n[{\"object\":\"{}\",\"type\":\"x\"}]\n",
		"cut off": "event: track\ndata: {\"a\":1}\n\nevent: x\ndata: {",
	} {
		c, err := parseCapture([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var types []string
		for _, it := range c.items {
			types = append(types, it.typ)
		}
		if strings.Join(types, " ") != "track x" || !strings.Contains(string(c.items[0].payload), `"a":1`) {
			t.Errorf("%s: %q %s", name, types, c.items[0].payload)
		}
	}
}

func TestCaptureOfSamples(t *testing.T) {
	names, _ := filepath.Glob("../event/testdata/payloads/*.json")
	var data []byte
	for _, name := range names {
		sample, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, sample...)
	}
	c, err := parseCapture(data)
	if err != nil || len(c.items) != len(names) || len(names) == 0 {
		t.Fatal(err, len(names))
	}
}

func FuzzCapture(f *testing.F) {
	f.Add([]byte(lines))
	f.Add([]byte("event: track\ndata: {}\n\n"))
	f.Add([]byte(`[{"dataType":"track","jsonObject":"{}"}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseCapture(data)
		if err == nil && c != nil && (len(c.items) == 0 || len(c.instances()) == 0) {
			t.Errorf("%d items, %d instances", len(c.items), len(c.instances()))
		}
	})
}
