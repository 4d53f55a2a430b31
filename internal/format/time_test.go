package format

import (
	"testing"
	"time"

	"github.com/rtev/rtev/internal/flowtest"
)

func TestSpansAndSizes(t *testing.T) {
	for ms, want := range map[float64]string{
		0: "0 ms", 840: "840 ms", 999.4: "999 ms", 999.5: "1.0 s", 8400: "8.4 s", 12345: "12.3 s", 59_949: "59.9 s", 59_950: "1 min", 135_000: "2 min 15 s",
		3_599_000: "59 min 59 s", 3_599_500: "1 h", 11_520_000: "3 h 12 min", 86_399_999: "1 d", 187_200_000: "2 d 4 h", -5: "-5 ms", 1e300: "1e+300 ms",
	} {
		if got := string(appendSpan(nil, ms)); got != want {
			t.Errorf("%v ms: %s, want %s", ms, got, want)
		}
	}
	for n, want := range map[float64]string{0: "0 B", 999: "999 B", 1000: "1.0 KB", 34_100: "34.1 KB", 999_499: "999.5 KB", 999_500: "1.0 MB", 64 << 20: "67.1 MB"} {
		if got := string(appendBytes(nil, n)); got != want {
			t.Errorf("%v bytes: %s, want %s", n, got, want)
		}
	}
	for n, want := range map[float64]string{25: "25", 9.94: "9.9", 9.96: "10", -0.04: "0", 1e15: "1e+15", 12345678: "12345678"} {
		if got := string(appendShort(nil, n)); got != want {
			t.Errorf("%v: %s, want %s", n, got, want)
		}
	}
}

// A stamp that formats the seconds only when they change agrees with package time.
func TestStampAgreesWithTime(t *testing.T) {
	zone := time.FixedZone("", -(3*60+30)*60)
	s := stamp{date: true, zone: zone}
	for _, ms := range []int64{0, 1, 999, 1000, 1781889224026, 1781889224027, 1781889223999, -1, -1000, -1001, -62135596800000} {
		want := time.UnixMilli(ms).In(zone).Format("2006-01-02T15:04:05.000Z07:00")
		if got := string(s.append(nil, ms)); got != want {
			t.Errorf("%d: %s, want %s", ms, got, want)
		}
	}
}

// The quick way to read a time tells what the event tells.
func TestMillisAgreesWithTheEvent(t *testing.T) {
	for _, raw := range []string{"0", "1781889224026", `"1781889224026"`, "12345678901234", "123456789012345", "253402300799999", "253402300800000", "99999999999999", "-1", "1.5", "1e3", `""`, "null", "[]", "true"} {
		ev := flowtest.Event(t, "track", `{"system_timestamp":`+raw+`}`)
		at, ok := ev.Time()
		if ms, got := millis(ev, []byte(raw)); got != ok || ok && ms != at.UnixMilli() {
			t.Errorf("%s: %d %v, want %d %v", raw, ms, got, at.UnixMilli(), ok)
		}
	}
}

func TestParseTimeFormat(t *testing.T) {
	for s, want := range map[string]TimeFormat{"clock": Clock, "rfc3339": RFC3339, "delta": Delta, "off": Off} {
		if got, err := ParseTimeFormat(s); got != want || err != nil {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	if _, err := ParseTimeFormat("utc"); err == nil || err.Error() != `time format "utc" is none of clock, rfc3339, delta, off` {
		t.Error(err)
	}
}
