package simulator

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// query sends a query and returns the rows of a response with status 200.
func (c client) query(table, body string) []map[string]any {
	c.Helper()
	res, err := c.Post("http://simulated/v1/database/"+table, "application/json", strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	text, err := all(res)
	if err != nil || res.StatusCode != http.StatusOK {
		c.Fatalf("%d %s %v", res.StatusCode, text, err)
	}
	return decode[map[string][]map[string]any](c.T, text)["data"]
}

// TestDatabasePages reads a day in pages and expects each row once, in order.
func TestDatabasePages(t *testing.T) {
	inBubble(t, Options{}, func(s *Server, c client) {
		end := time.Now()
		seen := map[string]bool{}
		last := ""
		for offset := 0; ; offset += 150 {
			body := marshal(object{"timeRange": object{"startTime": end.Add(-24 * time.Hour), "endTime": end},
				"orderBy": "system_timestamp asc", "limit": 150, "offset": offset})
			rows := c.query("events", string(body))
			for _, row := range rows {
				id, at := row["event_id"].(string)+row["event_type"].(string), row["system_timestamp"].(string)
				if seen[id] || at < last {
					t.Fatalf("row %s of %s after %s, twice: %v", id, at, last, seen[id])
				}
				seen[id], last = true, at
			}
			if len(rows) == 0 {
				break
			}
		}
		if len(seen) < 2000 {
			t.Errorf("%d rows in a day", len(seen))
		}
		newest := c.query("events", `{"limit":5000}`)
		if len(newest) != rowLimit || newest[0]["system_timestamp"] != last {
			t.Errorf("%d rows, the first of %v instead of %s", len(newest), newest[0]["system_timestamp"], last)
		}
	})
}

// TestDatabaseStoresLiveEvents compares the stream with the database.
func TestDatabaseStoresLiveEvents(t *testing.T) {
	inBubble(t, Options{}, func(s *Server, c client) {
		start := time.Now()
		var want []string
		// between two frames
		for _, r := range records(c.during(20*time.Second+50*time.Millisecond, "/instance/"+gate+"/consume_events_sse")) {
			if strings.HasPrefix(r.typ, "event-") {
				want = append([]string{decode[story](t, r.data).Event + displayName(r.typ)}, want...)
			}
		}
		rows := c.query("events", string(marshal(object{"timeRange": object{"startTime": start},
			"filters": object{"instance_id": gate}})))
		var got []string
		for _, row := range rows {
			got = append(got, row["event_id"].(string)+row["event_type"].(string))
		}
		if len(want) == 0 || strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("stored %q, sent %q", got, want)
		}
		tracks := c.query("tracks", string(marshal(object{"instanceId": gate, "timeRange": object{"startTime": start}})))
		if len(tracks) == 0 || tracks[0]["tracking_id"] == nil || tracks[0]["location"] == nil {
			t.Errorf("%d tracks: %v", len(tracks), tracks[:min(1, len(tracks))])
		}
	})
}

func TestDatabaseFilters(t *testing.T) {
	inBubble(t, Options{}, func(s *Server, c client) {
		rows := c.query("events", `{"filters":{"event_type":"Line Crossing","trigger_name":"Gate A"},"limit":1000}`)
		if len(rows) < pastHours {
			t.Errorf("%d rows", len(rows))
		}
		for _, row := range rows {
			if row["event_type"] != "Line Crossing" || row["trigger_name"] != "Gate A" {
				t.Fatalf("row %v", row)
			}
		}
	})
}

func TestDatabaseAnalytics(t *testing.T) {
	inBubble(t, Options{}, func(s *Server, c client) {
		total := map[string]int{}
		for _, row := range c.query("analytics", `{"metrics":{"n":{"function":"count"}},"groupBy":["event_type"]}`) {
			n, _ := strconv.Atoi(row["n"].(json.Number).String())
			total[row["event_type"].(string)] += n
		}
		last := ""
		for _, row := range c.query("analytics", `{"metrics":{"n":{"function":"count"}},"groupBy":["event_type"],`+
			`"interval":{"unit":"hour","size":1}}`) {
			n, _ := strconv.Atoi(row["n"].(json.Number).String())
			total[row["event_type"].(string)] -= n
			if at := row["interval"].(string); !strings.HasSuffix(at, ":00:00Z") {
				t.Errorf("the interval starts at %s after %s", at, last)
			}
		}
		if len(total) < 15 {
			t.Errorf("types %v", total)
		}
		for typ, n := range total {
			if n != 0 {
				t.Errorf("%s: the hours lack %d", typ, n)
			}
		}
	})
}

func TestDatabaseRefuses(t *testing.T) {
	inBubble(t, Options{}, func(_ *Server, c client) {
		for path, want := range map[string]int{"events": http.StatusBadRequest, "else": http.StatusNotFound} {
			res, err := c.Post("http://simulated/v1/database/"+path, "", strings.NewReader("["))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := all(res); err != nil || res.StatusCode != want {
				t.Errorf("%s: %d, %v", path, res.StatusCode, err)
			}
		}
	})
}
