package history

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
	"github.com/rtev/rtev/internal/rtapi"
)

var day = time.Date(2026, 6, 19, 0, 0, 0, 0, time.UTC)

// storedRow is a row of the fake database.
type storedRow struct {
	at   time.Time
	text string
}

// database is a server that responds with rows. Its fields are quirks of servers.
type database struct {
	mu       sync.Mutex
	rows     []storedRow
	cap      int             // the largest page; 0: the requested limit
	uneven   bool            // every second page has less than a tenth of the limit
	newest   bool            // sends the newest first, whatever the requested order
	shuffle  bool            // rows of one time come in another order each time
	noOffset bool            // ignores offset
	noLimit  bool            // ignores limit
	strict   bool            // orders by time, and sends nothing outside the range
	status   int             // responds with this status
	failAt   int             // offset from which on it responds with 500
	busy     func(*database) // is called for each request; nil: nothing
	names    []string
	text     string // of each response, instead of rows
	requests []request
}

// request is the body of a query.
type request struct {
	path       string
	InstanceID string
	TimeRange  struct{ StartTime, EndTime string }
	Filters    map[string]string
	OrderBy    string
	Limit      int
	Offset     int
	GroupBy    []string
	Interval   *struct{ Unit string }
}

// client connects to a server of d inside the process.
func (d *database) client(t testing.TB) *rtapi.Client { return serve(t, d.serve) }

func serve(t testing.TB, h http.HandlerFunc) *rtapi.Client {
	t.Helper()
	network := flowtest.Listen()
	server := &http.Server{Handler: h}
	go server.Serve(network)
	c, err := rtapi.New(rtapi.Options{Server: "http://nvr1:80", Dial: network.Dial})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		server.Close()
	})
	return c
}

func (d *database) serve(w http.ResponseWriter, q *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	r := request{path: q.URL.Path}
	if err := json.NewDecoder(q.Body).Decode(&r); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	d.requests = append(d.requests, r)
	if d.busy != nil {
		d.busy(d)
	}
	w.Header().Set("Content-Type", "application/json")
	switch {
	case d.status != 0:
		w.WriteHeader(d.status)
	case d.failAt > 0 && r.Offset >= d.failAt:
		w.WriteHeader(http.StatusInternalServerError)
	case d.text != "":
		io.WriteString(w, d.text)
	case r.path == "/v1/database/analytics":
		var rows []string
		for _, n := range d.names {
			rows = append(rows, fmt.Sprintf(`{"event_type":%q,"n":3}`, n))
		}
		io.WriteString(w, `{"data":[`+strings.Join(rows, ",")+`]}`)
	default:
		d.page(w, r)
	}
}

func (d *database) page(w io.Writer, r request) {
	rows := slices.Clone(d.rows)
	if d.strict {
		rows = slices.DeleteFunc(rows, func(s storedRow) bool {
			at := s.at.UTC().Format("2006-01-02T15:04:05.000Z07:00")
			return at < r.TimeRange.StartTime || at > r.TimeRange.EndTime
		})
		slices.SortStableFunc(rows, func(a, b storedRow) int { return a.at.Compare(b.at) })
	}
	if d.shuffle {
		rand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
		slices.SortStableFunc(rows, func(a, b storedRow) int { return a.at.Compare(b.at) })
	}
	if d.newest {
		slices.Reverse(rows)
	}
	if !d.noOffset {
		rows = rows[min(r.Offset, len(rows)):]
	}
	limit := r.Limit
	if d.cap > 0 {
		limit = min(limit, d.cap)
	}
	if d.uneven && len(d.requests)%2 == 0 {
		limit /= 11
	}
	if !d.noLimit {
		rows = rows[:min(limit, len(rows))]
	}
	var b bytes.Buffer
	b.WriteString(`{"count":1,"data":[`)
	for i, row := range rows {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(row.text)
	}
	b.WriteString(`],"next":{"data":[{}]}}`)
	_, _ = b.WriteTo(w)
}

// rowsAt returns n rows, each n%per of them with the same time.
func rowsAt(n, per int) (rows []storedRow) {
	for i := range n {
		at := day.Add(time.Duration(i/per) * time.Second)
		rows = append(rows, storedRow{at, fmt.Sprintf(`{"id":%d,"event_type":"Line Crossing","instance_id":"i",`+
			`"system_timestamp":%q,"new_column":[1, 2]}`,
			i, at.Format(time.RFC3339))})
	}
	return rows
}

// someWithoutTime returns n rows, every third without a time.
func someWithoutTime(n int) []storedRow {
	rows := rowsAt(n, 1)
	for i := range rows {
		if i%3 == 2 {
			rows[i].text = strings.Replace(rows[i].text, "system_timestamp", "other", 1)
		}
	}
	return rows
}

// collected is a sink that records payloads.
type collected struct {
	payloads []string
	types    []string
	fail     error
	failAt   int
}

func (c *collected) Put(e *event.Event) error {
	if c.fail != nil && len(c.payloads) == c.failAt {
		return c.fail
	}
	if !e.Stored {
		return errors.New("an event from the database is not marked as stored")
	}
	c.payloads = append(c.payloads, string(e.Payload))
	c.types = append(c.types, e.Type)
	return nil
}

func (c *collected) Flush() error { return nil }

var gate = &event.Instance{ID: "i", Name: "Gate"}

func source(t testing.TB, d *database) *Source {
	return &Source{Client: d.client(t), Since: day, Until: day.Add(24 * time.Hour), Instances: []*event.Instance{gate}}
}

// want returns the payloads that rows become.
func want(rows []storedRow) (list []string) {
	for _, r := range rows {
		list = append(list, `{"$id":"event-line-crossing",`+r.text[1:])
	}
	return list
}

func TestRowsAreReadOnceInOrder(t *testing.T) {
	for _, tc := range []struct {
		name string
		d    *database
		ties bool // rows of one time may come in any order
	}{
		{"one page", &database{rows: rowsAt(3, 1)}, false},
		{"nothing stored", &database{}, false},
		{"pages capped at 100", &database{rows: rowsAt(2500, 1), cap: 100}, false},
		{"pages of one", &database{rows: rowsAt(5, 1), cap: 1}, false},
		{"pages of uneven sizes", &database{rows: rowsAt(2500, 7), uneven: true}, false},
		{"times missing in some rows", &database{rows: someWithoutTime(700), cap: 100}, false},
		{"equal times at page borders", &database{rows: rowsAt(2500, 7), cap: 100}, false},
		{"equal times in an order that changes", &database{rows: rowsAt(2500, 7), cap: 100, shuffle: true}, true},
		{"a whole page of equal times", &database{rows: rowsAt(2500, 150), cap: 100}, false},
		{"newest first despite orderBy", &database{rows: rowsAt(400, 1), newest: true}, false},
		{"limit ignored", &database{rows: rowsAt(2500, 1), noLimit: true}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var sink collected
			s := source(t, tc.d)
			s.Notify = func(n event.Notice) { t.Errorf("notice: %s", n.Text) }
			if err := s.Run(t.Context(), &sink); err != nil {
				t.Fatal(err)
			}
			got, want := sink.payloads, want(tc.d.rows)
			if tc.ties {
				byTime := func(p string) string { return p[strings.Index(p, `"system_timestamp"`):] }
				if !slices.IsSortedFunc(got, func(a, b string) int { return strings.Compare(byTime(a), byTime(b)) }) {
					t.Error("not in the order of time")
				}
				slices.Sort(got)
				slices.Sort(want)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%d rows, want %d", len(got), len(want))
			}
		})
	}
}

func TestNewestFirstIsReported(t *testing.T) {
	d := &database{rows: rowsAt(2500, 7), cap: 100, newest: true}
	var sink collected
	var notices []event.Notice
	s := source(t, d)
	s.Notify = func(n event.Notice) { notices = append(notices, n) }
	if err := s.Run(t.Context(), &sink); err != nil {
		t.Fatal(err)
	}
	if len(notices) != 1 || notices[0].Kind != event.Warning ||
		!strings.Contains(notices[0].Text, "does not order events") {
		t.Errorf("notices %v", notices)
	}
	want := want(d.rows)
	slices.Sort(sink.payloads)
	slices.Sort(want)
	if !slices.Equal(sink.payloads, want) {
		t.Errorf("%d rows, want %d", len(sink.payloads), len(want))
	}
}

func TestRowsOfSeveralInstances(t *testing.T) {
	d := &database{rows: []storedRow{
		{day, `{"n":1,"instance_id":"I","system_timestamp":"2026-06-19T00:00:01Z"}`},
		{day, `{"n":2,"instance_id":"j","system_timestamp":"2026-06-19T00:00:02Z"}`},
		{day, `{"n":3,"instance_id":"k","system_timestamp":"2026-06-19T00:00:03Z"}`},
	}}
	s := source(t, d)
	s.Instances = append(s.Instances, &event.Instance{ID: "j", Name: "Dock"})
	var sink collected
	if err := s.Run(t.Context(), &sink); err != nil || len(sink.payloads) != 2 ||
		d.requests[0].Filters["instance_id"] != "" {
		t.Errorf("put %q, %v, requests %v", sink.payloads, err, d.requests)
	}
}

// TestRowsMayBeWrittenLate inserts an older row before each page but the first.
func TestRowsMayBeWrittenLate(t *testing.T) {
	for _, total := range []int{2, 90, 2500} {
		d := &database{rows: rowsAt(total, 1), cap: 100}
		want := want(d.rows)
		d.busy = func(d *database) {
			if n := len(d.requests); n > 1 && n < 100 {
				text := fmt.Sprintf(`{"late":%d,"instance_id":"i","system_timestamp":%d}`, n, day.UnixMilli())
				d.rows = slices.Insert(d.rows, 1, storedRow{day, text})
			}
		}
		var sink collected
		s := source(t, d)
		s.Notify = func(n event.Notice) { t.Errorf("%d rows: notice: %s", total, n.Text) }
		if err := s.Run(t.Context(), &sink); err != nil {
			t.Errorf("%d rows: %v", total, err)
		}
		got := slices.DeleteFunc(sink.payloads, func(p string) bool { return strings.Contains(p, `"late"`) })
		if !slices.Equal(got, want) {
			t.Errorf("%d rows, want %d", len(got), total)
		}
	}
}

func TestRowsOfUnlistedInstances(t *testing.T) {
	d := &database{rows: []storedRow{{day, `{"n":1,"instance_id":"deleted"}`}, {day, `{"n":2,"instance_id":"I"}`}}}
	s := source(t, d)
	s.Others = true
	var sink collected
	if err := s.Run(t.Context(), &sink); err != nil || len(sink.payloads) != 2 || len(d.requests[0].Filters) > 0 {
		t.Errorf("put %q, %v, requests %v", sink.payloads, err, d.requests)
	}
}

func TestRequestsHaveRangeAndLimit(t *testing.T) {
	d := &database{rows: rowsAt(2500, 1), cap: 100}
	if err := source(t, d).Run(t.Context(), &collected{}); err != nil {
		t.Fatal(err)
	}
	for _, r := range d.requests {
		if r.TimeRange.StartTime != "2026-06-19T00:00:00.000Z" || r.TimeRange.EndTime != "2026-06-20T00:00:00.000Z" ||
			r.Limit != pageRows || r.Filters["instance_id"] != "i" || r.OrderBy != "system_timestamp asc" {
			t.Fatalf("request %+v", r)
		}
	}
}

func TestRepeatedPageIsAnError(t *testing.T) {
	d := &database{rows: rowsAt(300, 1), cap: 100, noOffset: true}
	var sink collected
	err := source(t, d).Run(t.Context(), &sink)
	if err == nil || !strings.Contains(err.Error(), "the same events again") || len(sink.payloads) != 100 {
		t.Errorf("%d rows, then: %v", len(sink.payloads), err)
	}
}

func TestRowsWithoutTimeAreRead(t *testing.T) {
	d := &database{cap: 100}
	for i := range 250 {
		d.rows = append(d.rows, storedRow{text: fmt.Sprintf(`{"event_type":"Something New","n":%d}`, i)})
	}
	var sink collected
	if err := source(t, d).Run(t.Context(), &sink); err != nil {
		t.Fatal(err)
	}
	if len(sink.payloads) != 250 || sink.types[7] != "Something New" {
		t.Errorf("%d rows, types %.3q", len(sink.payloads), sink.types)
	}
}

func TestUnwantedRowsAreDropped(t *testing.T) {
	d := &database{rows: []storedRow{
		{day, `{"n":1,"instance_id":"other","system_timestamp":"2026-06-19T00:00:01Z"}`},
		{day, `"no object"`},
		{day, `{"n":NaN,"instance_id":"i","system_timestamp":"2026-06-19T00:00:01Z"}`},
		{day, `{"n":2,"instance_id":"I","event_type":null,"system_timestamp":"2026-06-19T00:00:00Z"}`},
		{day, `{"n":3,"instance_id":null,"system_timestamp":1781827202000}`},
		{day, `{"n":4,"system_timestamp":"1781827203000"}`},
		{day, `{"n":5,"event_type":"Intrusion","system_timestamp":"1781827203000"}`},
	}}
	var sink collected
	skipped := 0
	s := source(t, d)
	s.Types = []string{"unknown", "track"}
	s.Notify = func(n event.Notice) {
		if n.Kind == event.Skipped {
			skipped++
		}
	}
	if err := s.Run(t.Context(), &sink); err != nil {
		t.Fatal(err)
	}
	if len(sink.payloads) != 3 || skipped != 2 {
		t.Errorf("%d skipped, put %q", skipped, sink.payloads)
	}
}

func TestQueryErrors(t *testing.T) {
	full := errors.New("disk full")
	for _, tc := range []struct {
		name string
		d    *database
		sink *collected
		want func(error) bool
		rows int
	}{
		{"no such endpoint", &database{status: 404}, &collected{}, func(err error) bool {
			status, ok := errors.AsType[*rtapi.StatusError](err)
			return ok && status.Code == 404 && strings.HasPrefix(err.Error(), "http://nvr1:80 has no event database")
		}, 0},
		{"500 in the middle", &database{rows: rowsAt(300, 1), cap: 100, failAt: 150}, &collected{}, func(err error) bool {
			status, ok := errors.AsType[*rtapi.StatusError](err)
			return ok && status.Code == 500
		}, 200},
		{"the sink fails", &database{rows: rowsAt(300, 1)}, &collected{fail: full, failAt: 7},
			func(err error) bool { return err == full }, 7},
		{"the sink wants no more", &database{rows: rowsAt(300, 1)}, &collected{fail: event.ErrStop, failAt: 7},
			func(err error) bool { return err == event.ErrStop }, 7},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := source(t, tc.d).Run(t.Context(), tc.sink); !tc.want(err) || len(tc.sink.payloads) != tc.rows {
				t.Errorf("%v after %d rows", err, len(tc.sink.payloads))
			}
		})
	}
}

func TestResponseWithoutRows(t *testing.T) {
	for text, ok := range map[string]bool{
		`{"data":[]}`:                    true,
		`{"n":1, "data" : [] , "m":[1]}`: true,
		`{"columns":["data"],"data":[]}`: true,
		`{"data":null,"n":0}`:            true,
		`{"data":[{"n":1},`:              false,
		`{"data":[{"n":1}`:               false,
		`{"data":{}}`:                    false,
		`{"rows":[]}`:                    false,
		`[{"n":1}]`:                      false,
		`"x"`:                            false,
		`<html>`:                         false,
	} {
		err := source(t, &database{text: text}).Run(t.Context(), &collected{})
		if (err == nil) != ok {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// filler is a value of a row that never ends.
type filler struct{}

func (filler) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestOversizeRowIsSkipped(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"data":[`)
		if bytes.Contains(body, []byte(`"offset":0`)) {
			io.WriteString(w, `{"x":"`)
			io.CopyN(w, filler{}, event.MaxPayload)
			io.WriteString(w, `"},{"n":1}`)
		}
		io.WriteString(w, `]}`)
	})
	var sink collected
	skipped := 0
	s := Source{Client: c, Since: day, Until: day, Notify: func(n event.Notice) { skipped++ }}
	if err := s.Run(t.Context(), &sink); err != nil || len(sink.payloads) != 1 || skipped != 1 {
		t.Errorf("put %q, %d skipped, %v", sink.payloads, skipped, err)
	}
}

func TestPageIsBounded(t *testing.T) {
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"data":[`)
		for range 200 {
			io.WriteString(w, `{"x":"`)
			io.CopyN(w, filler{}, 1<<20)
			io.WriteString(w, `"},`)
		}
	})
	err := (&Source{Client: c, Since: day, Until: day}).Run(t.Context(), &collected{})
	if err == nil || !strings.Contains(err.Error(), "more than 64 MiB; ask for a shorter time") {
		t.Error(err)
	}
}

func TestTypeIsRequestedByServerName(t *testing.T) {
	for _, tc := range []struct {
		typ    string
		names  []string
		filter string
		notice string
	}{
		{"event-line-crossing", []string{"Intrusion", "Line Crossing"}, "Line Crossing", ""},
		{"event-line-crossing", []string{"event-line-crossing"}, "event-line-crossing", ""},
		{"object-guarding", []string{"Object Guarding"}, "Object Guarding", ""},
		{"event-loitering", []string{"Intrusion", "Line Crossing"}, "",
			"no event-loitering in this time; it has Intrusion, Line Crossing"},
		{"event-loitering", []string{""}, "", ""}, // the server does not say: read all types
	} {
		d := &database{rows: rowsAt(3, 1), names: tc.names}
		s := source(t, d)
		s.Types = []string{tc.typ}
		notice := ""
		s.Notify = func(n event.Notice) { notice = n.Text }
		if err := s.Run(t.Context(), &collected{}); err != nil {
			t.Fatal(err)
		}
		got := d.requests[len(d.requests)-1]
		if got.Filters["event_type"] != tc.filter || !strings.Contains(notice, tc.notice) ||
			(notice == "") != (tc.notice == "") {
			t.Errorf("%s of %q: filter %q, notice %q", tc.typ, tc.names, got.Filters["event_type"], notice)
		}
		if asked := got.path == "/v1/database/events"; asked != (tc.notice == "") {
			t.Errorf("%s of %q: last request %s", tc.typ, tc.names, got.path)
		}
	}
}

func TestTypesOfRows(t *testing.T) {
	for words, want := range map[string]string{
		"Line Crossing":       "event-line-crossing",
		"event-line-crossing": "event-line-crossing",
		"Intrusion":           "event-intrusion",
		"Intrusion End":       "event-intrusion-end",
		"Object Guarding":     "Object Guarding",
		"Tail Gate":           "event-tail-gate",
		"":                    "event-intrusion",
		"track":               "track",
	} {
		d := &database{rows: []storedRow{{day, fmt.Sprintf(`{"event_type":%q,"$id":"event-intrusion"}`, words)}}}
		s := source(t, d)
		s.Types = []string{want, "event-tail-gate"}
		var sink collected
		if err := s.Run(t.Context(), &sink); err != nil || !slices.Equal(sink.types, []string{want}) {
			t.Errorf("%q is %q, want %q; %v", words, sink.types, want, err)
		}
	}
}

func TestTracksAreRequestedByInstance(t *testing.T) {
	d := &database{text: `{"data":[{"tracking_id":"b","system_timestamp":2000},{"tracking_id":"a",` +
		`"system_timestamp":1000}]}`}
	s := source(t, d)
	s.Tracks = true
	var sink collected
	err := s.Run(t.Context(), &sink)
	if err != nil || len(d.requests) != 1 || d.requests[0].path != "/v1/database/tracks" ||
		d.requests[0].InstanceID != "i" {
		t.Fatalf("%v, requests %+v", err, d.requests)
	}
	if len(sink.payloads) != 2 || sink.types[0] != "track" || !strings.Contains(sink.payloads[0], `"a"`) {
		t.Errorf("put %q", sink.payloads)
	}
}

func TestCountsAreRows(t *testing.T) {
	d := &database{text: `{"data":[
		{"event_type":"Line Crossing","interval":"2026-06-19T18:00:00Z","events":7,"instance_id":"i"},
		{"event_type":null,"interval":"2026-06-19T17:00:00Z","events":2,"instance_id":"i"},
		{"event_type":"Intrusion","interval":"2026-06-19T17:00:00Z","events":3,"instance_id":"j"}]}`}
	s := source(t, d)
	s.CountBy, s.Per = []string{"event_type", "instance_id"}, "hour"
	var sink collected
	if err := s.Run(t.Context(), &sink); err != nil ||
		!slices.Equal(sink.types, []string{"event-line-crossing", "unknown"}) {
		t.Errorf("put %q, %v", sink.payloads, err)
	}
	r := d.requests[0]
	if r.path != "/v1/database/analytics" || !slices.Equal(r.GroupBy, s.CountBy) || r.Interval == nil ||
		r.Interval.Unit != "hour" || r.TimeRange.StartTime == "" {
		t.Errorf("request %+v", r)
	}
}

func TestCountsWithoutInstanceAreOfAll(t *testing.T) {
	s := source(t, &database{text: `{"data":[{"event_type":"Intrusion","events":7}]}`})
	s.CountBy = []string{"event_type", "instance_id"}
	var sink collected
	if err := s.Run(t.Context(), &sink); err != nil || len(sink.payloads) > 0 {
		t.Errorf("put %q for one instance, %v", sink.payloads, err)
	}
}

func TestMemoryIsBoundedByPage(t *testing.T) {
	const total = 50_000
	c := serve(t, func(w http.ResponseWriter, q *http.Request) {
		var r request
		if err := json.NewDecoder(q.Body).Decode(&r); err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"data":[`)
		for i := r.Offset; i < min(r.Offset+r.Limit, total); i++ {
			if i > r.Offset {
				io.WriteString(w, ",")
			}
			fmt.Fprintf(w, `{"id":%d,"event_type":"Intrusion","instance_id":"i","system_timestamp":%d}`, i,
				day.UnixMilli()+int64(i))
		}
		io.WriteString(w, `]}`)
	})
	n := 0
	s := Source{Client: c, Since: day, Until: day.Add(time.Hour)}
	if err := s.Run(t.Context(), counting(func() { n++ })); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	var after runtime.MemStats
	runtime.ReadMemStats(&after)
	if n != total || after.HeapAlloc > 15<<20 {
		t.Errorf("%d rows, %d MiB of heap", n, after.HeapAlloc>>20)
	}
}

type counting func()

func (c counting) Put(*event.Event) error { c(); return nil }
func (c counting) Flush() error           { return nil }

func FuzzRows(f *testing.F) {
	f.Add(`{"data":[{"event_type":"Line Crossing","instance_id":"i","system_timestamp":"2026-06-19T17:13:46Z"}]}`)
	f.Add(`{"data":[{},{"event_type":3}]}`)
	d := &database{}
	s := source(f, d)
	f.Fuzz(func(t *testing.T, text string) {
		d.text = text
		s.Run(t.Context(), &collected{}) // must end, and not panic
	})
}
