package jsonraw

import (
	"math"
	"strconv"
	"testing"
)

func TestFloat(t *testing.T) {
	for _, s := range []string{"0", "-0", "0.0", "1", "-12345678", "9007199254740993", "0.1", "0.8700000047683716", "1e5", "1E-7", "1.5e+300", "1e400", "-1e400", "1e-400", "1781889224026"} {
		want, _ := strconv.ParseFloat(s, 64)
		if got, ok := ParseFloat(s); !ok || math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("%s: %v %v, want %v", s, got, ok, want)
		}
		if got, ok := Number([]byte(`"` + s + `"`)); ok == math.IsInf(want, 0) || ok && got != want {
			t.Errorf("%q: %v %v, want %v", s, got, ok, want)
		}
	}
	for _, s := range []string{"", "-", "01", "1.", ".5", "+1", "1e", "0x10", "NaN", "Inf", "1 ", " 1", "1_000", "1e5x", `"`, `""`} {
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

func TestCompareNumbers(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want int
	}{
		{"9223372036854775056", "9223372036854775057", -1}, {"-9223372036854775056", "-9223372036854775057", 1}, {"9223372036854775056", "9223372036854775056.000", 0},
		{"1e21", "1000000000000000000000", 0}, {"1e21", "1000000000000000000001", -1}, {"1.5e19", "15000000000000000000", 0}, {"0.00015e23", "15000000000000000000", 0},
		{"1E400", "1e401", -1}, {"1e400", "10e399", 0}, {"-1e400", "1e400", -1}, {"1e99999999999999999999", "2e99999999999999999999", 0}, {"1e9999", "2e9999", -1}, {"9007199254740993", "9007199254740992", 1},
		{"9007199254740992.5", "9007199254740992", 1}, {"0.1000000000000000055511", "0.1", 0}, {"0", "-0", 0}, {"1e-400", "0", 0}, {"12E4", "120000", 0}, {"18446744073709551615", "18446744073709551614", 1},
	} {
		if got := CompareNumbers(tc.a, tc.b); got != tc.want || CompareNumbers(tc.b, tc.a) != -tc.want {
			t.Errorf("%s and %s: %d, want %d", tc.a, tc.b, got, tc.want)
		}
	}
}
