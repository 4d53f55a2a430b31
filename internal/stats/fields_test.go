package stats

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
)

func putAll(t *testing.T, f *Fields, typ string, payloads ...string) {
	t.Helper()
	for _, p := range payloads {
		check(t, f.Put(flowtest.Event(t, typ, p)))
	}
}

func TestFieldsOfTheSamples(t *testing.T) {
	f := NewFields()
	for _, s := range flowtest.Samples(t) {
		putAll(t, f, "", s.Payload)
	}
	var text, ndjson, rows bytes.Buffer
	for _, err := range []error{f.Write(&text, "text", false, false), f.Write(&ndjson, "ndjson", false, false),
		f.Write(&rows, "csv", false, false)} {
		check(t, err)
	}
	golden(t, "fields.txt", text.Bytes())
	golden(t, "fields.ndjson", ndjson.Bytes())
	golden(t, "fields.csv", rows.Bytes())
}

func TestFields(t *testing.T) {
	f := NewFields()
	putAll(t, f, "track",
		`{"n":1,"deep":{"a":{"b":true}},"list":[1,2,"x"],"objs":[{"c":"Person"},{"c":"Car","extra":null}],`+
			`"a.b":"dot","_type":{"_x":1}}`,
		`{"n":"2","list":[],"objs":[]}`,
		`{"n":null}`, `{"n":3.50,"n":4}`)
	var got []string
	for _, x := range f.List() {
		if x.Path != "$id" && x.Path != "instance_id" {
			got = append(got, fmt.Sprintf("%s %s %d/%d %g%% %s", x.Path, strings.Join(x.Kinds, ","), x.Count, x.Events,
				x.Percent, x.Example))
		}
	}
	want := []string{
		`\_type object 1/4 25% `,
		`\_type._x number 1/4 25% 1`,
		`a\.b string 1/4 25% dot`,
		`deep object 1/4 25% `,
		`deep.a object 1/4 25% `,
		`deep.a.b boolean 1/4 25% true`,
		`list array 2/4 50% `,
		`list.# number,string 1/4 25% 1`,
		`n number,string,null 4/4 100% 1`,
		`objs array 2/4 50% `,
		`objs.# object 1/4 25% `,
		`objs.#.c string 1/4 25% Person`,
		`objs.#.extra null 1/4 25% `,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestFieldsHideImages(t *testing.T) {
	f := NewFields()
	picture := strings.Repeat("/9j/4AAQSkZJRg", 4000)
	putAll(t, f, "crop", `{"image":"`+picture+`","more":{"image":"`+picture+`"}}`, `{"image":"/9j/"}`)
	for _, x := range f.List() {
		if strings.Contains(x.Example, "/9j/") || (strings.HasSuffix(x.Path, "image") && x.Example != "(56.0 kB)") {
			t.Errorf("%s: example %q", x.Path, x.Example)
		}
	}
}

func TestFieldsLimits(t *testing.T) {
	f := NewFields()
	deep := strings.Repeat(`{"d":`, 20_000) + "1" + strings.Repeat("}", 20_000)
	var wide, long strings.Builder
	for i := range 50_000 {
		fmt.Fprintf(&wide, `,"w%d":{"x":1}`, i)
	}
	long.WriteString(strings.Repeat("1,", 600_000) + "1")
	putAll(t, f, "hostile", `{"deep":`+deep+`}`, `{"first":1`+wide.String()+`}`,
		`{"long":[`+long.String()+`],"`+strings.Repeat("k", 5000)+`":1}`)
	list := f.List()
	if len(list) != maxTypePaths+1 || list[len(list)-1].Path != "" {
		t.Errorf("%d paths, the last %+v", len(list), list[len(list)-1])
	}
	for _, x := range list {
		if n := strings.Count(x.Path, "."); n > maxFieldDepth || len(x.Path) > maxPath {
			t.Errorf("path %.300q", x.Path)
		}
	}
	putAll(t, f, "long", `{"`+strings.Repeat("k", maxPath+1)+`":1}`)
	i := slices.IndexFunc(f.List(), func(x Field) bool { return x.Type == "long" && strings.HasPrefix(x.Path, "k") })
	if i >= 0 {
		t.Errorf("path %.300q", f.List()[i].Path)
	}
	for i := range 2 * maxFieldTypes {
		ev := flowtest.Event(t, "x", `{}`)
		ev.Type = fmt.Sprint("type", i)
		check(t, f.Put(ev))
	}
	if n := len(f.types); n > maxFieldTypes+1 {
		t.Errorf("%d types", n)
	}
}

func FuzzFields(f *testing.F) {
	for _, s := range flowtest.Hostile() {
		if len(s.Payload) < 1000 {
			f.Add([]byte(s.Payload))
		}
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		ev, err := event.New("x", bytes.Clone(payload), nil)
		if err != nil {
			return
		}
		fields := NewFields()
		check(t, fields.Put(ev))
		for _, x := range fields.List() {
			if x.Path != "" && (x.Count != 1 || len(x.Kinds) == 0) {
				t.Errorf("%+v", x)
			}
		}
		var out bytes.Buffer
		check(t, fields.Write(&out, "ndjson", false, false))
	})
}
