package stats

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares got with a file in testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		check(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	check(t, err)
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (-update writes it); got:\n%s", file, got)
	}
}

func TestReportsGolden(t *testing.T) {
	var text, color, ndjson, rows, prom bytes.Buffer
	scene(t, printers{Text(&text, false), Text(&color, true), NDJSON(&ndjson), CSV(&rows, false), Prom(&prom)}.Print)
	golden(t, "scene.txt", text.Bytes())
	golden(t, "scene-color.txt", color.Bytes())
	golden(t, "scene.ndjson", ndjson.Bytes())
	golden(t, "scene.csv", rows.Bytes())
	golden(t, "scene.prom", prom.Bytes())
}

func TestNDJSONAndCSVAreWellFormed(t *testing.T) {
	var ndjson, rows bytes.Buffer
	scene(t, printers{NDJSON(&ndjson), CSV(&rows, false)}.Print)
	lines := strings.Split(strings.TrimSuffix(ndjson.String(), "\n"), "\n")
	for i, line := range lines {
		var s Snapshot
		if err := json.Unmarshal([]byte(line), &s); err != nil || s.Total() != (i == len(lines)-1) {
			t.Errorf("line %d: %v, record %q", i, err, s.Record)
		}
	}
	all, err := csv.NewReader(&rows).ReadAll() // checks that all rows are of one length
	check(t, err)
	if heads := strings.Count(rows.String()+strings.Join(all[0], ","), "record,time"); heads != 1 {
		t.Errorf("%d headers", heads)
	}
}

func TestPromLint(t *testing.T) {
	var prom bytes.Buffer
	scene(t, Prom(&prom))
	problems, err := promlint.New(&prom).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", err, problems)
	}
}

func TestMetricsFormats(t *testing.T) {
	c := New(Options{})
	addr, _ := serve(t, c)
	feed := newFeed(t, c, gate)
	for _, typ := range []string{"a\x1b", `a\x1b`} { // the same label: one is left out
		feed.raw(typ, "", `{"n":1}`, time.Now())
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for _, tc := range []struct{ accept, want, end string }{
		{"", `rtev_events_total{instance="899c89f9-90c3-c633-8586-8f09b005ebed",name="Gate",` +
			`server="http://nvr1:3546",type="track"} 1`, ""},
		{"application/openmetrics-text", `type="track"} 2.0`, "# EOF\n"},
	} {
		feed.put("track", 0, "")
		r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+addr+"/metrics", nil)
		check(t, err)
		r.Header.Set("Accept", tc.accept)
		got, err := client.Do(r)
		check(t, err)
		body, err := io.ReadAll(got.Body)
		got.Body.Close()
		if text := string(body); err != nil || got.StatusCode != 200 || !strings.Contains(text, tc.want) ||
			!strings.HasSuffix(text, tc.end) {
			t.Errorf("%d, %v, want %q in:\n%s", got.StatusCode, err, tc.want, text)
		}
	}
}
