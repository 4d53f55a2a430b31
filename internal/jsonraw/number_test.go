package jsonraw

import (
	"math"
	"strconv"
	"testing"
)

func TestFloat(t *testing.T) {
	for _, s := range []string{"0", "-0", "0.0", "1", "-12345678", "9007199254740993", "0.1", "0.8700000047683716", "1e5",
		"1E-7", "1.5e+300", "1e400", "-1e400", "1e-400", "1781889224026"} {
		want, _ := strconv.ParseFloat(s, 64)
		if got, ok := ParseFloat(s); !ok || math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("%s: %v %v, want %v", s, got, ok, want)
		}
		if got, ok := Number([]byte(`"` + s + `"`)); ok == math.IsInf(want, 0) || ok && got != want {
			t.Errorf("%q: %v %v, want %v", s, got, ok, want)
		}
	}
	for _, s := range []string{"", "-", "01", "1.", ".5", "+1", "1e", "0x10", "NaN", "Inf", "1 ", " 1", "1_000", "1e5x",
		`"`, `""`} {
		if _, ok := ParseFloat(s); ok {
			t.Errorf("%q is taken for a number", s)
		}
		if _, ok := Number([]byte(`"` + s + `"`)); ok {
			t.Errorf("%q in a string is taken for a number", s)
		}
	}
	for _, s := range []string{"", "null", "true", `""`, "{}", "[1]"} {
		if _, ok := Number([]byte(s)); ok {
			t.Errorf("%s is taken for a number", s)
		}
	}
}
