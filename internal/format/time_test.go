package format

import (
	"testing"
	"time"

	"github.com/rtev/rtev/internal/flowtest"
)

func TestStampFormatsLikePackageTime(t *testing.T) {
	zone := time.FixedZone("", -(3*60+30)*60)
	s := stamp{date: true, zone: zone}
	for _, ms := range []int64{0, 1, 999, 1000, 1781889224026, 1781889224027, 1781889223999, -1, -1000, -1001,
		-62135596800000} {
		want := time.UnixMilli(ms).In(zone).Format("2006-01-02T15:04:05.000Z07:00")
		if got := string(s.append(nil, ms)); got != want {
			t.Errorf("%d: %s, want %s", ms, got, want)
		}
	}
}

func TestMillisEqualsEventTime(t *testing.T) {
	for _, raw := range []string{"0", "1781889224026", `"1781889224026"`, "12345678901234", "123456789012345",
		"253402300799999", "253402300800000", "99999999999999", "-1", "1.5", "1e3", `""`, "null", "[]", "true"} {
		ev := flowtest.Event(t, "track", `{"system_timestamp":`+raw+`}`)
		var m members
		m.load(ev)
		at, ok := ev.Time()
		if ms, got := m.millis(ev); got != ok || ok && ms != at.UnixMilli() {
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
	if _, err := ParseTimeFormat("utc"); err == nil ||
		err.Error() != `time format "utc" is none of clock, rfc3339, delta, off` {
		t.Error(err)
	}
}
