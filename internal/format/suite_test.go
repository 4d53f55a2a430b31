package format

import (
	"testing"
	"time"

	"github.com/rtev/rtev/internal/flowtest"
)

// columns parses a list that must be right.
func columns(t testing.TB, list string) Columns {
	t.Helper()
	c, err := ParseColumns(list)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// template parses a template that must be right.
func template(t testing.TB, text string) *Template {
	t.Helper()
	parsed, err := ParseTemplate(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestEncoderSuite(t *testing.T) {
	wide := func(n int) func() int { return func() int { return n } }
	some := columns(t, "_time,_delay_ms,kind=_type,_place,object_class,location.x,location,image,value")
	for name, tc := range map[string]struct {
		enc   func() flowtest.LineEncoder
		allow flowtest.Bytes
	}{
		"ndjson": {func() flowtest.LineEncoder { return NewNDJSON(NDJSONOptions{}) },
			flowtest.Bytes{Raw: true}},
		"ndjson changed": {func() flowtest.LineEncoder {
			return NewNDJSON(NDJSONOptions{NoImage: true,
				Frame: Frame{1920, 1080}})
		}, flowtest.Bytes{Raw: true}},
		"ndjson columns": {func() flowtest.LineEncoder { return NewNDJSON(NDJSONOptions{Columns: some}) },
			flowtest.Bytes{Raw: true}},
		"ndjson terminal": {func() flowtest.LineEncoder { return NewNDJSON(NDJSONOptions{Terminal: true}) },
			flowtest.Bytes{}},
		"ndjson all": {func() flowtest.LineEncoder {
			return NewNDJSON(NDJSONOptions{some, true, Frame{8, 8},
				true})
		}, flowtest.Bytes{}},
		"csv": {func() flowtest.LineEncoder { return NewCSV(CSVOptions{}) },
			flowtest.Bytes{Raw: true, Quoted: true}},
		"csv columns": {func() flowtest.LineEncoder { return NewCSV(CSVOptions{Columns: some}) },
			flowtest.Bytes{Raw: true, Quoted: true}},
		"csv terminal": {func() flowtest.LineEncoder {
			return NewCSV(CSVOptions{Terminal: true,
				Columns: some})
		}, flowtest.Bytes{}},
		"csv frame": {func() flowtest.LineEncoder {
			return NewCSV(CSVOptions{NoHeader: true,
				Frame: Frame{1920, 1080}})
		}, flowtest.Bytes{Raw: true, Quoted: true}},
		"template": {func() flowtest.LineEncoder {
			return template(t,
				"{_time} {type}: {location} {image}").NewEncoder()
		}, flowtest.Bytes{}},
		"text": {func() flowtest.LineEncoder { return NewText(TextOptions{Zone: time.UTC}) },
			flowtest.Bytes{}},
		"text narrow": {func() flowtest.LineEncoder { return NewText(TextOptions{Width: wide(20), Time: Off}) },
			flowtest.Bytes{}},
		"text delta": {func() flowtest.LineEncoder {
			return NewText(TextOptions{Width: wide(80), Sources: names, Time: Delta})
		}, flowtest.Bytes{}},
		"text colour": {func() flowtest.LineEncoder {
			return NewText(TextOptions{Color: true, Width: wide(140), Sources: names, Time: RFC3339,
				Frame: Frame{1920, 1080}})
		}, flowtest.Bytes{Color: true}},
	} {
		t.Run(name, func(t *testing.T) { flowtest.Encoder(t, tc.enc, tc.allow) })
	}
}
