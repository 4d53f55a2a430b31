package format

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
	"github.com/rtev/rtev/internal/term"
)

var update = flag.Bool("update", false, "write the golden files")

var escapes = regexp.MustCompile("\x1b\\[[0-9;]*m")

func columnsOf(n int) func() int { return func() int { return n } }

// instances returns instances with ordinary names, and one with a hostile name.
func instances() []*event.Instance {
	var all []*event.Instance
	for i, name := range []string{"Dock camera", "Front Entrance", "停车场 北", "yard", "\x1b[31mevil\u202e"} {
		all = append(all, &event.Instance{ID: fmt.Sprint("i", i), Name: name, Order: i})
	}
	return all
}

// names returns the names of instances.
func names() (list []string) {
	for _, in := range instances() {
		list = append(list, in.Name)
	}
	return list
}

// screen returns the lines of all samples, two of each instance in turn.
func screen(t *testing.T, o TextOptions) string {
	t.Helper()
	enc, all := NewText(o), instances()
	var out []byte
	for i, s := range append(flowtest.Samples(t), flowtest.Hostile()...) {
		ev := flowtest.Event(t, "", s.Payload)
		ev.Instance = all[i/2%len(all)]
		ev.Received = time.UnixMilli(1781889230000)
		out = enc.AppendEvent(out, ev)
	}
	return string(out)
}

// The golden files are meant to be looked at: they change with every screen.
func TestTextScreens(t *testing.T) {
	for name, o := range map[string]TextOptions{
		"40":         {Width: columnsOf(40)},
		"40-sources": {Width: columnsOf(40), Sources: names},
		"80":         {Width: columnsOf(80)},
		"80-sources": {Width: columnsOf(80), Sources: names},
		"100":        {Width: columnsOf(100), Sources: names},
		"140":        {Width: columnsOf(140), Sources: names, Frame: Frame{1920, 1080}},
		"80-rfc3339": {Width: columnsOf(80), Sources: names, Time: RFC3339},
		"pipe":       {Sources: names, Time: RFC3339},
	} {
		o.Zone = time.FixedZone("", 2*60*60)
		got := screen(t, o)
		file := filepath.Join("testdata", "text", name+".txt")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s is not what it was; go test -run Screens -update, and look at the difference\n%s", name, got)
		}
	}
}

// No line is wider than the terminal, and colours do not change the text.
func TestTextFitsEveryWidth(t *testing.T) {
	for width := 1; width < 220; width += 1 + width/50 {
		o := TextOptions{Width: columnsOf(width), Sources: names, Time: TimeFormat(width % 4), Zone: time.UTC}
		plain := screen(t, o)
		for line := range strings.Lines(plain) {
			text := strings.TrimSuffix(line, "\n")
			checkShown(t, text)
			if n := cellsOf(text); n > width {
				t.Fatalf("%d cells in a terminal of %d: %q", n, width, text)
			}
		}
		o.Color = true
		if coloured := screen(t, o); escapes.ReplaceAllString(coloured, "") != plain {
			t.Fatalf("colours change the text at %d", width)
		}
	}
}

func TestTextWords(t *testing.T) {
	for _, tc := range []struct{ name, payload, want string }{
		{"an intrusion", `{"$id":"event-intrusion","object_class":"Person","area_name":"Front gate",` +
			`"event_id":"6b42f3eb-71df","confidence":0.914}`,
			"! intrusion            Person  entered Front gate  91%  6b42f3eb"},
		{"its end", `{"$id":"event-intrusion-end","object_class":"Person","area_name":"Front gate",` +
			`"event_id":"6b42f3eb-71df","event_duration_ms":12345}`,
			"  intrusion-end        Person  left Front gate after 12.3 s  6b42f3eb"},
		{"numbers in strings", `{"$id":"event-loitering-end","event_duration_ms":"135000","confidence":"0.5",` +
			`"location":{"x":"0.1","y":"0.2","width":"0.3","height":"0.4"}}`,
			"  loitering-end        left after 2 min 15 s  50%  10,20 30×40%"},
		{"a direction", `{"$id":"event-line-crossing","object_class":"Car","tripwire_name":"Gate A",` +
			`"crossing_direction":"left"}`,
			"  line-crossing        Car     crossed Gate A left"},
		{"a direction without an arrow",
			`{"$id":"event-line-crossing","tripwire_name":"Gate A","crossing_direction":"inbound"}`,
			"  line-crossing        crossed Gate A inbound"},
		{"a crowd", `{"$id":"event-crowd-detection","area_name":"Hall","targets":[{"object_class":"Person"}]}`,
			"! crowd-detection      crowd in Hall"},
		{"a track", `{"$id":"track","object_class":"Vehicle","is_moving":0,"detection_confidence":1,"age_ms":840,` +
			`"tracking_id":"83f1535f-99"}`,
			"  track                Vehicle still for 840 ms  100%  83f1535f"},
		{"a track of old", `{"$id":"track","is_moving":"1","age_ms":3600000}`, "  track                moving for 1 h"},
		{"a crop of an event", `{"$id":"crop","image":"` + strings.Repeat("A", 4*11367) +
			`","ref_event_id":"6b42f3eb-71","ref_tracking_id":"83f1535f-99"}`,
			"  crop                 picture  34.1 kB  6b42f3eb"},
		{"a crop of a track", `{"$id":"crop","image":"data:image/png;base64,AAA=","ref_tracking_id":"83f1535f-99",` +
			`"confidence":93}`,
			"  crop                 picture  2 B  83f1535f"},
		{"an event with its picture", `{"$id":"event-area-enter","image":"AAAA"}`,
			"  area-enter           entered  3 B"},
		{"statistics", `{"$id":"statistics","current_framerate":"9.94","dropped_frames_count":12,"latency":38.2,` +
			`"input_queue_size":"many"}`,
			"  statistics           9.9 fps  latency 38.2 ms"},
		{"an attribute", `{"$id":"attribute","name":"vehicle_color","value":"black"}`,
			"  attribute            vehicle_color=black"},
		{"a huge vector", `{"$id":"attribute","name":"face_features","value":"` + strings.Repeat("0.1234,", 512) + `"}`,
			"  attribute            face_features=" + strings.Repeat("0.1234,", 6) + "0.123…"},
		{"a type nobody knows",
			`{"$id":"diagnostics","cpu":0.43,"latency":12,"message":"two words","on":true,"none":null,"list":[1,{"a":2}],` +
				`"name":"x"}`,
			`  diagnostics          cpu=0.43  latency=12  message="two words"  on=true  none=null  list=[1,{"a":2}]  name="x"`},
		{"an event nobody knows",
			`{"$id":"event-jump-end","object_class":"Cat","area_name":"Wall","event_duration_ms":5,"height":2}`,
			"  jump-end             Cat     at Wall for 5 ms  height=2"},
		{"more than is known", `{"$id":"event-status-changed","status":"camera lost"}`,
			`  status-changed       status="camera lost"`},
		{"wrong types", `{"$id":"track","object_class":[1],"is_moving":{},"age_ms":"old","location":7,"tracking_id":[]}`,
			"  track                [1]     seen  []"},
		{"numbers to fear", `{"$id":"event-intrusion","event_duration_ms":1e200,"confidence":-1e300,"location":{"x":1e300,` +
			`"y":0,"width":0,"height":0}}`,
			"! intrusion            entered for 1.16e+192 d"},
		{"a type to fear", `{"$id":"event-\u001b[31m\nx"}`, `  \x1b[31m\x0ax`},
		{"long names", `{"$id":"event-intrusion","area_name":"` + strings.Repeat("前", 500) + `"}`,
			"! intrusion            entered " + strings.Repeat("前", 39) + "…"},
	} {
		line := string(NewText(TextOptions{Time: Off}).AppendEvent(nil, flowtest.Event(t, "", tc.payload)))
		if got := strings.TrimSuffix(line, "\n"); got != tc.want {
			t.Errorf("%s:\n%q, want\n%q", tc.name, got, tc.want)
		}
	}
}

// The words are cut before the number of folded events is.
func TestTextShowsFoldedEvents(t *testing.T) {
	for _, tc := range []struct {
		width, folded int
		payload, want string
	}{
		{0, 12, `{"$id":"track","object_class":"Person","is_moving":1,"age_ms":2000,"tracking_id":"83f1535f"}`,
			"  track                Person  moving for 2.0 s +12  83f1535f"},
		{0, 0, `{"$id":"track","object_class":"Person","is_moving":1,"age_ms":2000,"tracking_id":"83f1535f"}`,
			"  track                Person  moving for 2.0 s  83f1535f"},
		{40, 1234, `{"$id":"event-intrusion","object_class":"Person","area_name":"the yard behind the third gate",` +
			`"event_id":"6b42f3eb"}`, "! Person entered the yard behind … +1234"},
		{40, 3, `{"$id":"something-new","why":"rain"}`, "  something-new +3 why=\"rain\""},
		{12, 3, `{"$id":"event-intrusion","object_class":"Person"}`, "! Person… +3"},
	} {
		ev := flowtest.Event(t, "", tc.payload)
		ev.Folded = tc.folded
		if got := string(NewText(TextOptions{Time: Off, Width: columnsOf(tc.width)}).AppendEvent(nil,
			ev)); got != tc.want+"\n" {
			t.Errorf("%q, want %q", got, tc.want)
		}
	}
}

// Messages have the time column of the events, in each format.
func TestTextMessages(t *testing.T) {
	at := time.Date(2026, 6, 19, 17, 13, 44, 26e6, time.UTC)
	for _, tc := range []struct {
		o    TextOptions
		want string
	}{
		{TextOptions{Zone: time.UTC}, "17:13:44.026  rtev: lost\\x1b[2J"},
		{TextOptions{Zone: time.UTC, Width: columnsOf(40)}, "17:13:44 rtev: lost\\x1b[2J"},
		{TextOptions{Zone: time.UTC, Time: RFC3339, Width: columnsOf(50)},
			"2026-06-19T17:13:44.026Z rtev: lost\\x1b[2J"},
		{TextOptions{Zone: time.UTC, Width: columnsOf(21)}, "17:13:44 rtev: lost\\x1b[2J"},
		{TextOptions{Time: Off, Width: columnsOf(5)}, "rtev: lost\\x1b[2J"},
		{TextOptions{Time: Delta}, "            rtev: lost\\x1b[2J"},
		{TextOptions{Time: Off}, "rtev: lost\\x1b[2J"},
	} {
		enc := NewText(tc.o)
		if got := string(enc.AppendMessage([]byte("> "), at, term.Style{},
			"rtev: lost\x1b[2J")); got != "> "+tc.want+"\n" {
			t.Errorf("%q, want %q", got, tc.want)
		}
		ev := flowtest.Event(t, "track", `{"system_timestamp":"1781889224026"}`)
		message := escapes.ReplaceAllString(string(enc.AppendMessage(nil, at, term.NewStyles(true).Good, "x")), "")
		line := string(enc.AppendEvent(nil, ev))
		if tc.o.Width == nil && len(message)-len("x\n") != strings.Index(line, "track")-len("  ") {
			t.Errorf("%q does not begin where the text of %q does", message, line)
		}
	}
}

func TestIsAlarm(t *testing.T) {
	for typ, want := range map[string]bool{"event-intrusion": true, "event-intrusion-end": false,
		"event-line-crossing": false, "track": false, "something-new": false} {
		if IsAlarm(typ) != want {
			t.Errorf("%s: %v", typ, !want)
		}
	}
}

func TestTextTime(t *testing.T) {
	berlin := time.FixedZone("", 2*60*60)
	for _, tc := range []struct {
		o    TextOptions
		want []string // up to the type
	}{
		{TextOptions{Zone: time.UTC},
			[]string{"17:13:44.026", "17:13:44.999", "17:13:45.000", "17:13:41.000", "            ", "00:00:10.000"}},
		{TextOptions{Zone: berlin, Width: columnsOf(60)},
			[]string{"19:13:44", "19:13:44", "19:13:45", "19:13:41", "        ", "02:00:10"}},
		{TextOptions{Zone: time.UTC, Time: RFC3339},
			[]string{"2026-06-19T17:13:44.026Z", "2026-06-19T17:13:44.999Z", "2026-06-19T17:13:45.000Z",
				"2026-06-19T17:13:41.000Z", strings.Repeat(" ", 24), "1970-01-01T00:00:10.000Z"}},
		{TextOptions{Zone: berlin, Time: RFC3339}, []string{"2026-06-19T19:13:44.026+02:00"}},
		{TextOptions{Time: Delta},
			[]string{"    +0.000", "    +0.973", "    +0.001", "    -4.000", "          ", "-1781889211.000"}},
		{TextOptions{Time: Off}, []string{"", "", "", "", "", ""}},
	} {
		enc := NewText(tc.o)
		for i, ms := range []string{`"1781889224026"`, "1781889224999", "1781889225000", "1781889221000", `"soon"`,
			""} {
			if i >= len(tc.want) {
				break
			}
			ev := flowtest.Event(t, "track", `{}`)
			if ms != "" {
				ev = flowtest.Event(t, "track", `{"system_timestamp":`+ms+`}`)
			} else {
				ev.Received = time.UnixMilli(10_000)
			}
			line := string(enc.AppendEvent(nil, ev))
			if got := strings.TrimLeft(line, " "); !strings.HasPrefix(line, tc.want[i]+" ") ||
				!strings.Contains(got, "track") {
				t.Errorf("%+v, %s: %q, want %q", tc.o.Time, ms, line, tc.want[i])
			}
		}
	}
}

// The source column appears with the second instance and grows with the names,
// once per batch.
func TestTextSourceColumn(t *testing.T) {
	var names []string
	enc := NewText(TextOptions{Time: Off, Color: true, Sources: func() []string { return names }})
	ev := flowtest.Event(t, "other", `{}`)
	for _, step := range []struct {
		add, name, want string
	}{
		{"yard", "yard", "  other"},
		{"Gate", "yard", "yard    other"},
		{"停车场 北", "停车场 北", "停车场 北    other"},
		{"\x1b[31mevil\u202e", "\x1b[31mevil\u202e", `\x1b[31mevil\u202e    other`},
		{"Loading dock, entrance north", "Gate", "Gate                        other"},
		{"Loading dock, entrance south", "Loading dock, entrance south", "Loading dock, e…ce south    other"},
		{"", "unlisted " + strings.Repeat("x", 90), "unlisted xxxxxx…xxxxxxxx    other"},
	} {
		if step.add != "" {
			names = append(names, step.add)
		}
		enc.startBatch()
		names = append(names, strings.Repeat("not asked for ", 2))
		ev.Instance = &event.Instance{Name: step.name}
		line := string(enc.AppendEvent(nil, ev))
		names = names[:len(names)-1]
		if got := strings.TrimRight(escapes.ReplaceAllString(line, ""), " \n"); got != step.want {
			t.Errorf("%q, want %q", got, step.want)
		}
	}
	ev.Instance = nil
	if got := escapes.ReplaceAllString(string(enc.AppendEvent(nil, ev)), ""); strings.TrimSpace(got) != "other" {
		t.Errorf("without an instance: %q", got)
	}
}

// An alarm has its mark without colour, too.
func TestTextIsRedForAlarmsOnly(t *testing.T) {
	red := regexp.MustCompile(`\x1b\[[0-9;]*\b[39]1m`)
	for _, s := range flowtest.Samples(t) {
		line := string(NewText(TextOptions{Color: true}).AppendEvent(nil, flowtest.Event(t, "", s.Payload)))
		marked := strings.Contains(escapes.ReplaceAllString(line, ""), "! ")
		if red.MatchString(line) != marked {
			t.Errorf("%s: red %v, marked %v: %q", s.Name, !marked, marked, line)
		}
	}
}

func FuzzText(f *testing.F) {
	for _, s := range append(flowtest.Samples(f), flowtest.Hostile()...) {
		f.Add([]byte(s.Payload), 80, "Gate")
	}
	f.Fuzz(func(t *testing.T, payload []byte, width int, name string) {
		ev, err := event.New("", payload, &event.Instance{ID: "i", Name: name, Order: width})
		if err != nil {
			return
		}
		width = max(1, width%300)
		o := TextOptions{Width: columnsOf(width), Sources: names, Time: TimeFormat(width % 4), Zone: time.UTC}
		line := string(NewText(o).AppendEvent(nil, ev))
		text, ok := strings.CutSuffix(line, "\n")
		if !ok || cellsOf(text) > width {
			t.Fatalf("%d cells in a terminal of %d: %q", cellsOf(text), width, line)
		}
		checkShown(t, text)
		o.Color, o.Width = true, nil
		checkShown(t, escapes.ReplaceAllString(strings.TrimSuffix(string(NewText(o).AppendEvent(nil, ev)), "\n"), ""))
	})
}
