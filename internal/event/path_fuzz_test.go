package event

import (
	"strings"
	"testing"

	"github.com/rtev/rtev/internal/jsonraw"
	"github.com/tidwall/gjson"
)

var fuzzPaths = []string{
	"a", "a.b", "a.b.c", "a.#", "a.#.b", "a.#(b==1).c", "a.#(b>0)#.c", "a.1", "a*", "*.b", "a.*", "a|b", "a.b|c",
	"a.@keys", "@this|a", "a.@values.0", "[a,b]", "{a,b}.a", "a.{b}",
	"..#", "..0.a", `a\.b`, `\_a`, `\_a.b`, "!7", `a.!"x"`, "a.", ".a", ".", "a..b", "a...0", "$id", "a.#.#.b", "#",
	"a.b.#(c%\"*x*\")", "a.@flatten", "@ugly", "a.#(@keys)", "0", "a.0.b",
}

var fuzzPayloads = []string{
	`{}`, `{"a":1}`, `{"a":1,"a":{"b":2}}`, `{"a":{"b":1},"a":{"c":2,"b":{"c":3}}}`,
	`{"a":[{"b":1,"c":2},{"b":{"c":[1]}}],"b":"x"}`, `{"a":{"x":0},"a":[1,2]}`, `{"a.b":3,"_a":{"b":1}}`,
	`{"a":"x\"y","a":{"b":"\u00e9"}}`, `{"\u0061":{"b":1},"a":2}`, `{"a":[[1,[2]],{}],"*":{"b":1}}`,
	` { "a" : { "b" : [ ] } } `, `{"a":{"b":1,"b":{"c":2}}}`, `{"":{"a":1},"a":{"":1}}`, `{"a":[],"a":[{"b":1}]}`,
}

// agrees compares a path's result with that of gjson.
func agrees(t *testing.T, payload, path string) {
	t.Helper()
	p, err := ParsePath(path)
	e, notObject := New("", []byte(strings.Clone(payload)), nil)
	if err != nil || notObject != nil || path == "" || strings.HasPrefix(path, "_") ||
		strings.ContainsAny(payload, "\r\n") {
		return
	}
	want, got := gjson.Get(payload, path), p.Of(e)
	if want.Raw != "" && !jsonraw.Valid([]byte(want.Raw)) {
		want = gjson.Result{}
	}
	if got.Type != want.Type || got.Raw != want.Raw || got.Str != want.Str || got.Num != want.Num {
		t.Fatalf("%q in %q: got %#v, gjson has %#v", path, payload, got, want)
	}
}

func TestPathAgreesWithGjson(t *testing.T) {
	for _, payload := range fuzzPayloads {
		for _, path := range fuzzPaths {
			agrees(t, payload, path)
		}
	}
}

func FuzzPath(f *testing.F) {
	for i, path := range fuzzPaths {
		f.Add(fuzzPayloads[i%len(fuzzPayloads)], path)
	}
	f.Fuzz(agrees)
}
