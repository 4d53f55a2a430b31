package event

import (
	"testing"
	"time"
)

func TestEventTime(t *testing.T) {
	for payload, want := range map[string]string{
		`{"system_timestamp":1781889224026}`:                                          "2026-06-19T17:13:44.026Z",
		`{"system_timestamp":"1781889224026"}`:                                        "2026-06-19T17:13:44.026Z",
		`{"system_timestamp":1.781889224026e12}`:                                      "2026-06-19T17:13:44.026Z",
		`{"system_timestamp":1781889224026999}`:                                       "2026-06-19T17:13:44.026Z",
		`{"system_timestamp":"1781889224026999"}`:                                     "2026-06-19T17:13:44.026Z",
		`{"system_timestamp":"2026-06-19T17:13:44.026Z"}`:                             "2026-06-19T17:13:44.026Z",
		`{"system_timestamp":"2026-06-19T19:13:44.026999+02:00"}`:                     "2026-06-19T17:13:44.026Z",
		`{"system_timestamp":"2026-06-19T17:13:44"}`:                                  "2026-06-19T17:13:44.000Z",
		`{"system_timestamp":"2026-06-19 17:13:44.5"}`:                                "2026-06-19T17:13:44.500Z",
		`{"system_timestamp":"2026-06-19 17:13:44Z"}`:                                 "2026-06-19T17:13:44.000Z",
		`{"system_timestamp":-1}`:                                                     "1969-12-31T23:59:59.999Z",
		`{"system_timestamp":1781889224026,"system_datetime":"2001-01-01T00:00:00Z"}`: "2026-06-19T17:13:44.026Z",
		`{"system_datetime":"2026-06-19T17:13:44Z"}`:                                  "2026-06-19T17:13:44.000Z",
		`{"system_timestamp":"soon","system_datetime":"2026-06-19T17:13:44Z"}`:        "2026-06-19T17:13:44.000Z",
		`{"system_timestamp":null,"system_datetime":"2026-06-19T17:13:44Z"}`:          "2026-06-19T17:13:44.000Z",
		`{"system_timestamp":1e300,"system_datetime":"2026-06-19T17:13:44Z"}`:         "2026-06-19T17:13:44.000Z",
		`{"system_timestamp":"2026\u002d06-19T17:13:44Z"}`:                            "2026-06-19T17:13:44.000Z",
		`{}`: "", `{"system_timestamp":"soon"}`: "", `{"system_timestamp":""}`: "",
		`{"system_timestamp":1e300}`: "", `{"system_timestamp":"NaN"}`: "", `{"system_timestamp":"0x10"}`: "",
		`{"system_timestamp":[]}`: "",
	} {
		e := &Event{Received: time.UnixMilli(1)}
		e.must(t, payload)
		if got := e.Get("_time").String(); got != want || e.Get("_delay_ms").Exists() != (want != "") {
			t.Errorf("%s: %q, want %q; delay %v", payload, got, want, e.Get("_delay_ms"))
		}
	}
	e := &Event{}
	e.must(t, `{"system_timestamp":1}`)
	if e.Get("_delay_ms").Exists() {
		t.Error("a recorded event has a delay")
	}
}

func TestConfidence(t *testing.T) {
	for payload, want := range map[string]string{
		`{"confidence":0.5,"detection_confidence":0.25}`: "0.5", `{"detection_confidence":"0.25"}`: "0.25",
		`{"confidence":null,"detection_confidence":0.25}`: "0.25", `{}`: "",
	} {
		e := &Event{}
		e.must(t, payload)
		if got := e.Get("_confidence").String(); got != want {
			t.Errorf("%s: %q, want %q", payload, got, want)
		}
	}
}
