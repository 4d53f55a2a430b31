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
	pastHours    = 48     // one run of the scene in each of so many hours before the start
	storedLimit  = 10_000 // records of an instance that are stored while it runs
	rowLimit     = 1000   // rows per response, whatever limit says
	defaultLimit = 100
	firstLiveID  = 1_000_000
	hugeResponse = 200_000_000
)

// database holds the events and tracks that an instance has produced, and a
// made-up past. Safe for concurrent use.
type database struct {
	makePast sync.Once // at the first query: it takes a while
	past     []storedRecord

	mu      sync.Mutex
	records []storedRecord // while the instance runs, by time
	lastID  int
}

type storedRecord struct {
	id      int
	at      time.Time
	track   bool
	payload []byte
}

// add stores an event or a track and forgets the oldest ones.
func (d *database) add(at time.Time, it item) {
	track := it.typ == "track"
	if !track && !strings.HasPrefix(it.typ, "event-") {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lastID++
	d.records = append(d.records, storedRecord{firstLiveID + d.lastID, at, track, it.payload})
	if len(d.records) >= 2*storedLimit {
		d.records = slices.Clone(d.records[storedLimit:])
	}
}

// addPast makes up what an instance did in the hours before a time.
func (d *database) addPast(in *instance, seed uint64, now time.Time) {
	for h := pastHours; h > 0; h-- {
		base := now.Truncate(time.Hour).Add(-time.Duration(h) * time.Hour)
		sc := newScene(in, seed+uint64(base.Unix()), base)
		for e := sc.advance(); e.at < sceneLength; e = sc.advance() {
			if strings.HasPrefix(e.typ, "event-") || e.typ == "track" && e.media%1000 < trackEvery {
				at := base.Add(time.Duration(e.at) * time.Millisecond)
				d.past = append(d.past, storedRecord{len(d.past) + 1, at, e.typ == "track", sc.item(e).payload})
			}
		}
	}
}

// query is the body of a request to the database.
type query struct {
	TimeRange  struct{ StartTime, EndTime time.Time }
	Filters    map[string]any
	Columns    []string
	OrderBy    string
	Limit      int
	Offset     int
	AfterID    int
	InstanceID string
	Metrics    map[string]metric
	GroupBy    []string
	Interval   *interval
}

type metric struct{ Function, Field string }

type interval struct {
	Unit string
	Size int
}

// queried handles POST /v1/database/{events,tracks,analytics}.
func (s *Server) queried(w http.ResponseWriter, r *http.Request) {
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
	table := r.PathValue("table")
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
func (s *Server) databaseFault() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queries++
	var eff effects
	for _, f := range s.opts.Faults {
		if f.meets(s.queries) {
			_ = f.apply(&eff) // New has checked it
		}
	}
	return eff.database
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
		if d := &in.database; s.capture == nil {
			d.makePast.Do(func() { d.addPast(in, s.opts.Seed, in.added) })
		}
		in.database.mu.Lock()
		records := append(slices.Clip(in.database.past), in.database.records...)
		in.database.mu.Unlock()
		for _, rec := range records {
			before := !q.TimeRange.EndTime.IsZero() && rec.at.After(q.TimeRange.EndTime)
			if rec.track != tracks || before || rec.at.Before(q.TimeRange.StartTime) {
				continue
			}
			if row := rec.row(in.order); q.matches(row) {
				rows = append(rows, row)
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b object) int {
		return cmp.Compare(a["system_timestamp"].(string), b["system_timestamp"].(string))
	})
	return rows
}

// row returns the record as a row. Ids are unique over all instances.
func (r *storedRecord) row(order int) object {
	var p struct {
		Type      string         `json:"$id"`
		Instance  string         `json:"instance_id"`
		Event     string         `json:"event_id"`
		Track     string         `json:"tracking_id"`
		RefTrack  string         `json:"ref_tracking_id"`
		Class     string         `json:"object_class"`
		Area      string         `json:"area_name"`
		Tripwire  string         `json:"tripwire_name"`
		Direction string         `json:"crossing_direction"`
		Location  map[string]any `json:"location"`
	}
	_ = json.Unmarshal(r.payload, &p) // the simulator or parseCapture made it
	row := object{"instance_id": p.Instance, "system_timestamp": r.at.UTC().Format("2006-01-02T15:04:05.000Z07:00")}
	if !r.track {
		row["id"], row["event_type"] = order*10_000_000+r.id, displayName(p.Type)
	}
	for name, value := range map[string]string{
		"event_id": p.Event, "tracking_id": p.Track + p.RefTrack, "object_class": p.Class,
		"trigger_name": p.Area + p.Tripwire, "crossing_direction": p.Direction,
	} {
		if value != "" {
			row[name] = value
		}
	}
	if p.Location != nil {
		row["location"] = p.Location
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
	descending := !strings.HasSuffix(strings.ToLower(q.OrderBy), " asc")
	if descending {
		slices.Reverse(rows)
	}
	if q.AfterID > 0 {
		rows = rows[slices.IndexFunc(rows, func(o object) bool { return o["id"] == q.AfterID })+1:]
	}
	if fault != "repeat" {
		rows = rows[min(max(q.Offset, 0), len(rows)):]
	}
	limit := q.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	rows = rows[:min(limit, rowLimit, len(rows))]
	for _, row := range rows {
		for name := range row {
			if q.Columns != nil && !slices.Contains(q.Columns, name) {
				delete(row, name)
			}
		}
	}
	return rows
}

// aggregate returns one row per group and interval, in order.
func (q *query) aggregate(rows []object) []object {
	groups := map[string][]object{}
	for _, row := range rows {
		key := q.start(row)
		for _, column := range q.GroupBy {
			key += "\x00" + fmt.Sprint(row[column])
		}
		groups[key] = append(groups[key], row)
	}
	result := []object{}
	for key, members := range groups {
		group := object{}
		for _, column := range q.GroupBy {
			group[column] = members[0][column]
		}
		if q.Interval != nil {
			group["interval"], _, _ = strings.Cut(key, "\x00")
		}
		for name, m := range q.Metrics {
			group[name] = m.of(members, len(rows))
		}
		result = append(result, group)
	}
	slices.SortFunc(result, func(a, b object) int { return bytes.Compare(marshal(a), marshal(b)) })
	return result
}

// of returns the metric over some of all rows. Fields hold numbers or are
// missing, which counts as 0.
func (m metric) of(rows []object, all int) any {
	var values []float64
	sum := 0.0
	for _, row := range rows {
		f, _ := row[m.Field].(float64)
		values = append(values, f)
		sum += f
	}
	switch m.Function {
	case "sum":
		return sum
	case "avg":
		return sum / float64(len(rows))
	case "min":
		return slices.Min(values)
	case "max":
		return slices.Max(values)
	case "percentage":
		return 100 * float64(len(rows)) / float64(all)
	}
	return len(rows)
}

// start returns the start of the row's interval.
func (q *query) start(row object) string {
	if q.Interval == nil {
		return ""
	}
	at, _ := time.Parse(time.RFC3339, row["system_timestamp"].(string)) // row has written it
	size := time.Duration(max(q.Interval.Size, 1))
	switch q.Interval.Unit {
	case "minute":
		at = at.Truncate(size * time.Minute)
	case "hour":
		at = at.Truncate(size * time.Hour)
	case "day":
		at = at.Truncate(size * 24 * time.Hour)
	case "week":
		at = at.Truncate(size * 7 * 24 * time.Hour) // weeks of Go's zero time start on Monday
	case "month":
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
