package history

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/rtapi"
)

var day = time.Date(2026, 6, 19, 0, 0, 0, 0, time.UTC)

// stored is a row of the fake database.
type storedRow struct {
	at   time.Time
	text string
}

// database is a Client that responds with rows. Its fields are quirks of servers.
type database struct {
	mu       sync.Mutex
	rows     []storedRow
	cap      int  // the largest page; 0: the requested limit
	newest   bool // sends the newest first, whatever the requested order
	shuffle  bool // rows of one time come in another order each time
	noOffset bool // ignores offset
	noLimit  bool // ignores limit
	strict   bool // orders by time, and sends nothing outside the range
	status   int  // responds with this status
	failAt   int  // offset from which on it responds with 500
	names    []string
	requests []request
}

func (d *database) Server() string { return "http://nvr1" }

func (d *database) Post(_ context.Context, path string, body []byte) (io.ReadCloser, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var r request
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, err
	}
	d.requests = append(d.requests, r)
	if d.status != 0 {
		return nil, &rtapi.StatusError{Code: d.status}
	}
	if path == analyticsPath {
		var rows []string
		for _, n := range d.names {
			rows = append(rows, fmt.Sprintf(`{"event_type":%q,"n":3}`, n))
		}
		return io.NopCloser(strings.NewReader(`{"data":[` + strings.Join(rows, ",") + `]}`)), nil
	}
	if d.failAt > 0 && r.Offset >= d.failAt {
		return nil, &rtapi.StatusError{Code: 500}
	}
	rows := slices.Clone(d.rows)
	if d.strict {
		rows = slices.DeleteFunc(rows, func(s storedRow) bool {
			at := s.at.UTC().Format("2006-01-02T15:04:05.000Z07:00")
			return at < r.TimeRange.Start || at > r.TimeRange.End
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
	return io.NopCloser(&b), nil
}

// rowsAt returns n rows, each n%per of them with the same time.
func rowsAt(n, per int) (rows []storedRow) {
	for i := range n {
		at := day.Add(time.Duration(i/per) * time.Second)
		rows = append(rows, storedRow{at, fmt.Sprintf(`{"id":%d,"event_type":"Line Crossing","instance_id":"i","system_timestamp":%q,"new_column":[1, 2]}`,
			i, at.Format(time.RFC3339))})
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

func source(d *database) *Source {
	return &Source{
		Client: d, Since: day, Until: day.Add(24 * time.Hour), InstanceID: "i",
		Locate: func(id string) *event.Instance {
			if id != "i" {
				return nil
			}
			return gate
		},
	}
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
		{"equal times at page borders", &database{rows: rowsAt(2500, 7), cap: 100}, false},
		{"equal times in an order that changes", &database{rows: rowsAt(2500, 7), cap: 100, shuffle: true}, true},
		{"a whole page of equal times", &database{rows: rowsAt(2500, 150), cap: 100}, false},
		{"newest first despite orderBy", &database{rows: rowsAt(2500, 1), cap: 100, newest: true}, false},
		{"newest first with equal times", &database{rows: rowsAt(2500, 7), cap: 100, newest: true}, true},
		{"limit ignored", &database{rows: rowsAt(2500, 1), noLimit: true}, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var sink collected
			s := source(tc.d)
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

func TestMergedIsInOrder(t *testing.T) {
	var m Merged
	var all []storedRow
	for i := range 3 {
		var rows []storedRow
		for j := range 250 {
			at := day.Add(time.Duration(3*j+i) * time.Second)
			rows = append(rows, storedRow{at, fmt.Sprintf(`{"event_type":"Line Crossing","instance_id":"i","n":%d,"system_timestamp":%q}`, i, at.Format(time.RFC3339))})
		}
		all = append(all, rows...)
		m = append(m, source(&database{rows: rows, cap: 100}))
	}
	slices.SortFunc(all, func(a, b storedRow) int { return a.at.Compare(b.at) })
	var sink collected
	if err := m.Run(t.Context(), &sink); err != nil || !slices.Equal(sink.payloads, want(all)) {
		t.Errorf("%d rows, %v", len(sink.payloads), err)
	}

	m[1] = source(&database{status: 404})
	m[2] = source(&database{status: 500})
	var notices []string
	m[2].Notify = func(n event.Notice) { notices = append(notices, n.Text) }
	sink = collected{}
	err := m.Run(t.Context(), &sink)
	if _, missing := errors.AsType[*NoDatabaseError](err); !missing || len(sink.payloads) != 250 || len(notices) != 1 {
		t.Errorf("%d rows, %v, notices %q", len(sink.payloads), err, notices)
	}
	full := errors.New("disk full")
	if err := m.Run(t.Context(), &collected{fail: full, failAt: 7}); err != full {
		t.Errorf("the sink fails: %v", err)
	}
}

func TestRequestsHaveRangeAndLimit(t *testing.T) {
	d := &database{rows: rowsAt(2500, 1), cap: 100}
	if err := source(d).Run(t.Context(), &collected{}); err != nil {
		t.Fatal(err)
	}
	for _, r := range d.requests {
		if r.TimeRange != (timeRange{"2026-06-19T00:00:00.000Z", "2026-06-20T00:00:00.000Z"}) || r.Limit != pageRows || r.Filters["instance_id"] != "i" {
			t.Fatalf("request %+v", r)
		}
	}
}

func TestRepeatedPageIsAnError(t *testing.T) {
	for _, newest := range []bool{false, true} {
		d := &database{rows: rowsAt(300, 1), cap: 100, noOffset: true, newest: newest}
		var sink collected
		err := source(d).Run(t.Context(), &sink)
		if err == nil || !strings.Contains(err.Error(), "the same rows again") {
			t.Errorf("newest first %v: %v", newest, err)
		}
		if !newest && (len(sink.payloads) != 100 || !strings.HasPrefix(err.Error(), "stored events after ")) {
			t.Errorf("%d rows, then: %v", len(sink.payloads), err)
		}
	}
}

func TestRowsWithoutTimeAreRead(t *testing.T) {
	d := &database{cap: 100}
	for i := range 250 {
		d.rows = append(d.rows, storedRow{text: fmt.Sprintf(`{"event_type":"Something New","n":%d}`, i)})
	}
	var sink collected
	if err := source(d).Run(t.Context(), &sink); err != nil {
		t.Fatal(err)
	}
	if len(sink.payloads) != 250 || sink.types[7] != "Something New" {
		t.Errorf("%d rows, types %.3q", len(sink.payloads), sink.types)
	}
}

func TestUnwantedRowsAreDropped(t *testing.T) {
	d := &database{rows: []storedRow{
		{day, `{"n":1,"instance_id":"i","system_timestamp":"2026-06-18T23:59:59Z"}`},
		{day, `{"n":2,"instance_id":"i","system_timestamp":"2026-06-19T00:00:00Z"}`},
		{day, `{"n":3,"instance_id":"other","system_timestamp":"2026-06-19T00:00:01Z"}`},
		{day, `"no object"`},
		{day, `{"n":NaN,"instance_id":"i","system_timestamp":"2026-06-19T00:00:01Z"}`},
		{day, `{"n":4,"instance_id":"i","system_timestamp":1781827202000}`},
		{day, `{"n":5,"instance_id":"i","system_timestamp":"1781827203000"}`},
		{day, `{"n":6,"instance_id":"i","system_timestamp":"2026-06-20T00:00:01Z"}`},
	}}
	var sink collected
	skipped := 0
	s := source(d)
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
			missing, ok := errors.AsType[*NoDatabaseError](err)
			return ok && missing.Server == "http://nvr1"
		}, 0},
		{"500 in the middle", &database{rows: rowsAt(300, 1), cap: 100, failAt: 150}, &collected{}, func(err error) bool {
			status, ok := errors.AsType[*rtapi.StatusError](err)
			return ok && status.Code == 500 && strings.HasPrefix(err.Error(), "stored events after 2026-06-19 ")
		}, 199},
		{"the sink fails", &database{rows: rowsAt(300, 1)}, &collected{fail: full, failAt: 7}, func(err error) bool { return err == full }, 7},
		{"the sink wants no more", &database{rows: rowsAt(300, 1)}, &collected{fail: event.ErrStop, failAt: 7}, func(err error) bool { return err == event.ErrStop }, 7},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := source(tc.d).Run(t.Context(), tc.sink); !tc.want(err) || len(tc.sink.payloads) != tc.rows {
				t.Errorf("%v after %d rows", err, len(tc.sink.payloads))
			}
		})
	}
}

func TestResponseWithoutRows(t *testing.T) {
	for text, ok := range map[string]bool{
		`{"data":[]}`:                      true,
		`[]`:                               true,
		`[{"n":1}]`:                        true,
		`{"a":[{"data":[1]}],"data":[{}]}`: true,
		`{"data":[{"n":1},`:                false,
		`{"data":[{"n":1}`:                 false,
		`{"data":{}}`:                      false,
		`{"rows":[]}`:                      false,
		`"x"`:                              false,
		``:                                 false,
		`<html>`:                           false,
	} {
		err := rows(strings.NewReader(text), func([]byte) bool { return true })
		if (err == nil) != ok || err == io.EOF {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// endless is a response whose one row never ends.
type endless struct{ begun bool }

func (e *endless) Read(p []byte) (int, error) {
	if !e.begun {
		e.begun = true
		return copy(p, `{"data":[{"x":"`), nil
	}
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestOversizeRowIsSkipped(t *testing.T) {
	text := io.MultiReader(io.LimitReader(&endless{}, event.MaxPayload+100), strings.NewReader(`"},{"n":1}]}`))
	var got []string
	err := rows(text, func(row []byte) bool {
		got = append(got, string(row))
		return true
	})
	if err != nil || !slices.Equal(got, []string{"", `{"n":1}`}) {
		t.Errorf("%q, %v", got, err)
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
		{"Object Guarding", []string{"object_guarding"}, "object_guarding", ""},
		{"event-loitering", []string{"Intrusion", "Line Crossing"}, "", "no event-loitering in this time; it has Intrusion, Line Crossing"},
	} {
		d := &database{rows: rowsAt(3, 1), names: tc.names}
		s := source(d)
		s.Type = tc.typ
		notice := ""
		s.Notify = func(n event.Notice) { notice = n.Text }
		if err := s.Run(t.Context(), &collected{}); err != nil {
			t.Fatal(err)
		}
		if got := d.requests[len(d.requests)-1].Filters["event_type"]; got != tc.filter || !strings.Contains(notice, tc.notice) {
			t.Errorf("%s of %q: filter %q, notice %q", tc.typ, tc.names, got, notice)
		}
	}
}

func TestTypeOf(t *testing.T) {
	for words, want := range map[string]string{
		"Line Crossing":       "event-line-crossing",
		"line_crossing":       "event-line-crossing",
		"event-line-crossing": "event-line-crossing",
		"Intrusion":           "event-intrusion",
		"Intrusion End":       "event-intrusion-end",
		"Object Guarding":     "Object Guarding",
		"":                    "",
		"track":               "track",
	} {
		if got := TypeOf(words); got != want {
			t.Errorf("%q is %q, want %q", words, got, want)
		}
	}
}

func TestMemoryIsBoundedByPage(t *testing.T) {
	d := &endlessPages{total: 100_000}
	s := source(nil)
	s.Client = d
	n := 0
	if err := s.Run(t.Context(), counting(func() { n++ })); err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	var after runtime.MemStats
	runtime.ReadMemStats(&after)
	if n != d.total || after.HeapAlloc > 15<<20 {
		t.Errorf("%d rows, %d MiB of heap", n, after.HeapAlloc>>20)
	}
}

// endlessPages is a Client that generates rows.
type endlessPages struct{ total int }

func (d *endlessPages) Server() string { return "http://nvr1" }

func (d *endlessPages) Post(_ context.Context, _ string, body []byte) (io.ReadCloser, error) {
	var r request
	if err := json.Unmarshal(body, &r); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(`{"data":[`)
	for i := r.Offset; i < min(r.Offset+r.Limit, d.total); i++ {
		if i > r.Offset {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":%d,"event_type":"Intrusion","instance_id":"i","system_timestamp":%d}`, i, day.UnixMilli()+int64(i))
	}
	b.WriteString(`]}`)
	return io.NopCloser(&b), nil
}

type counting func()

func (c counting) Put(*event.Event) error { c(); return nil }
func (c counting) Flush() error           { return nil }

func TestCounts(t *testing.T) {
	response := `{"data":[
		{"event_type":"Line Crossing","interval":"2026-06-19T18:00:00Z","events":7,"instance_id":"i"},
		{"event_type":"Intrusion","bucket":"2026-06-19T17:00:00Z","events":"3","instance_id":"i"},
		{"event_type":"Line Crossing","interval":"2026-06-19T17:00:00Z","events":12,"instance_id":"i"},
		{"event_type":"Line Crossing","interval":"2026-06-19T17:00:00Z","events":1,"instance_id":"j"},
		{"event_type":null,"interval":"2026-06-19T17:00:00Z","events":2,"instance_id":"i"}]}`
	c := posted(response)
	list, err := Counts(t.Context(), []Client{&c}, CountQuery{
		Since: day, Until: day.Add(time.Hour), Columns: []string{"event_type"}, Per: "hour",
		Instance: func(id string) bool { return id == "i" },
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, n := range list {
		got = append(got, fmt.Sprintf("%s %s %v", n.Start.Format("15"), n.Groups[0], n.Events))
	}
	want := []string{"17  2", "17 Intrusion 3", "17 Line Crossing 12", "18 Line Crossing 7"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// posted is a Client that always sends the same response.
type posted string

func (p *posted) Server() string { return "http://nvr1" }

func (p *posted) Post(context.Context, string, []byte) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(string(*p))), nil
}

func FuzzRows(f *testing.F) {
	f.Add(`{"data":[{"event_type":"Line Crossing","instance_id":"i","system_timestamp":"2026-06-19T17:13:46Z"}]}`)
	f.Add(`[{},{"event_type":3}]`)
	f.Fuzz(func(t *testing.T, text string) {
		c := posted(text)
		s := source(nil)
		s.Client = &c
		s.Run(t.Context(), &collected{})                                                                                   // must end, and not panic
		Counts(t.Context(), []Client{&c}, CountQuery{Since: day, Until: day, Columns: []string{"event_type"}, Per: "day"}) // the same
	})
}
