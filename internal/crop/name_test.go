package crop

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
)

const standard = "{instance}/{date}/{time}_{class}_{track}.jpg"

func mustName(t testing.TB, template string) *Name {
	t.Helper()
	n, err := ParseName(template)
	check(t, err)
	return n
}

func mustEvent(t testing.TB, typ, payload string) *event.Event {
	t.Helper()
	ev, err := event.New(typ, []byte(payload), &event.Instance{ID: "i1", Name: "Gate 1"})
	if err != nil {
		t.Fatalf("%v: %s", err, payload)
	}
	return ev
}

func TestNames(t *testing.T) {
	ev := mustEvent(t, "crop", `{"ref_event_id":"e1","ref_tracking_id":"t1","confidence":0.93200001,`+
		`"system_timestamp":1781889224027}`)
	ev.Ref = mustEvent(t, "event-intrusion", `{"event_id":"e1","area_name":"Front gate","object_class":"Person"}`)
	at := time.UnixMilli(1781889224027).UTC()
	for template, want := range map[string]string{
		standard:                          "Gate-1/2026-06-19|17-13-44.027_Person_t1",
		"{type}/{place}/{event}-{n}.jpeg": "event-intrusion/Front-gate|e1-7",
		"{confidence}":                    ".|0.932",
		"{id}/x":                          "i1|x",
		"all.jpg":                         ".|all",
		"a b/{n}. .PNG":                   "a b|7",
		"con/aux.{n}.jpg":                 "_con|_aux.7",
		".hidden/x":                       ".hidden|x",
		"{n}{n}{n}":                       ".|777",
	} {
		folder, base := mustName(t, template).of(&facts{ev: ev, instance: "Gate-1", at: at, n: 7})
		if got := folder + "|" + base; got != want {
			t.Errorf("%s: %s, want %s", template, got, want)
		}
	}
	bare, err := event.New("crop", []byte(`{}`), nil)
	check(t, err)
	folder, base := mustName(
		t, "{instance}/{date}/{time}_{type}_{class}_{place}_{track}_{event}_{confidence}",
	).of(&facts{ev: bare, instance: ""})
	if want := "unknown/unknown|" + strings.Repeat("unknown_", 6) + "unknown"; folder+"|"+base != want {
		t.Errorf("nothing known: %s|%s, want %s", folder, base, want)
	}
}

func TestParseNameErrors(t *testing.T) {
	for template, want := range map[string]string{
		"{colour}.jpg": "there is no field {colour}; the fields are {instance} {id} {date} {time} {type} {class} {place} " +
			"{track} {event} {confidence} {n}",
		"{time":      "a brace is not closed",
		"time}.jpg":  "a brace is not closed",
		"{{time}}":   "no field {{time}",
		"":           "is empty",
		".jpg":       "is empty",
		"a//b":       "is empty",
		"a/":         "is empty",
		"/tmp/x":     "must be relative",
		"C:x":        "must be relative",
		"../x":       `must not contain ".."`,
		"a/../x.jpg": `must not contain ".."`,
		"./x":        `must not contain "."`,
		"a/...jpg":   `must not contain ".."`,
		`a\b`:        "backslashes",
		"a\nb":       "control characters",
	} {
		_, err := ParseName(template)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), strconv.Quote(template)) {
			t.Errorf("%q: %v, want %q", template, err, want)
		}
	}
}

func TestParseNameExtensions(t *testing.T) {
	for template, want := range map[string]string{
		"x.jpg": ".jpg", "x.JPEG": ".JPEG", "x": ".jpg", "x.png": ".jpg", "x.gif": ".jpg",
	} {
		if got := mustName(t, template).ext; got != want {
			t.Errorf("%s: %s, want %s", template, got, want)
		}
	}
}

var hostile = []string{
	"", ".", "..", "../../x", "a/../../b", `..\..\x`, "/etc/passwd", "CON", "con.txt", "NUL", "com1", "LPT9.x", "aux ",
	"x\x00y", "\u202egpj.exe", "\xff\xfe",
	strings.Repeat("x", 5000), strings.Repeat("../", 2000), "....", "-rf", "a:b", "*?", " ", "name. ", "~", "$(reboot)",
	"a\nb", "入口", "COM¹",
}

func TestNamesOfHostileValues(t *testing.T) {
	for _, v := range hostile {
		checkName(t, "{instance}/{class}/{track}.jpg", v)
		checkName(t, "{place}{class}{event}{track}{class}{event}/a.{class}./{n}", v)
	}
}

func checkName(t *testing.T, template, value string) {
	t.Helper()
	n, err := ParseName(template)
	if err != nil {
		return
	}
	quoted := string(jsonraw.AppendQuoted(nil, value))
	ev := mustEvent(t, "crop", `{"instance_id":`+quoted+`,"object_class":`+quoted+`,"area_name":`+quoted+
		`,"ref_tracking_id":`+quoted+`,"ref_event_id":`+quoted+`}`)
	ev.Instance = &event.Instance{Name: value}
	folder, base := n.of(&facts{ev: ev, instance: value, n: 1})
	full := path.Join(folder, base+"_123456.jpeg")
	if path.IsAbs(full) || path.Clean(full) != full || full == ".." || strings.HasPrefix(full, "../") ||
		strings.Count(full, "/") != strings.Count(template, "/") {
		t.Fatalf("%q with %q leaves the folder: %q", template, value, full)
	}
	for _, c := range strings.Split(full, "/") {
		if len(c) > 255 || isDeviceName(c) || strings.TrimRight(c, ". ") != c {
			t.Fatalf("%q with %q makes %q", template, value, c)
		}
	}
}

func TestCleanValue(t *testing.T) {
	long := strings.Repeat("東", 40)
	for v, want := range map[string]string{
		"Front gate": "Front-gate", "東門": "東門", "Въезд №1": "Въезд-1",
		"Café": "Café", "दिल्ली": "दिल्ली", "٣٤": "٣٤",
		"": "unknown", "..": "unknown", "🚗": "unknown", ".hidden": "hidden", "../../x": "x", "a/../b": "a-..-b",
		"-rf": "rf", "a.": "a", "a\u202egpj.exe": "a-gpj.exe",
		"con": "_con", "Com1.txt": "_Com1.txt", "COM10": "COM10", "a\xffb": "a-b", "a  --  b": "a-b", "́x": "x",
		"a\u200d́": "a",

		long: long[:78], strings.Repeat("x", 79) + "é": strings.Repeat("x", 79),
	} {
		if got := cleanValue(v); got != want {
			t.Errorf("%.40q: got %q, want %q", v, got, want)
		}
	}
	for _, v := range hostile {
		got := cleanValue(v)
		if got == "" || len(got) > maxValue+1 || !utf8.ValidString(got) || !norm.NFC.IsNormalString(got) ||
			isDeviceName(got) || got[0] == '.' || strings.ContainsFunc(got, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune("._-", r)
		}) {
			t.Errorf("%.40q: got %q", v, got)
		}
	}
}

func TestInstancesNeverShareAName(t *testing.T) {
	var n instanceNames
	for _, tc := range []struct{ id, name, want string }{
		{"11111111-aaaa", "Gate", "Gate"},
		{"22222222-aaaa", "gate", "gate-22222222"},
		{"22222222-bbbb", "GATE!", "GATE-22222222-bbbb"},
		{"33333333-aaaa", "Gate?", "Gate-33333333"},
		{"44444444-aaaa", "門", "門"},
		{"55555555-aaaa", "!!", "unknown"},
		{"66666666-aaaa", "??", "unknown-66666666"},
		{"11111111-aaaa", "Gate", "Gate"},
		{"22222222-aaaa", "gate", "gate-22222222"},
	} {
		if got := n.name(tc.id, tc.name); got != tc.want {
			t.Errorf("%s %s: got %q, want %q", tc.id, tc.name, got, tc.want)
		}
	}
	seen := map[string]bool{}
	for i := range maxInstances + 100 {
		got := strings.ToLower(n.name(fmt.Sprintf("%08d-0000", i), strings.Repeat("x", 100)))
		if seen[got] || len(got) > maxValue {
			t.Fatalf("%q twice, or too long", got)
		}
		seen[got] = true
	}
	if len(n.names) > maxInstances {
		t.Errorf("%d names are remembered", len(n.names))
	}
}

func FuzzName(f *testing.F) {
	for _, v := range hostile {
		f.Add(standard, v)
		f.Add("{class}/{place}"+v, v)
	}
	f.Fuzz(func(t *testing.T, template, value string) { checkName(t, template, value) })
}
