package jsonraw

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tidwall/gjson"
)

// valid reports whether encoding/json accepts p. It stops at 10,000 levels.
func valid(p []byte) bool {
	return json.Valid(p) && len(bytes.TrimSpace(p)) > 0 && bytes.TrimSpace(p)[0] == '{'
}

var documents = []string{
	`{}`, ` { } `, `{"a":1}`, `{"a":1,}`, `{,}`, `{"a"}`, `{"a":}`, `{"a":1 "b":2}`, `{"a":[]}`, `{"a":[1,]}`,
	`{"a":[,1]}`, `{"a":[1 2]}`,
	`{"a":{}}`, `{"a":{"b":[{"c":[[]]},{}]}}`, `{"a":{]}`, `{"a":[}]}`, `{"a":[{]}}`, `{"a":01}`, `{"a":-}`,
	`{"a":-0.0e+12}`, `{"a":1.}`, `{"a":.5}`, `{"a":1e}`,
	`{"a":1E5}`, `{"a":tru}`, `{"a":true}`, `{"a":nulll}`, `{"a":"\u00e9\ud83d\ude00"}`, `{"a":"\u00g0"}`, `{"a":"\x"}`,
	`{"a":"\`, `{"a":"`, "{\"a\":\"\x01\"}",
	"{\"a\":\"12345678\x1f\"}", "{\"a\":\"\xff\xfe\"}", `{"a":"1234567\"89"}`, `{"a":"12345678"}`, `{"a":"1234567"}`, `[]`,
	`1`, ``, ` `, `{}}`, `{}{}`, "{\"a\":1}\v",
	`{"a":{"b":1,}}`, `{"a":{"b"}}`, `{"a":[[1,2],[3]]}`, `{"\u0061":1}`, `{"a":{"b":{"c":1}},"d":2}`,
}

func TestScanAgreesWithTheStandardLibrary(t *testing.T) {
	var x Index
	for _, doc := range documents {
		if got, want := x.Scan([]byte(doc)) == nil, valid([]byte(doc)); got != want {
			t.Errorf("%q: valid %v, want %v", doc, got, want)
		}
	}
}

func TestScanOfLongStrings(t *testing.T) {
	var x Index
	for _, size := range []int{long - 1, long, long + 8, long + block - 1, long + block, long + 2*block + 3} {
		for at := range size {
			for _, c := range []string{`"`, `\`, `\"`, "\x00", "\x1f", "\x7f", "\xff", "é"} {
				text := strings.Repeat("a", at) + c + strings.Repeat("b", size-at-1)
				doc := []byte(`{"image":"` + text + `","z":1}`)
				want := c != `"` && c != "\x00" && c != "\x1f" && (c != `\` || at < size-1) // \b is an escape
				if got := x.Scan(doc) == nil; got != want {
					t.Fatalf("%q at %d of %d: valid %v, want %v", c, at, size, got, want)
				}
			}
		}
	}
}

func FuzzScan(f *testing.F) {
	for _, doc := range documents {
		f.Add([]byte(doc))
	}
	files, _ := filepath.Glob("../event/testdata/payloads/*.json")
	for _, file := range files {
		data, _ := os.ReadFile(file)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		var x Index
		if got, want := x.Scan(p) == nil, valid(p); got != want {
			t.Fatalf("%q: valid %v, want %v", p, got, want)
		} else if !got {
			return
		}
		gjson.ParseBytes(p).ForEach(func(k, _ gjson.Result) bool {
			if name := k.String(); utf8.ValidString(name) {
				var want string
				gjson.ParseBytes(p).ForEach(func(k, v gjson.Result) bool { want = v.Raw; return k.String() != name })
				if got, ok := x.Get(name); !ok || string(got) != want {
					t.Fatalf("%q in %q: %q, want %q", name, p, got, want)
				}
			}
			return true
		})
	})
}

func TestScanAcceptsAnyDepth(t *testing.T) {
	const n = 100_000
	var x Index
	deep := `{"a":` + strings.Repeat(`[{"b":`, n) + `1` + strings.Repeat(`}]`, n) + `}`
	if err := x.Scan([]byte(deep)); err != nil {
		t.Error(err)
	}
	if err := x.Scan([]byte(deep[:len(deep)-1])); err == nil {
		t.Error("taken with its last bracket missing")
	}
}

func TestMembersBeyondIndexLimit(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"first":1`)
	for range 1000 {
		b.WriteString(`,"filler":[{"last":0}]`)
	}
	b.WriteString(`,"last":"x"}`)
	var x Index
	if err := x.Scan([]byte(" " + b.String())); err != nil {
		t.Fatal(err)
	}
	first, _ := x.Get("first")
	last, _ := x.Get("last")
	if _, ok := x.Get("lost"); ok || string(first) != "1" || string(last) != `"x"` {
		t.Errorf("got %s and %s", first, last)
	}
	n := 0
	x.Members(func(_, _ []byte) bool { n++; return true })
	if n != 1002 {
		t.Errorf("%d members, want 1002", n)
	}
}

func TestMembersAroundIndexLimit(t *testing.T) {
	for n := maxMembers - 1; n <= maxMembers+1; n++ {
		doc := []byte(`{"dup":1`)
		for i := 2; i < n; i++ {
			doc = fmt.Appendf(doc, `,"m%d":%d`, i, i)
		}
		doc = append(doc, `,"dup":2}`...)
		var x Index
		if err := x.Scan(doc); err != nil {
			t.Fatal(err)
		}
		var dup, all []string
		for value := range x.All("dup") {
			dup = append(dup, string(value))
		}
		x.Members(func(name, _ []byte) bool { all = append(all, string(name)); return true })
		if last, ok := x.Get(fmt.Sprintf("m%d", n-1)); !ok || string(last) != fmt.Sprint(n-1) || fmt.Sprint(dup) != "[1 2]" ||
			len(all) != n {
			t.Errorf("%d members: %s, %v, %d listed", n, last, dup, len(all))
		}
	}
}
