package simulator

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	pastHours    = 48              // hours before the start; one run of the scene in each
	pastEnd      = 2 * time.Minute // how long before the start the last of these runs begins
	rowLimit     = 1000            // rows per response, whatever limit says
	defaultLimit = 100
	hugeResponse = 200_000_000

	rowTime = "2006-01-02T15:04:05.000Z07:00" // in UTC, so that times compare as strings
)

// columns names the column of a row for the members of a payload that are stored.
var columns = map[string]string{
	"instance_id": "instance_id", "event_id": "event_id", "tracking_id": "tracking_id", "ref_tracking_id": "tracking_id",
	"object_class": "object_class", "area_name": "trigger_name", "tripwire_name": "trigger_name",
	"crossing_direction": "crossing_direction", "location": "location",
}

// storedRow returns the row of an event or a track.
func storedRow(payload object, at time.Time) object {
	row := object{"system_timestamp": at.UTC().Format(rowTime)}
	if typ := payload["$id"].(string); typ != "track" {
		row["event_type"] = displayName(typ)
	}
	for member, value := range payload {
		if column := columns[member]; column != "" {
			row[column] = value
		}
	}
	return row
}

// displayName returns the name of a type in the database: "Line Crossing" for
// event-line-crossing.
func displayName(typ string) string {
	words := strings.Split(strings.TrimPrefix(typ, "event-"), "-")
	for i, word := range words {
		words[i] = strings.ToUpper(word[:1]) + word[1:]
	}
	return strings.Join(words, " ")
}

// pastRows makes up the rows of the hours before an instance was added.
func pastRows(in *instance, seed uint64, added time.Time) (rows []object) {
	for h := pastHours - 1; h >= 0; h-- {
		base := added.Truncate(time.Second).Add(-pastEnd - time.Duration(h)*time.Hour)
		sc := newScene(in, seed+uint64(base.Unix()), base)
		for e := sc.advance(); e.at < sceneLength; e = sc.advance() {
			if e.stored {
				rows = append(rows, sc.item(e).stored)
			}
		}
	}
	return rows
}

// query is the body of a request to the database.
type query struct {
	TimeRange  struct{ StartTime, EndTime time.Time }
	Filters    object
	OrderBy    string
	Limit      int
	Offset     int
	InstanceID string
	Metrics    map[string]struct{} // by name; all count
	GroupBy    []string
	Interval   struct{ Unit string } // of size 1
}

// query handles POST /v1/database/{events,tracks,analytics}.
func (s *Server) query(w http.ResponseWriter, r *http.Request, table string) {
	s.mu.Lock()
	s.queries++
	fault := effectsOn(s.queries, s.opts.Faults)["database"]
	s.mu.Unlock()
	var q query
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&q)
	switch {
	case fault == "missing":
		refuse(w, http.StatusNotFound, "no such path: "+r.URL.Path)
		return
	case fault == "broken":
		refuse(w, http.StatusInternalServerError, "simulated: the database is broken")
		return
	case fault == "huge":
		writeHuge(w)
		return
	case err != nil:
		refuse(w, http.StatusBadRequest, err.Error())
		return
	}
	rows := s.rows(&q, table == "tracks")
	switch table {
	case "analytics":
		rows = q.aggregate(rows)
	case "events":
		if fault == "repeat" {
			q.Offset = 0
		}
		rows = q.page(rows)
	}
	for i, row := range rows {
		row = maps.Clone(row)
		switch fault {
		case "notime":
			delete(row, "system_timestamp")
		case "unknown":
			row["zone_index"], row["extra"] = 7, object{"nested": []int{1, 2}}
		}
		rows[i] = row
	}
	reply(w, http.StatusOK, object{"data": rows})
}

// rows returns the matching rows of all instances, oldest first.
func (s *Server) rows(q *query, tracks bool) []object {
	s.mu.Lock()
	instances := slices.Clone(s.instances)
	s.mu.Unlock()
	from, to := q.TimeRange.StartTime.UTC().Format(rowTime), q.TimeRange.EndTime.UTC().Format(rowTime)
	rows := []object{}
	for _, in := range instances {
		if q.InstanceID != "" && q.InstanceID != in.ID {
			continue
		}
		past := in.past()
		in.mu.Lock()
		stored := slices.Concat(past, in.stored)
		in.mu.Unlock()
		for _, row := range stored {
			at := rowAt(row)
			late := !q.TimeRange.EndTime.IsZero() && at > to
			if isTrack := row["event_type"] == nil; isTrack == tracks && at >= from && !late && q.matches(row) {
				rows = append(rows, row)
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b object) int { return cmp.Compare(rowAt(a), rowAt(b)) })
	return rows
}

func rowAt(row object) string { return row["system_timestamp"].(string) }

func (q *query) matches(row object) bool {
	for column, value := range q.Filters {
		if fmt.Sprint(row[column]) != fmt.Sprint(value) {
			return false
		}
	}
	return true
}

// page returns the page of rows, newest first unless ordered otherwise.
func (q *query) page(rows []object) []object {
	if !strings.HasSuffix(strings.ToLower(q.OrderBy), " asc") {
		slices.Reverse(rows)
	}
	rows = rows[min(max(q.Offset, 0), len(rows)):]
	limit := cmp.Or(max(q.Limit, 0), defaultLimit)
	return rows[:min(limit, rowLimit, len(rows))]
}

// aggregate returns one row per group and interval, in order, with the number
// of rows as every metric.
func (q *query) aggregate(rows []object) []object {
	groups := map[string]object{}
	counts := map[string]int{}
	for _, row := range rows {
		group := object{}
		for _, column := range q.GroupBy {
			group[column] = row[column]
		}
		if unit := q.Interval.Unit; unit != "" {
			group["interval"] = intervalStart(rowAt(row), unit)
		}
		key := string(marshal(group))
		groups[key] = group
		counts[key]++
	}
	result := []object{}
	for key, group := range groups {
		for name := range q.Metrics {
			group[name] = counts[key]
		}
		result = append(result, group)
	}
	slices.SortFunc(result, func(a, b object) int { return bytes.Compare(marshal(a), marshal(b)) })
	return result
}

// intervalStart returns the start of the interval that a time is in.
func intervalStart(at, unit string) string {
	if unit == "week" { // weeks start on Monday, as Go's zero time
		t, _ := time.Parse(rowTime, at) // storedRow has written it
		return t.Truncate(7 * 24 * time.Hour).Format(time.RFC3339)
	}
	digits := map[string]int{"minute": 16, "hour": 13, "day": 10, "month": 7, "year": 4}[unit]
	return at[:digits] + "0001-01-01T00:00:00Z"[digits:]
}

// writeHuge writes a valid response of 200 MB.
func writeHuge(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	row := []byte(`{"event_type":"Intrusion","filler":"` + strings.Repeat("x", 64<<10) + `"},`)
	_, err := w.Write([]byte(`{"data":[`))
	for sent := 0; sent < hugeResponse && err == nil; sent += len(row) {
		_, err = w.Write(row)
	}
	if err == nil {
		_, _ = w.Write([]byte(`{"event_type":"Intrusion"}]}`))
	}
}
