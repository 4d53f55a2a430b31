package term

import (
	"math"
	"testing"
	"time"
)

func TestCountUsesThousandsAndPlural(t *testing.T) {
	for n, want := range map[int]string{0: "0 events", 1: "1 event", 2: "2 events", 999: "999 events",
		1204: "1,204 events", 1234567: "1,234,567 events", -1204: "-1,204 events"} {
		if got := Count(n, "event"); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	if got := Number(uint64(math.MaxUint64)); got != "18,446,744,073,709,551,615" {
		t.Error(got)
	}
}

func TestDecimal(t *testing.T) {
	for x, want := range map[float64]string{
		0: "0", 25: "25", 9.94: "9.9", 9.96: "10", -0.04: "0", -0.5: "-0.5", -12.34: "-12.3", 1234.56: "1,234.6",
		12345678: "12,345,678", 1e15: "1e+15", -1e300: "-1e+300",
	} {
		if got := Decimal(x); got != want {
			t.Errorf("%v: %q, want %q", x, got, want)
		}
	}
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if got := Decimal(x); len(got) < 3 || len(got) > 4 {
			t.Errorf("%v: %q", x, got)
		}
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 812: "812 B", 999: "999 B", 1000: "1.0 kB", 34_100: "34.1 kB", 99_949: "99.9 kB", 99_950: "100 kB",
		345_000: "345 kB",
		999_499: "999 kB", 999_500: "1.0 MB", 64 << 20: "67.1 MB", 5e12: "5.0 TB", 1234e15: "1,234,000 TB",
	} {
		if got := Size(n); got != want {
			t.Errorf("%v bytes: %q, want %q", n, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for ms, want := range map[float64]string{
		0: "0 ms", 0.4: "0.4 ms", 5: "5 ms", 9.96: "10 ms", 840: "840 ms", 999.4: "999 ms", 999.5: "1.0 s",
		8400: "8.4 s", 12_400: "12.4 s",
		59_949: "59.9 s", 59_950: "1 min", 180_000: "3 min", 135_000: "2 min 15 s", 3_599_499: "59 min 59 s",
		3_599_500: "1 h", 7_500_000: "2 h 5 min",
		86_369_999: "23 h 59 min", 86_370_000: "1 d", 187_200_000: "2 d 4 h", 1e12: "11,574 d 2 h", -5: "-5 ms",
		-135_000: "-2 min 15 s", 1e300: "1.16e+292 d",
	} {
		if got := Millis(ms); got != want {
			t.Errorf("%v ms: %q, want %q", ms, got, want)
		}
	}
	if got := Duration(12*time.Second + 380*time.Millisecond); got != "12.4 s" {
		t.Error(got)
	}
}
