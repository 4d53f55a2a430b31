package simulator

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	pastHours    = 48              // hours before the start; one run of the scene in each
	pastEnd      = 2 * time.Minute // how long before the start the last of these runs begins
	storedLimit  = 10_000          // records of an instance that are stored while it runs
	rowLimit     = 1000            // rows per response, whatever limit says
	defaultLimit = 100
	hugeResponse = 200_000_000
)

// database holds the events and tracks that an instance has produced, and a
// made-up past. Safe for concurrent use.
type database struct {
	makePast sync.Once // at the first query: it takes a while
	past     []storedRecord

	mu      sync.Mutex
	records []storedRecord // while the instance runs, by time
}

type storedRecord struct {
	at time.Time
	item
}

// isStored reports whether the database has records of a type.
func isStored(typ string) bool { return typ == "track" || strings.HasPrefix(typ, "event-") }

// add stores an event or a track and forgets the oldest ones.
func (d *database) add(at time.Time, it item) {
	if !isStored(it.typ) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.records = append(d.records, storedRecord{at, it})
	if len(d.records) >= 2*storedLimit {
		d.records = slices.Clone(d.records[storedLimit:])
	}
}

// addPast makes up what an instance did in the hours before it was added.
func (d *database) addPast(in *instance, seed uint64) {
	for h := pastHours - 1; h >= 0; h-- {
		base := in.added.Truncate(time.Second).Add(-pastEnd - time.Duration(h)*time.Hour)
		sc := newScene(in, seed+uint64(base.Unix()), base)
		for e := sc.advance(); e.at < sceneLength; e = sc.advance() {
			if isStored(e.typ) && (e.typ != "track" || e.media%1000 < trackEvery) {
				d.past = append(d.past, storedRecord{base.Add(time.Duration(e.at) * time.Millisecond), sc.item(e)})
			}
		}
	}
}

// query is the body of a request to the database.
type query struct {
	TimeRange  struct{ StartTime, EndTime time.Time }
	Filters    map[string]any
	OrderBy    string
	Limit      int
	Offset     int
	InstanceID string
	Metrics    map[string]struct{} // by name; all count
	GroupBy    []string
	Interval   *interval
}

type interval struct {
	Unit string
	Size int
}

// queried handles POST /v1/database/{events,tracks,analytics}.
func (s *Server) queried(w http.ResponseWriter, r *http.Request, table string) {
	s.logf("%s %s", r.Method, r.URL)
	fault := s.databaseFault()
	var q query
	switch err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&q); {
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
		rows = q.page(rows, fault)
	}
	for _, row := range rows {
		if fault == "notime" {
			delete(row, "system_timestamp")
		}
		if fault == "unknown" {
			row["zone_index"], row["extra"] = 7, object{"nested": []int{1, 2}}
		}
	}
	reply(w, http.StatusOK, object{"data": rows})
}

// databaseFault counts a query and returns the fault that affects it.
func (s *Server) databaseFault() (kind string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queries++
	for _, f := range s.opts.Faults {
		if f.Name == "database" && f.meets(s.queries) {
			kind = f.Arg
		}
	}
	return kind
}

// rows returns the matching rows of all instances, oldest first.
func (s *Server) rows(q *query, tracks bool) []object {
	s.mu.Lock()
	instances := slices.Clone(s.instances)
	s.mu.Unlock()
	rows := []object{}
	for _, in := range instances {
		if q.InstanceID != "" && q.InstanceID != in.ID {
			continue
		}
		d := &in.database
		if s.capture == nil {
			d.makePast.Do(func() { d.addPast(in, s.opts.Seed) })
		}
		d.mu.Lock()
		records := slices.Concat(d.past, d.records)
		d.mu.Unlock()
		for _, rec := range records {
			late := !q.TimeRange.EndTime.IsZero() && rec.at.After(q.TimeRange.EndTime)
			if tracks != (rec.typ == "track") || late || rec.at.Before(q.TimeRange.StartTime) {
				continue
			}
			if row := rec.row(); q.matches(row) {
				rows = append(rows, row)
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b object) int {
		return cmp.Compare(a["system_timestamp"].(string), b["system_timestamp"].(string))
	})
	return rows
}

// columns lists the members of a payload that become columns of a row.
var columns = []struct{ column, name string }{
	{"instance_id", "instance_id"}, {"event_id", "event_id"}, {"tracking_id", "tracking_id"}, {"tracking_id", "ref_tracking_id"},
	{"object_class", "object_class"}, {"trigger_name", "area_name"}, {"trigger_name", "tripwire_name"},
	{"crossing_direction", "crossing_direction"}, {"location", "location"},
}

func (r *storedRecord) row() object {
	var payload object
	_ = json.Unmarshal(r.payload, &payload) // the simulator or parseCapture made it
	row := object{"system_timestamp": r.at.UTC().Format("2006-01-02T15:04:05.000Z07:00")}
	if r.typ != "track" {
		row["event_type"] = displayName(r.typ)
	}
	for _, c := range columns {
		if value := payload[c.name]; value != nil {
			row[c.column] = value
		}
	}
	return row
}

// displayName returns the name of a type in the database: "Line Crossing" for
// event-line-crossing.
func displayName(typ string) string {
	words := strings.Split(strings.TrimPrefix(typ, "event-"), "-")
	for i, word := range words {
		words[i] = strings.ToUpper(word[:min(1, len(word))]) + word[min(1, len(word)):]
	}
	return strings.Join(words, " ")
}

func (q *query) matches(row object) bool {
	for column, value := range q.Filters {
		if fmt.Sprint(row[column]) != fmt.Sprint(value) {
			return false
		}
	}
	return true
}

// page returns the page of rows, newest first unless ordered otherwise.
func (q *query) page(rows []object, fault string) []object {
	if !strings.HasSuffix(strings.ToLower(q.OrderBy), " asc") {
		slices.Reverse(rows)
	}
	if fault != "repeat" {
		rows = rows[min(max(q.Offset, 0), len(rows)):]
	}
	limit := q.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
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
		if q.Interval != nil {
			group["interval"] = q.Interval.start(row)
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

// start returns the start of the row's interval.
func (i *interval) start(row object) string {
	at, _ := time.Parse(time.RFC3339, row["system_timestamp"].(string)) // row has written it
	const day = 24 * time.Hour
	units := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": day, "week": 7 * day}
	switch unit := units[i.Unit]; {
	case unit > 0:
		at = at.Truncate(time.Duration(max(i.Size, 1)) * unit) // weeks of Go's zero time start on Monday
	case i.Unit == "month":
		at = time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
	default:
		at = time.Date(at.Year(), 1, 1, 0, 0, 0, 0, time.UTC)
	}
	return at.Format(time.RFC3339)
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
