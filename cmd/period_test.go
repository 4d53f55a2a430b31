package cmd

import (
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	zone := time.FixedZone("", 2*60*60)
	now := time.Date(2026, 6, 19, 17, 30, 0, 0, zone)
	for text, want := range map[string]string{
		"10m":                       "2026-06-19T17:20:00+02:00",
		"2h":                        "2026-06-19T15:30:00+02:00",
		"3d":                        "2026-06-16T17:30:00+02:00",
		"1h30m":                     "2026-06-19T16:00:00+02:00",
		"0s":                        "2026-06-19T17:30:00+02:00",
		"15:04":                     "2026-06-19T15:04:00+02:00",
		"17:30":                     "2026-06-19T17:30:00+02:00",
		"17:31":                     "2026-06-18T17:31:00+02:00",
		"2026-06-19T08:15:01.5Z":    "2026-06-19T10:15:01+02:00",
		"2026-06-19T08:15:01+05:00": "2026-06-19T05:15:01+02:00",
		"2026-06-18":                "2026-06-18T00:00:00+02:00",
		"1781827200":                "2026-06-19T02:00:00+02:00",
		"1781827200000":             "2026-06-19T02:00:00+02:00",
	} {
		if got, err := parseTime(text, now); err != nil || got.In(zone).Format(time.RFC3339) != want {
			t.Errorf("%s is %v, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"10", "-10m", "-3d", "3dd", "d", "3d-2h", "25:00", "yesterday", "2026-13-01",
		"10 m", "1e9"} {
		if got, err := parseTime(text, now); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}
