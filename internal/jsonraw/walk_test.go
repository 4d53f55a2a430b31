package jsonraw

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/tidwall/gjson"
)

func TestFloatAgreesWithTheStandardLibrary(t *testing.T) {
	check := func(s string) {
		t.Helper()
		want, _ := strconv.ParseFloat(s, 64)
		if got, ok := Float([]byte(s)); !ok || math.Float64bits(got) != math.Float64bits(want) {
			t.Fatalf("%s: %v %v, want %v", s, got, ok, want)
		}
	}
	for _, s := range []string{
		"0", "-0", "0.0", "-0.0", "1", "12345678", "-12345678", "123456789012345678", "9007199254740992", "9007199254740993", "90071992547409.93", "0.1", "0.3",
		"0.8700000047683716", "1234567.8", "12345678.1", "0.12345678", "0.000000000000000001", "1e5", "1E-7", "1.5e+300", "1e400", "-1e400", "1e-400",
		"179769313486231570000000000000", "0.1000000000000000055511151231257827", "1781889224026", "99999999.99999999",
	} {
		check(s)
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		n := r.Float64() * math.Pow(10, float64(r.IntN(12)-3))
		check(strconv.FormatFloat(n, 'f', r.IntN(18), 64))
		check(strconv.FormatFloat(n, 'f', -1, 64))
		check(strconv.FormatInt(r.Int64()>>r.IntN(63), 10))
	}
	for _, s := range []string{"", "-", "01", "1.", ".5", "+1", "1e", "0x10", "NaN", "Inf", "1 ", " 1", "1_000", "1e5x"} {
		if _, ok := Float([]byte(s)); ok {
			t.Errorf("%q is taken for a number", s)
		}
	}
}

func BenchmarkFloat(b *testing.B) {
	for _, s := range []string{"0", "0.128", "41200", "1781889224026", "0.8700000047683716"} {
		b.Run(s, func(b *testing.B) {
			raw := []byte(s)
			for b.Loop() {
				Float(raw)
			}
		})
	}
}

func TestFieldsAndElementsAreThoseOfGjson(t *testing.T) {
	for _, doc := range append(documents, `{"a" : {"b":[1,{"c":"}]\"{"}],"d":{}} , "e\"":[ [] , "x" ,-1.5e3, null ] ,"\u0061":2}`) {
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
