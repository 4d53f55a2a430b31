package format

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
)

func TestCSVDefaultColumns(t *testing.T) {
	enc := NewCSV(CSVOptions{})
	if got, want := string(enc.AppendHeader(nil)),
		"time,type,instance,object_class,place,crossing_direction,event_duration_ms,confidence,x,y,width,height,event_id,"+
			"tracking_id,event_timestamp_ms\n"; got != want {
		t.Errorf("%s", got)
	}
	ref := flowtest.Event(t, "event-intrusion", `{"area_name":"Dock","object_class":"Person"}`)
	for _, tc := range []struct {
		name, payload, want string
		ref                 *event.Event
	}{
		{"everything", `{"$id":"event-line-crossing","system_timestamp":1781889226704,"object_class":"Vehicle",
			"tripwire_name":"Gate A","crossing_direction":"down","event_duration_ms":8400,
			"confidence":0.910,"location":{"x":0.571,"y":-0.2,"width":4.97e-2,"height":"0.07"},
			"event_id":"196accbc","tracking_id":"0f82","event_timestamp_ms":43880}`,
			`2026-06-19T17:13:46.704Z,event-line-crossing,Gate,Vehicle,Gate A,down,8400,0.910,0.571,-0.2,4.97e-2,0.07,` +
				`196accbc,0f82,43880`, nil},
		{"fallbacks", `{"$id":"track","area_name":"","tripwire_name":"W","detection_confidence":0.5,"ref_event_id":"e",` +
			`"event_id":null,"ref_tracking_id":"t","system_timestamp":"1781889226704"}`,
			`2026-06-19T17:13:46.704Z,track,Gate,,W,,,0.5,,,,,e,t,`, nil},
		{"nothing", `{"$id":"track"}`, `,track,Gate,,,,,,,,,,,,`, nil},
		{"a crop's own event", `{"$id":"crop","object_class":null}`, `,crop,Gate,Person,Dock,,,,,,,,,,`, ref},
		{"formulas", `{"$id":"=cmd","area_name":"-1","object_class":"@x","crossing_direction":"+1","event_id":"\tx",` +
			`"tracking_id":"\r","location":{"x":-1,"y":"-1"}}`,
			`,'=cmd,Gate,'@x,-1,+1,,,-1,-1,,,'` + "\tx,\"'\r\",", nil},
		{"quotes", `{"$id":"track","area_name":"a,\"b\"","object_class":"l\nm\r\nn","crossing_direction":" x ",` +
			`"event_id":"\"","confidence":[1,"a"],"event_duration_ms":{"a":true},"event_timestamp_ms":false}`,
			`,track,Gate,"l` + "\nm\r\n" + `n","a,""b""", x ,"{""a"":true}","[1,""a""]",,,,,"""",,false`, nil},
		{"bad UTF-8", "{\"$id\":\"track\",\"area_name\":\"a\xff,\xc0\",\"object_class\":\"\xed\",\"confidence\":[\"\xff\"]}",
			`,track,Gate,` + "\ufffd,\"a\ufffd,\ufffd\",,,\"[\"\"\ufffd\"\"]\"" + `,,,,,,,`, nil},
		{"an escaped name", `{"$id":"track","area\u005fname":"A","area_name":"B"}`, `,track,Gate,,A,,,,,,,,,,`, nil},
		{"no time", `{"$id":"track","system_timestamp":1e300}`, `,track,Gate,,,,,,,,,,,,`, nil},
		{"before 1970", `{"$id":"track","system_timestamp":-1}`, `1969-12-31T23:59:59.999Z,track,Gate,,,,,,,,,,,,`,
			nil},
		{"a fraction of a ms", `{"$id":"track","system_timestamp":1500.9}`,
			`1970-01-01T00:00:01.500Z,track,Gate,,,,,,,,,,,,`, nil},
	} {
		ev := flowtest.Event(t, "", tc.payload)
		ev.Ref = tc.ref
		if got := string(enc.AppendEvent(nil, ev)); got != tc.want+"\n" {
			t.Errorf("%s:\n%q, want\n%q", tc.name, got, tc.want)
		}
	}
}

func TestCSVOptions(t *testing.T) {
	payload := `{"$id":"track","instance_id":"i1","location":{"x":0.5,"y":"0.25","width":1e999},` +
		`"a":"\u001b[2J\n\t\u202e","b":"\n","n":12,"events":[1]}`
	for _, tc := range []struct {
		name string
		o    CSVOptions
		want string
	}{
		{"columns", CSVOptions{Columns: columns(t, "a b=n,_type,missing,n=events.#,events,_delay_ms")},
			"a b,_type,missing,n,events,_delay_ms\n12,track,,1,[1],-0.5\n"},
		{"names are quoted", CSVOptions{Columns: columns(t, `"x"=n,y\,z`)}, "\"\"\"x\"\"\",\"y\\,z\"\n12,\n"},
		{"no header", CSVOptions{Columns: columns(t, "n"), NoHeader: true}, "12\n"},
		{"one empty field is no empty line", CSVOptions{Columns: columns(t, "missing"), NoHeader: true}, "\"\"\n"},
		{"pixels", CSVOptions{Columns: columns(t, "location.x,y=location.y,location.width,location.height"),
			NoHeader: true, Frame: Frame{1920, 1080}}, "960,270,1e999,\n"},
		{"default in pixels", CSVOptions{NoHeader: true, Frame: Frame{1920, 1080}},
			",track,Gate,,,,,,960,270,1e999,,,,\n"},
		{"delimiter and byte order mark",
			CSVOptions{Columns: columns(t, "n,type,events"), Delimiter: ';', BOM: true},
			"\ufeffn;type;events\n12;track;[1]\n"},
		{"default with tabs", CSVOptions{NoHeader: true, Delimiter: '\t'},
			"\ttrack\tGate\t\t\t\t\t\t0.5\t0.25\t1e999\t\t\t\t\n"},
		{"terminal", CSVOptions{Columns: columns(t, "a,b,n"), NoHeader: true, Terminal: true},
			`\x1b[2J\x0a\x09\u202e,\x0a,12` + "\n"},
	} {
		ev := flowtest.Event(t, "", payload)
		ev.Received = time.UnixMilli(0)
		if strings.Contains(tc.name, "columns") {
			ev = flowtest.Event(t, "", strings.Replace(payload, "{", `{"system_timestamp":1000,`, 1))
			ev.Received = time.UnixMicro(999_500)
		}
		enc := NewCSV(tc.o)
		if got := string(enc.AppendEvent(enc.AppendHeader(nil), ev)); got != tc.want {
			t.Errorf("%s:\n%q, want\n%q", tc.name, got, tc.want)
		}
	}
}

// defaultPaths are the default columns as paths, except for confidence, which
// is one of two.
const defaultPaths = "_time,_type,_instance,_class,_place,crossing_direction,event_duration_ms,confidence," +
	"location.x,location.y,location.width,location.height,_event,_track,event_timestamp_ms"

// encoding/csv reads what the event holds, and the pass over the default
// columns finds what look-ups find.
func FuzzCSV(f *testing.F) {
	for _, s := range append(flowtest.Samples(f), flowtest.Hostile()...) {
		f.Add([]byte(s.Payload))
	}
	f.Add([]byte(`{"":0.5}`)) // a member without a name is no class
	paths := columns(f, defaultPaths)
	f.Fuzz(func(t *testing.T, payload []byte) {
		ev, err := event.New("", payload, &event.Instance{ID: "i1", Name: "Gate"})
		if err != nil || bytes.Contains(payload, []byte(`\u`)) && bytes.Contains(payload, []byte("location")) {
			return // names with escapes inside a location are not looked for
		}
		byPath := record(t, NewCSV(CSVOptions{Columns: paths}).AppendEvent(nil, ev))
		for i, c := range paths {
			if want := field(ev, c.path); byPath[i] != want {
				t.Fatalf("%q: %s is %q, want %q", ev.Payload, c.name, byPath[i], want)
			}
		}
		byDefault := record(t, NewCSV(CSVOptions{}).AppendEvent(nil, ev))
		if byPath[7] == "" {
			byPath[7] = byDefault[7]
		}
		if !reflect.DeepEqual(byDefault, byPath) {
			t.Fatalf("%q: by default %q, by paths %q", ev.Payload, byDefault, byPath)
		}
		checkShown(t, strings.TrimSuffix(string(NewCSV(CSVOptions{Terminal: true}).AppendEvent(nil, ev)), "\n"))
	})
}

func record(t *testing.T, line []byte) []string {
	t.Helper()
	all, err := csv.NewReader(bytes.NewReader(line)).ReadAll()
	if err != nil || len(all) != 1 || len(all[0]) != 15 {
		t.Fatalf("%q: %v, %q", line, err, all)
	}
	return all[0]
}

var decimal = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$`)

// field returns what a spreadsheet should find, computed in another way.
func field(ev *event.Event, p event.Path) string {
	v := p.Of(ev)
	s := v.Raw
	if s == "" || s[0] == '"' {
		if s = v.String(); s != "" && strings.Contains("=+-@\t\r", s[:1]) && !decimal.MatchString(s) {
			s = "'" + s
		}
	} else if s == "null" {
		s = ""
	}
	return strings.ReplaceAll(string([]rune(strings.ToValidUTF8(s, "\ufffd"))), "\r\n",
		"\n") // as encoding/csv reads it
}

func TestColumnsNamedLikeDefaultsEqualDefaults(t *testing.T) {
	header := string(NewCSV(CSVOptions{}).AppendHeader(nil))
	asked := columns(t, strings.TrimSpace(header))
	for _, s := range append(flowtest.Samples(t), flowtest.Hostile()...) {
		ev := flowtest.Event(t, "", s.Payload)
		want := record(t, NewCSV(CSVOptions{}).AppendEvent(nil, ev))
		got := record(t, NewCSV(CSVOptions{Columns: asked}).AppendEvent(nil, ev))
		if member(ev, "detection_confidence") != nil {
			got[7] = want[7]
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q, want %q", s.Name, got, want)
		}
	}
	if got := string(NewCSV(CSVOptions{Columns: asked}).AppendHeader(nil)); got != header {
		t.Errorf("header %q", got)
	}
}

func TestCSVRecord(t *testing.T) {
	for _, tc := range []struct {
		record CSVRecord
		fields []string
		want   string
	}{
		{CSVRecord{}, []string{"Gate", "a,b", `"`, "two\nlines", ""}, "Gate,\"a,b\",\"\"\"\",\"two\nlines\","},
		{CSVRecord{}, []string{""}, `""`},
		{CSVRecord{}, []string{"-1", "+1.5e-3", "-.5", "+5.", "1-1"}, "-1,+1.5e-3,-.5,+5.,1-1"},
		{CSVRecord{}, []string{"-", "+1-1", "-1e", "-1e5x", "-0x10", "+Inf", "-1 ", "@1", "=1", "-1,5"},
			`'-,'+1-1,'-1e,'-1e5x,'-0x10,'+Inf,'-1 ,'@1,'=1,"'-1,5"`},
		{CSVRecord{}, []string{"\t=1", "\r"}, "'\t=1,\"'\r\""},
		{CSVRecord{}, []string{"\x1b[2J\xff"}, "\x1b[2J\ufffd"},
		{CSVRecord{Terminal: true}, []string{"\x1b[2J\xff\u202e", "=\n"}, `\x1b[2J\xff\u202e,'=\x0a`},
		{CSVRecord{Delimiter: ';'}, []string{"a,b", "c;d", "e"}, `a,b;"c;d";e`},
		{CSVRecord{Delimiter: '\t'}, []string{"a b", "c\td", "\te"}, "a b\t\"c\td\"\t\"'\te\""},
		{CSVRecord{Delimiter: '·'}, []string{"a·b", "c"}, `"a·b"·c`},
	} {
		if got := string(tc.record.Append([]byte("> "), tc.fields...)); got != "> "+tc.want+"\n" {
			t.Errorf("%q: %q, want %q", tc.fields, got, tc.want)
		}
	}
}

func TestParseDelimiter(t *testing.T) {
	for s, want := range map[string]rune{";": ';', `\t`: '\t', "\t": '\t', "|": '|', "·": '·', " ": ' '} {
		if got, err := ParseDelimiter(s); got != want || err != nil {
			t.Errorf("%q: %q, %v", s, got, err)
		}
	}
	for _, s := range []string{"", ";;", `\n`, "\n", `"`, "'", "1", "x", ".", "-", ":", "=", "\xff", "\u202e"} {
		if got, err := ParseDelimiter(s); err == nil || !strings.Contains(err.Error(), "delimiter") {
			t.Errorf("%q: %q, %v", s, got, err)
		}
	}
}

func TestParseColumns(t *testing.T) {
	for list, want := range map[string]string{
		"a":                       "a=a",
		" a , b=c.d ,_time":       "a=a b=c.d _time=_time",
		`targets.#(a=="x,y").b,c`: `targets.#(a=="x,y").b=targets.#(a=="x,y").b c=c`,
		`n=targets.#(a=="x").b`:   `n=targets.#(a=="x").b`,
		`{a,b},x=[c,d]`:           `{a,b}={a,b} x=[c,d]`,
		`a\,b,c\=d`:               `a\,b=a\,b c\=d=c\=d`,
		`a=b=c`:                   `a=b=c`,
		"":                        `!columns: "": a path is missing`,
		"a,,b":                    `!columns: "a,,b": a path is missing`,
		"a,":                      `!columns: "a,": a path is missing`,
		"=a":                      `!columns: "=a": a path is missing`,
		"a= ,b":                   `!columns: "a= ,b": a path is missing`,
		"a,b,a":                   `!columns: "a,b,a": "a" appears twice; rename one of them with NAME=PATH`,
		"a=x,b=x":                 "a=location.x b=location.x",
		"time,kind=type,place":    "time=_time kind=_type place=_place",
		"x,location.x":            "x=location.x location.x=location.x",
	} {
		got, err := ParseColumns(list)
		var s []string
		for _, c := range got {
			s = append(s, c.name+"="+c.path.String())
		}
		if text := strings.Join(s, " "); err == nil && text != want || err != nil && "!"+err.Error() != want {
			t.Errorf("%q: %s, %v; want %s", list, text, err, want)
		}
	}
}

func FuzzParseColumns(f *testing.F) {
	for _, s := range []string{"a,b=c", `n=t.#(a=="x,y").b,_time`, `{a,b}`, `a\,b`, `"`, "(,", "=", ","} {
		f.Add(s)
	}
	ev := flowtest.Event(f, "track", `{"a":[1,{"b":"x,y"}],"t":[{"a":"x,y","b":2}]}`)
	f.Fuzz(func(t *testing.T, list string) {
		all, err := ParseColumns(list)
		if err != nil {
			return
		}
		line := NewCSV(CSVOptions{Columns: all, NoHeader: true}).AppendEvent(nil, ev)
		got, err := csv.NewReader(bytes.NewReader(line)).Read()
		if err != nil || len(got) != len(all) {
			t.Fatalf("%q: %d columns, %q", list, len(all), line)
		}
		header := NewCSV(CSVOptions{Columns: all}).AppendHeader(nil)
		if names, err := csv.NewReader(bytes.NewReader(header)).Read(); err != nil || len(names) != len(all) {
			t.Fatalf("%q: %d columns, header %q", list, len(all), header)
		}
	})
}

func TestParseFrame(t *testing.T) {
	for s, want := range map[string]string{
		"1920x1080": "{1920 1080} <nil>", "8X8": "{8 8} <nil>", "0x1": "", "1x": "", "x": "", "": "", "1920": "",
		"-1x2": "", "1x2x3": "", "70000x1": "", "1.5x2": "",
	} {
		f, err := ParseFrame(s)
		if want == "" {
			want = fmt.Sprintf("{0 0} frame %q is not WIDTHxHEIGHT in pixels, such as 1920x1080", s)
		}
		if got := fmt.Sprint(f, " ", err); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
}
