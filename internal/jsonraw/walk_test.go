package jsonraw

import (
	"fmt"
	"testing"

	"github.com/tidwall/gjson"
)

func TestMembersAndElementsAgreeWithGjson(t *testing.T) {
	for _, doc := range append(documents, `{"a" : {"b":[1,{"c":"}]\"{"}],"d":{}} , "e\"":[ [] , "x" ,-1.5e3, null ] ,`+
		`"\u0061":2}`) {
		if !gjson.Valid(doc) {
			continue
		}
		var got, want []string
		for name, value := range Members([]byte(doc)) {
			got = append(got, string(name)+"="+string(value))
			for element := range Elements(value) {
				got = append(got, string(element))
			}
		}
		if r := gjson.Parse(doc); r.IsObject() {
			r.ForEach(func(k, v gjson.Result) bool {
				want = append(want, k.Raw[1:len(k.Raw)-1]+"="+v.Raw)
				if v.IsArray() {
					v.ForEach(func(_, v gjson.Result) bool { want = append(want, v.Raw); return true })
				}
				return true
			})
		}
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
			t.Errorf("%s:\n%q, want\n%q", doc, got, want)
		}
	}
	n := 0
	for _, other := range []string{`[1]`, ``, `7`} {
		for range Members([]byte(other)) {
			n++
		}
	}
	for _, other := range []string{`{"a":1}`, ``, `7`} {
		for range Elements([]byte(other)) {
			n++
		}
	}
	if n != 0 {
		t.Errorf("%d calls, want none", n)
	}
}
