package format

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
	"github.com/rtev/rtev/internal/jsonraw"
)

func TestNDJSON(t *testing.T) {
	const front = `"$id":"crop","instance_id":"i1",`
	for _, tc := range []struct {
		name    string
		o       NDJSONOptions
		payload string
		want    string
	}{
		{"as sent", NDJSONOptions{}, ` { ` + front + `"n" : -0.50e+1 , "s":"\u00e9\/é` + "\u202e\x7f\xff" + `"}  `,
			` { ` + front + `"n" : -0.50e+1 , "s":"\u00e9\/é` + "\u202e\x7f\xff" + `"}  `},
		{"no image, none there", NDJSONOptions{NoImage: true}, ` {` + front + `"n": 1 }`, ` {` + front + `"n": 1 }`},
		{"no image", NDJSONOptions{NoImage: true}, `{` + front + `"image":"AAAA","n":{"image":"AAAA"}}`,
			`{` + front + `"image":3,"n":{"image":"AAAA"}}`},
		{"no image of another type", NDJSONOptions{NoImage: true}, `{` + front + `"image":null}`,
			`{` + front + `"image":null}`},
		{"frame", NDJSONOptions{Frame: Frame{1920, 1080}},
			`{` + front + `"location":{"x":0.212,"y": "0.634","width":-0.5,"height":null,"z":[{"x":0.5}]},"x":0.5,` +
				`"targets":[{"location":{"x":1},"x":1},7,[]]}`,
			`{` + front + `"location":{"x":407,"y":685,"width":-960,"height":null,"z":[{"x":0.5}]},"x":0.5,` +
				`"targets":[{"location":{"x":1920},"x":1},7,[]]}`},
		{"frame of odd values", NDJSONOptions{Frame: Frame{10, 10}},
			`{` + front + `"location":{"x":1e999,"y":"here","width":1e300,"height":-0},"targets":{}}`,
			`{` + front + `"location":{"x":1e999,"y":"here","width":1e300,"height":0},"targets":{}}`},
		{"frame of nothing", NDJSONOptions{Frame: Frame{10, 10}}, `{` + front + `"location":[],"targets":[ ]}`,
			`{` + front + `"location":[],"targets":[]}`},
		{"terminal", NDJSONOptions{Terminal: true},
			`{` + front + `"s":"é` + "\u202e\x7f\u009b\u2028\U000e0041\xff" + `"}`,
			`{` + front + `"s":"é\u202e\u007f\u009b\u2028\udb40\udc41\ufffd"}`},
		{"terminal, blanks", NDJSONOptions{Terminal: true}, "{" + front + "\t\"a\":\t1}", "{" + front + ` "a": 1}`},
		{"terminal, default names", NDJSONOptions{Columns: columns(t, "type,x")},
			`{` + front + `"location":{"x":0.50}}`, `{"type":"crop","x":0.50}`},
		{"columns", NDJSONOptions{Columns: columns(t,
			`_type,when=_time,_delay_ms,a b=location.x,none,n=targets.#,classes=targets.#.object_class,null`)},
			`{` + front + `"system_timestamp":1781889224026,"location":{"x":0.2120},"targets":[{"object_class":"P"},{}],` +
				`"null":null}`,
			`{"_type":"crop","when":"2026-06-19T17:13:44.026Z","_delay_ms":1.5,"a b":0.2120,"n":2,"classes":["P"],"null":null}`},
		{"columns, all missing", NDJSONOptions{Columns: columns(t, "none")}, `{` + front + `"n":1}`, `{}`},
		{"columns changed", NDJSONOptions{Columns: columns(t, "x=location.x,location,image,targets"), NoImage: true,
			Frame: Frame{100, 10}},
			`{` + front + `"location":{"x":0.5,"y":0.5},"image":"AAA=","targets":[{"location":{"y":1}}]}`,
			`{"x":50,"location":{"x":50,"y":5},"image":2,"targets":[{"location":{"y":10}}]}`},
		{"columns on one line", NDJSONOptions{Columns: columns(t, "p=!{\"x\":\n1}")},
			`{` + front + `"location":{"x":1}}`, `{"p":{"x": 1}}`},
	} {
		ev := flowtest.Event(t, "", tc.payload)
		ev.Received = time.UnixMilli(1781889224027).Add(500 * time.Microsecond)
		if got := string(NewNDJSON(tc.o).AppendEvent(nil, ev)); got != tc.want+"\n" {
			t.Errorf("%s:\n%q, want\n%q", tc.name, got, tc.want)
		}
	}
}

func TestVisibleJSONIsOneLine(t *testing.T) {
	got := string(AppendVisibleJSON(nil, []byte("{\r\n\t\"name\": \"Gate\u009b2J\u202e\\u001b\"\n}")))
	if want := `{   "name": "Gate\u009b2J\u202e\u001b" }`; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestImageSize(t *testing.T) {
	for n := range 50 {
		data := bytes.Repeat([]byte{0xff, 0xd8, 0xfb}, 20)[:n]
		std := base64.StdEncoding.EncodeToString(data)
		for how, text := range map[string]string{
			"as it is": std, "without padding": base64.RawStdEncoding.EncodeToString(data),
			"of the URL alphabet": base64.URLEncoding.EncodeToString(data),
			"with a prefix":       "data:image/jpeg;base64," + std, "with another prefix": "DATA:;base64," + std,
			"with escaped slashes": strings.ReplaceAll(std, "/", `\/`),
			"with line ends":       strings.ReplaceAll(std, "v", `v\r\n`),
			"with blanks":          " " + std + " ", "with unicode escapes": strings.ReplaceAll(std, "+", `\u002b`),
		} {
			if got, ok := imageSize([]byte(`"`+text+`"`), new([]byte)); got != n || !ok {
				t.Errorf("%d bytes %s: %d, %v", n, how, got, ok)
			}
		}
	}
	for _, raw := range []string{"", "null", "7", `{"a":"b"}`, `["AAAA"]`} {
		if n, ok := imageSize([]byte(raw), new([]byte)); ok {
			t.Errorf("%q has a size: %d", raw, n)
		}
	}
}

// Escaped for a terminal, a payload decodes to the same value.
func FuzzNDJSONTerminal(f *testing.F) {
	for _, s := range append(flowtest.Samples(f), flowtest.Hostile()...) {
		f.Add([]byte(s.Payload))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		ev, err := event.New("track", payload, nil)
		if err != nil {
			return
		}
		line := string(NewNDJSON(NDJSONOptions{Terminal: true}).AppendEvent(nil, ev))
		text, ok := strings.CutSuffix(line, "\n")
		if !ok {
			t.Fatalf("no line end: %q", line)
		}
		checkShown(t, text)
		var got, want any
		if json.Unmarshal(ev.Payload, &want) != nil {
			return // deeper or larger than encoding/json goes
		}
		if err := json.Unmarshal([]byte(text), &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q is shown as %q: %v", ev.Payload, text, err)
		}
	})
}

// Changed payloads are still valid JSON, and all members of a location are found.
func FuzzChanged(f *testing.F) {
	for _, s := range append(flowtest.Samples(f), flowtest.Hostile()...) {
		f.Add([]byte(s.Payload))
	}
	f.Add([]byte(`{"location": { "x" : 0.5 , "y":[ {"a":"}\"" } , 1 ] } , "targets":[ {"location":{"x":1}} , "]" ]}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		ev, err := event.New("track", payload, nil)
		if err != nil || bytes.Contains(ev.Payload, []byte(`\`)) {
			return
		}
		got := NewNDJSON(NDJSONOptions{Frame: Frame{1, 1}, NoImage: true}).AppendEvent(nil, ev)
		if json.Valid(ev.Payload) && !json.Valid(got) {
			t.Fatalf("%q became %q", ev.Payload, got)
		}
		var parts struct{ Location map[string]json.RawMessage }
		if json.Unmarshal(ev.Payload, &parts) == nil && json.Valid(ev.Payload) {
			raw, ok := ev.Member("location")
			n := map[string]bool{}
			for name := range jsonraw.Members(raw) {
				n[string(name)] = true
			}
			if ok && len(n) != len(parts.Location) && bytes.Count(ev.Payload, []byte(`ocation`)) == 1 {
				t.Fatalf("%q has fields %v", raw, n)
			}
		}
	})
}
