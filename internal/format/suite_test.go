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
	full := Frame{1920, 1080}
	raw, quoted := flowtest.Bytes{Raw: true}, flowtest.Bytes{Raw: true, Quoted: true}
	for name, o := range map[string]NDJSONOptions{
		"ndjson":         {},
		"ndjson changed": {NoImage: true, Frame: full},
		"ndjson columns": {Columns: some},
	} {
		t.Run(name, func(t *testing.T) {
			flowtest.Encoder(t, func() flowtest.LineEncoder { return NewNDJSON(o) }, raw)
			o.Terminal = true
			flowtest.Encoder(t, func() flowtest.LineEncoder { return NewNDJSON(o) }, flowtest.Bytes{})
		})
	}
	for name, o := range map[string]CSVOptions{
		"csv":         {},
		"csv columns": {Columns: some},
		"csv frame":   {NoHeader: true, Frame: full},
	} {
		t.Run(name, func(t *testing.T) {
			flowtest.Encoder(t, func() flowtest.LineEncoder { return NewCSV(o) }, quoted)
			o.Terminal = true
			flowtest.Encoder(t, func() flowtest.LineEncoder { return NewCSV(o) }, flowtest.Bytes{})
		})
	}
	t.Run("template", func(t *testing.T) {
		parsed := template(t, "{_time} {type}: {location} {image}")
		flowtest.Encoder(t, func() flowtest.LineEncoder { return parsed.NewEncoder() }, flowtest.Bytes{})
	})
	for name, o := range map[string]TextOptions{
		"text":        {Zone: time.UTC},
		"text narrow": {Width: wide(20), Time: Off},
		"text delta":  {Width: wide(80), Sources: names, Time: Delta},
		"text colour": {Color: true, Width: wide(140), Sources: names, Time: RFC3339, Frame: full},
	} {
		t.Run(name, func(t *testing.T) {
			flowtest.Encoder(t, func() flowtest.LineEncoder { return NewText(o) }, flowtest.Bytes{Color: o.Color})
		})
	}
}
