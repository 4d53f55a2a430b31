package crop

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
	"github.com/rtev/rtev/internal/jsonraw"
)

// rig is a Saver with a folder of its own, its records and its notices.
type rig struct {
	t       testing.TB
	dir     *Dir
	saver   *Saver
	records flowtest.Collect
	notices []string
	now     time.Time // when the next event is received
}

const first int64 = 1781889224027 // ms, of the first event

func newRig(t testing.TB, o Options) *rig {
	t.Helper()
	r := &rig{t: t, dir: mustOpen(t, t.TempDir()), now: time.UnixMilli(first)}
	if o.Name == nil {
		o.Name = mustName(t, "{n}_{type}_{class}_{place}.jpg")
	}
	if o.Types == nil {
		o.Types = anyType
	}
	if o.Where == nil {
		o.Where = anyCrop
	}
	o.To, o.Location = &r.records, time.UTC
	o.Notify = func(n event.Notice) { r.notices = append(r.notices, n.Text) }
	r.saver = NewSaver(r.dir, o)
	return r
}

// put puts an event that is received after a pause.
func (r *rig) put(pause time.Duration, typ, payload string) error {
	r.now = r.now.Add(pause)
	ev := flowtest.Event(r.t, typ, payload)
	ev.Received = r.now
	return r.saver.Put(ev)
}

func (r *rig) mustPut(pause time.Duration, typ, payload string) {
	r.t.Helper()
	if err := r.put(pause, typ, payload); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) close() {
	r.t.Helper()
	if err := r.saver.Close(); err != nil {
		r.t.Fatal(err)
	}
}

// files returns the names below the folder.
func (r *rig) files() string { return strings.Join(names(r.t, r.dir.path), " ") }

func (r *rig) want(files string) {
	r.t.Helper()
	if got := r.files(); got != files {
		r.t.Errorf("got %q, want %q", got, files)
	}
}

func cropOf(picture []byte, members string) string {
	return `{"image":"` + base64.StdEncoding.EncodeToString(picture) + `"` +
		members + fmt.Sprintf(`,"system_timestamp":%d}`, first)
}

const (
	intrusion = `{"event_id":"e1","area_name":"Dock","object_class":"Person","ref_tracking_id":"t1"}`
	ended     = `{"event_id":"e1","area_name":"Dock","object_class":"Person","event_duration_ms":5}`
	track     = `{"tracking_id":"t1","object_class":"Vehicle"}`
	statistic = `{"latency":1}`
	ofEvent   = `,"ref_event_id":"e1"`
	ofTrack   = `,"ref_tracking_id":"t1"`
	ofBoth    = `,"ref_event_id":"e1","ref_tracking_id":"t1"`
)

func TestJoin(t *testing.T) {
	type step struct {
		pause        time.Duration
		typ, payload string
		files        string // after it
	}
	p := jpegOf(t, 16, 16)
	for _, tc := range []struct {
		name  string
		steps []step
	}{
		{
			"before it",
			[]step{
				{0, "event-intrusion", intrusion, ""},
				{time.Second, "crop", cropOf(p, ofBoth), "1_event-intrusion_Person_Dock.jpg"},
			},
		},
		{
			"after it",
			[]step{
				{0, "crop", cropOf(p, ofBoth), ""}, {time.Second, "track", track, ""},
				{time.Second / 2, "event-intrusion", intrusion, "1_event-intrusion_Person_Dock.jpg"},
			},
		},
		{
			"too late",
			[]step{
				{0, "crop", cropOf(p, ofEvent), ""},
				{2 * time.Second, "statistics", statistic, "1_unknown_unknown_unknown.jpg"},
				{0, "event-intrusion", intrusion, "1_unknown_unknown_unknown.jpg"},
			},
		},
		{
			"late, but nothing came between",
			[]step{
				{0, "crop", cropOf(p, ofEvent), ""},
				{time.Minute, "event-intrusion", intrusion, "1_event-intrusion_Person_Dock.jpg"},
			},
		},
		{
			"never, but the track was there",
			[]step{
				{0, "track", track, ""}, {0, "crop", cropOf(p, ofBoth), ""},
				{1999 * time.Millisecond, "statistics", statistic, ""},
				{time.Millisecond, "statistics", statistic, "1_track_Vehicle_unknown.jpg"},
			},
		},
		{"only a track, before", []step{{0, "track", track, ""},
			{0, "crop", cropOf(p, ofTrack), "1_track_Vehicle_unknown.jpg"}}},
		{
			"only a track, after",
			[]step{
				{0, "crop", cropOf(p, ofTrack), ""}, {0, "event-intrusion", intrusion, ""},
				{0, "track", track, "1_track_Vehicle_unknown.jpg"},
			},
		},
		{"nothing to refer to", []step{{0, "crop", cropOf(p, ""), "1_unknown_unknown_unknown.jpg"}}},
		{"empty references", []step{{0, "crop", cropOf(p, `,"ref_event_id":"","ref_tracking_id":null`),
			"1_unknown_unknown_unknown.jpg"}}},
		{
			"the end does not hide the beginning",
			[]step{
				{0, "event-intrusion", intrusion, ""}, {0, "event-intrusion-end", ended, ""},
				{0, "crop", cropOf(p, ofEvent), "1_event-intrusion_Person_Dock.jpg"},
			},
		},
		{"an id of 300 characters is none", []step{{0, "crop", cropOf(p, `,"ref_event_id":"`+strings.Repeat("x", 300)+`"`),
			"1_unknown_unknown_unknown.jpg"}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := newRig(t, Options{})
			for _, s := range tc.steps {
				r.mustPut(s.pause, s.typ, s.payload)
				r.want(s.files)
			}
			r.close()
			if got := r.dir.Summary(); got != (Summary{Saved: 1, Bytes: int64(len(p))}) {
				t.Errorf("counted %+v", got)
			}
		})
	}
}

func TestClockOfRecordedEvents(t *testing.T) {
	r := newRig(t, Options{})
	put := func(typ, payload string) {
		t.Helper()
		check(t, r.saver.Put(flowtest.Event(t, typ, payload)))
	}
	put("crop", cropOf(jpegOf(t, 8, 8), ofEvent))
	put("statistics", fmt.Sprintf(`{"system_timestamp":%d}`, first-1000)) // out of order
	put("statistics", fmt.Sprintf(`{"system_timestamp":%d}`, first+1999))
	r.want("")
	put("statistics", fmt.Sprintf(`{"system_timestamp":%d}`, first-3_600_000)) // a clock set back
	put("statistics", fmt.Sprintf(`{"system_timestamp":%d}`, first-3_600_000+1))
	r.want("1_unknown_unknown_unknown.jpg")
	r.close()
}

func TestCloseSavesWaitingCrops(t *testing.T) {
	r := newRig(t, Options{Best: true})
	r.mustPut(0, "crop", cropOf(jpegOf(t, 8, 8), ofEvent))
	r.want("")
	r.close()
	r.want("1_unknown_unknown_unknown.jpg")
	if err := r.put(0, "track", track); !errors.Is(err, event.ErrStop) {
		t.Errorf("after Close: %v", err)
	}
	if r.records.Pending() != 0 {
		t.Error("not flushed")
	}
}

func TestTimerSavesWaitingCrops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{})
		r.mustPut(0, "crop", cropOf(jpegOf(t, 8, 8), ofEvent))
		check(t, r.saver.Flush())
		time.Sleep(1900 * time.Millisecond)
		synctest.Wait()
		r.want("")
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		r.want("1_unknown_unknown_unknown.jpg")
		if r.records.Pending() != 0 {
			t.Error("not flushed")
		}
		r.close()
	})
}

func TestTimerRestartsWithEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Options{Best: true})
		r.mustPut(0, "event-intrusion", intrusion)
		r.mustPut(0, "crop", cropOf(jpegOf(t, 8, 8), ofEvent+`,"confidence":0.5`))
		for range 4 {
			check(t, r.saver.Flush())
			time.Sleep(2 * time.Second)
			r.mustPut(2*time.Second, "statistics", statistic)
		}
		r.want("")
		check(t, r.saver.Flush())
		time.Sleep(2 * time.Second)
		synctest.Wait()
		r.want("1_event-intrusion_Person_Dock.jpg")
		r.close()
	})
}

func TestTypes(t *testing.T) {
	p := jpegOf(t, 8, 8)
	r := newRig(t, Options{Types: func(typ string) bool { return typ == "event-intrusion" }})
	r.mustPut(0, "track", track)
	r.mustPut(0, "event-line-crossing", `{"event_id":"e2"}`)
	r.mustPut(0, "event-intrusion", intrusion)
	for _, ref := range []string{ofBoth, `,"ref_event_id":"e2"`, ofTrack, "", `,"ref_event_id":"e9"`} {
		r.mustPut(0, "crop", cropOf(p, ref))
	}
	r.close()
	r.want("1_event-intrusion_Person_Dock.jpg")

	r = newRig(t, Options{Types: func(typ string) bool { return typ != "event-line-crossing" }})
	r.mustPut(0, "event-line-crossing", `{"event_id":"e2"}`)
	for _, ref := range []string{`,"ref_event_id":"e2"`, ""} {
		r.mustPut(0, "crop", cropOf(p, ref))
	}
	r.close()
	r.want("1_unknown_unknown_unknown.jpg")
}

func TestWhere(t *testing.T) {
	var seen []string
	area, class, image := event.MustPath("_ref.area_name"), event.MustPath("_class"), event.MustPath("image")
	r := newRig(t, Options{Where: func(ev *event.Event) bool {
		seen = append(seen, area.Of(ev).String()+class.Of(ev).String()+image.Of(ev).String())
		return ev.Get("confidence").Num > 0.8
	}})
	r.mustPut(0, "event-intrusion", intrusion)
	r.mustPut(0, "crop", cropOf(jpegOf(t, 8, 8), ofEvent+`,"confidence":0.9`))
	r.mustPut(0, "crop", cropOf(jpegOf(t, 8, 8), ofEvent+`,"confidence":0.7`))
	r.close()
	r.want("1_event-intrusion_Person_Dock.jpg")
	if fmt.Sprint(seen) != "[DockPerson DockPerson]" {
		t.Errorf("saw %q", seen)
	}
}

func TestBest(t *testing.T) {
	low, high := jpegOf(t, 8, 8), jpegOf(t, 24, 8)
	shot := func(p []byte, refs, confidence string) string {
		return cropOf(p, refs+`,"confidence":`+confidence)
	}
	name := Options{Best: true, Name: mustName(t, "{event}_{track}_{confidence}.jpg")}

	t.Run("until its event ends", func(t *testing.T) {
		r := newRig(t, name)
		r.mustPut(0, "event-intrusion", intrusion)
		for _, c := range []string{"0.5", "0.9", `"0.7"`} {
			r.mustPut(time.Second, "crop", shot(low, ofBoth, c))
		}
		r.want("")
		r.mustPut(time.Second, "event-intrusion-end", ended)
		r.want("e1_t1_0.9.jpg")
		r.mustPut(time.Second, "crop", shot(high, ofBoth, "1"))
		r.close()
		r.want("e1_t1_0.9.jpg")
	})
	t.Run("until 10 s after the last better one", func(t *testing.T) {
		r := newRig(t, name)
		r.mustPut(0, "track", track)
		r.mustPut(0, "crop", shot(low, ofTrack, "0.5"))
		r.mustPut(9*time.Second, "crop", shot(high, ofTrack, "0.6"))
		r.mustPut(9*time.Second, "crop", shot(low, ofTrack, "0.4"))
		r.want("")
		r.mustPut(time.Second, "statistics", statistic)
		r.want("unknown_t1_0.6.jpg")
		if got := tree(t, r.dir.path)["unknown_t1_0.6.jpg"]; got != string(high) {
			t.Error("another picture")
		}
		r.close()
	})
	t.Run("until the end", func(t *testing.T) {
		r := newRig(t, name)
		r.mustPut(0, "event-intrusion", intrusion)
		r.mustPut(0, "crop", shot(low, ofEvent, "0.5"))
		r.mustPut(0, "crop", shot(low, `,"ref_event_id":"e2"`, "0.6"))
		r.mustPut(0, "crop", shot(low, "", "0.7"))
		r.close()
		r.want("e1_t1_0.5.jpg e2_unknown_0.6.jpg unknown_unknown_0.7.jpg")
	})
}

func TestRecordsAndMeta(t *testing.T) {
	p := pngOf(t, 12, 7)
	r := newRig(t, Options{Meta: true, Name: mustName(t, "a/{event}.jpg")})
	for _, a := range []string{
		`"name":"color","value":"red"`, `"name":"color","value":"blue"`, `"name":"hat","value":"true"`,
		`"name":7,"value":"x"`, `"name":"none"`,
	} {
		r.mustPut(0, "attribute", `{"ref_tracking_id":"t1",`+a+`}`)
	}
	r.mustPut(0, "event-intrusion", intrusion)
	r.mustPut(0, "crop", `{"$id":"crop","confidence":0.9320000000000001,"\u0069mage":"`+
		base64.StdEncoding.EncodeToString(p)+`","instance_id":"i1","ref_event_id":"e1","extra" : [ 1, {"a":"\u00e9"}],`+
		`"width":3,"file":"/etc/passwd"}`)
	r.close()
	r.want("a/e1.json a/e1.png")
	path := filepath.Join(r.dir.path, "a", "e1.png")
	sum := "SUM"
	want := `{"$id":"crop","confidence":0.9320000000000001,"instance_id":"i1","ref_event_id":"e1","extra":[ 1, ` +
		`{"a":"\u00e9"}],` +
		`"file":` + string(jsonraw.AppendQuoted(nil, path)) + `,"bytes":` + fmt.Sprint(len(p)) + `,"sha256":"` + sum +
		`","width":12,"height":7,` +
		`"event":{"$id":"event-intrusion","instance_id":"i1","event_id":"e1","area_name":"Dock","object_class":"Person",` +
		`"ref_tracking_id":"t1"},` +
		`"attributes":{"color":"blue","hat":"true"}}`
	got := r.records.Payloads()
	if len(got) != 1 {
		t.Fatalf("%d records", len(got))
	}
	var rec struct{ Sha256 string }
	if err := json.Unmarshal([]byte(got[0]), &rec); err != nil || len(rec.Sha256) != 64 {
		t.Fatalf("%v: %s", err, got[0])
	}
	if masked := strings.Replace(got[0], rec.Sha256, sum, 1); masked != want {
		t.Errorf("got  %s\nwant %s", masked, want)
	}
	if meta := tree(t, r.dir.path)["a/e1.json"]; meta != got[0]+"\n" {
		t.Errorf("meta is %s", meta)
	}
	if data := tree(t, r.dir.path)["a/e1.png"]; data != string(p) {
		t.Error("other bytes")
	}
}

func TestRefusedCropsAreReported(t *testing.T) {
	r := newRig(t, Options{})
	p := jpegOf(t, 8, 8)
	html := `{"image":"PGh0bWw+PGJvZHk+","system_timestamp":1781889224027}`
	for _, payload := range []string{
		html, cropOf(p[:len(p)-9], ""), cropOf(nil, ""), `{}`, `{"image":7}`, `{"image":"***"}`,
	} {
		r.mustPut(0, "crop", payload)
	}
	r.close()
	r.want("")
	if got := r.dir.Summary(); got.Refused != 6 || len(r.notices) != 6 || len(r.records.Taken()) > 0 {
		t.Errorf("%+v and %q", got, r.notices)
	}
	if want := "a crop of 17:13:44.027 is not saved: its image is not a JPEG, PNG or WebP: it starts with 3c 68 74 6d " +
		"6c 3e 3c 62, which looks like text/html; charset=utf-8"; r.notices[0] != want {
		t.Errorf("got %q, want %q", r.notices[0], want)
	}
}

func TestPictureOf20MB(t *testing.T) {
	p := jpegOf(t, 8, 8)
	p = append(append(p[:len(p)-2:len(p)-2], make([]byte, 20<<20)...), "\xff\xd9"...)
	r := newRig(t, Options{Name: mustName(t, "x")})
	r.mustPut(0, "crop", cropOf(p, ""))
	r.close()
	if data := tree(t, r.dir.path)["x.jpg"]; data != string(p) {
		t.Errorf("%d bytes, want %d", len(data), len(p))
	}
}

func TestBestCropIsCrop(t *testing.T) {
	var rest flowtest.Collect
	r := newRig(t, Options{Rest: &rest})
	r.mustPut(0, "best-crop", cropOf(jpegOf(t, 8, 8), ""))
	r.mustPut(0, "best-crop", `{"score":1}`)
	r.mustPut(0, "statistics", statistic)
	r.close()
	r.want("1_unknown_unknown_unknown.jpg")
	if got := r.records.Taken(); len(got) != 1 || got[0].Type != "best-crop" {
		t.Errorf("records %v", got)
	}
	if got := rest.Taken(); len(got) != 2 || rest.Pending() != 0 {
		t.Errorf("the rest is %v", got)
	}
}

// limit is a Limit for one Saver.
type limit struct{ left, took int }

func (l *limit) Take() bool { l.left--; return l.left >= 0 }
func (l *limit) Took()      { l.took++ }

func TestLimit(t *testing.T) {
	p := jpegOf(t, 8, 8)
	l := &limit{left: 2}
	r := newRig(t, Options{Limit: l, Name: mustName(t, "{n}.jpg")})
	r.mustPut(0, "crop", cropOf(p, ""))
	r.mustPut(0, "crop", cropOf(p, ofEvent))
	r.mustPut(0, "crop", cropOf(p, ""))
	if err := r.put(0, "crop", cropOf(p, "")); err != event.ErrStop {
		t.Errorf("got %v", err)
	}
	if err := r.saver.Flush(); err != nil {
		t.Error(err)
	}
	r.close()
	r.want("1.jpg 2.jpg")
	if l.took != 2 {
		t.Errorf("%d were counted as saved", l.took)
	}
}

func TestFlushWaitingSavesAll(t *testing.T) {
	p := jpegOf(t, 8, 8)
	r := newRig(t, Options{FlushWaiting: true, Best: true, Name: mustName(t, "{n}.jpg")})
	r.mustPut(0, "crop", cropOf(p, ofEvent))
	r.mustPut(0, "event-intrusion", intrusion)
	r.mustPut(0, "crop", cropOf(p, `,"ref_event_id":"e2"`))
	check(t, r.saver.Flush())
	r.want("1.jpg 2.jpg")
	r.close()
}

// If more crops wait than the limit allows, Written must not count those that were
// not saved: the source still has to keep them.
func TestFlushWaitingCountsWhole(t *testing.T) {
	p := jpegOf(t, 8, 8)
	for name, end := range map[string]func(r *rig) error{
		"Put":   func(r *rig) error { return r.put(0, "crop", cropOf(p, "")) },
		"Flush": func(r *rig) error { return r.saver.Flush() },
	} {
		r := newRig(t, Options{FlushWaiting: true, Limit: &limit{left: 1}})
		r.mustPut(0, "crop", cropOf(p, ""))
		r.mustPut(0, "statistics", statistic)
		r.mustPut(0, "crop", cropOf(p, ofEvent))
		r.mustPut(0, "statistics", statistic)
		var failed *event.WriteError
		if err := end(r); !errors.Is(err, event.ErrStop) || !errors.As(err, &failed) || failed.Written != 2 {
			t.Errorf("%s: %#v", name, err)
		}
		if err := r.saver.Flush(); !errors.As(err, &failed) || failed.Written != 2 {
			t.Errorf("%s, then Flush: %v", name, err)
		}
		r.close()
	}
}

func TestRecordFailures(t *testing.T) {
	full := errors.New("no space left")
	p := jpegOf(t, 8, 8)
	for name, tc := range map[string]struct {
		put, flush error
		end        func(r *rig) error
	}{
		"records refused": {&event.WriteError{Err: full, Written: 7}, nil,
			func(r *rig) error { return r.put(0, "crop", cropOf(p, "")) }},
		"records not flushed": {nil, full, func(r *rig) error { return r.saver.Flush() }},
	} {
		r := newRig(t, Options{})
		r.records.Err, r.records.At, r.records.FlushErr = tc.put, 2, tc.flush
		r.mustPut(0, "statistics", statistic)
		r.mustPut(0, "crop", cropOf(p, ""))
		r.mustPut(0, "crop", cropOf(p, ofEvent))
		r.mustPut(0, "statistics", statistic)
		var failed *event.WriteError
		if err := tc.end(r); !errors.As(err, &failed) || !errors.Is(err, full) || failed.Written != 2 {
			t.Errorf("%s: %#v", name, err)
		}
		for _, again := range []error{r.put(0, "track", track), r.saver.Flush(), r.saver.Close()} {
			if !errors.Is(again, full) {
				t.Errorf("%s, later: %v", name, again)
			}
		}
		if n := r.records.AfterFailure(); n > 0 {
			t.Errorf("%s: called %d times after it", name, n)
		}
	}
}

func TestRestTakesAllButTheBest(t *testing.T) {
	var rest flowtest.Collect
	p := jpegOf(t, 8, 8)
	r := newRig(t, Options{Best: true, Rest: &rest, Name: mustName(t, "{confidence}.jpg")})
	r.mustPut(0, "event-intrusion", intrusion)
	for _, c := range []string{"0.2", "0.1", "0.3"} {
		r.mustPut(0, "crop", cropOf(p, ofEvent+`,"confidence":`+c))
	}
	r.mustPut(0, "event-intrusion-end", ended)
	r.mustPut(0, "crop", cropOf(p, ofEvent+`,"confidence":0.4`))
	r.close()
	r.want("0.3.jpg")
	var got []string
	for _, ev := range rest.Taken() {
		got = append(got, ev.Type+flowtest.Event(t, ev.Type, ev.Payload).Get("confidence").Raw)
	}
	if want := "event-intrusion crop0.1 crop0.2 event-intrusion-end crop0.4"; strings.Join(got, " ") != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Events that Rest could not write must not count as written, also if another
// sink failed first.
func TestRestFailureCountsNothingAsWritten(t *testing.T) {
	full := errors.New("no space left")
	p := jpegOf(t, 8, 8)
	for name, end := range map[string]func(r *rig) error{
		"flush": func(r *rig) error { return r.saver.Flush() },
		"records": func(r *rig) error {
			r.records.Err, r.records.At = &event.WriteError{Err: errors.New("closed"), Written: 1}, 1
			return r.put(0, "crop", cropOf(p, ""))
		},
		"limit": func(r *rig) error { return r.put(0, "crop", cropOf(p, "")) },
	} {
		rest := &flowtest.Collect{FlushErr: full}
		l := &limit{left: 5}
		r := newRig(t, Options{FlushWaiting: true, Rest: rest, Limit: l})
		r.mustPut(0, "statistics", statistic)
		r.mustPut(0, "crop", cropOf(p, ""))
		if name == "limit" {
			l.left = 0
		}
		var failed *event.WriteError
		if err := end(r); !errors.As(err, &failed) || failed.Written != 0 {
			t.Errorf("%s: %#v", name, err)
		}
	}
}

func TestFolderFailure(t *testing.T) {
	r := newRig(t, Options{Name: mustName(t, "a/{n}")})
	check(t, os.WriteFile(filepath.Join(r.dir.path, "a"), nil, 0o666))
	r.mustPut(0, "statistics", statistic)
	var failed *event.WriteError
	if err := r.put(0, "crop", cropOf(jpegOf(t, 8, 8), "")); !errors.As(err, &failed) || failed.Written != 1 {
		t.Errorf("got %v", err)
	}
	r.want("a")
}

func TestNeeds(t *testing.T) {
	for want, got := range map[string][]string{
		"[]":                                     Needs(nil, true),
		"[crop attribute event-intrusion track]": Needs([]string{"event-intrusion", "track"}, false),
		"[crop attribute event-intrusion event-intrusion-end track]": Needs([]string{"event-intrusion", "crop", "track"},
			true),
		"[crop attribute event-loitering-end]": Needs([]string{"event-loitering-end"}, true),
	} {
		if fmt.Sprint(got) != want {
			t.Errorf("got %v, want %v", got, want)
		}
	}
	if Needs(nil, false) != nil {
		t.Error("everything is not nil")
	}
}
