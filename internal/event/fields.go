package event

import (
	"math"
	"slices"
	"time"

	"github.com/rtev/rtev/internal/jsonraw"
	"github.com/tidwall/gjson"
)

// Field is a computed field, one that is not a member of the payload.
type Field struct {
	Name    string
	Meaning string // a phrase for help and completion

	of func(*Event) gjson.Result
}

// fields are the computed fields. To add one, add a row.
var fields = []Field{
	{"_time", "system_timestamp, else system_datetime, as RFC 3339 in UTC with milliseconds", timeOf},
	{"_type", "the event's type", func(e *Event) gjson.Result { return textResult(e.Type) }},
	{"_instance", "the instance's display name", instanceOf},
	{"_place", "area_name, else tripwire_name, else a stored row's trigger_name", placeOf},
	{"_class", "object_class", func(e *Event) gjson.Result { return e.firstOrRef("object_class", "object_class") }},
	{"_confidence", "confidence, else detection_confidence", func(e *Event) gjson.Result { return e.first("confidence", "detection_confidence") }},
	{"_event", "event_id, else ref_event_id", func(e *Event) gjson.Result { return e.first("event_id", "ref_event_id") }},
	{"_track", "tracking_id, else ref_tracking_id", func(e *Event) gjson.Result { return e.first("tracking_id", "ref_tracking_id") }},
	{"_delay_ms", "time of receipt minus _time, in ms", delayOf},
	{"_stored", "true for an event from the server's database, else false", storedOf},
	{"_ref", "in crops: the event or track the picture belongs to (_ref.area_name)", refOf},
}

// Fields returns the computed fields.
func Fields() []Field { return slices.Clone(fields) }

// Number returns r as a number: a JSON number, or a string that holds one. Some
// servers send numbers as strings.
func Number(r gjson.Result) (n float64, ok bool) {
	switch r.Type {
	case gjson.Number:
		return r.Num, true
	case gjson.String:
		n, ok = jsonraw.ParseFloat(r.Str)
		return n, ok && !math.IsInf(n, 0)
	}
	return 0, false
}

// Time returns the time of the event by the server's clock, in UTC, and whether
// the payload has one: system_timestamp, else system_datetime.
func (e *Event) Time() (t time.Time, ok bool) {
	for _, name := range [...]string{"system_timestamp", "system_datetime"} {
		if value, found := e.Member(name); found {
			if t, ok = parseTime(value); ok {
				return t, true
			}
		}
	}
	return time.Time{}, false
}

// Unix times from this value on are microseconds: as milliseconds they would be
// after the year 5138, as microseconds they are after March 1973.
const microseconds = 1e14

// maxMillis is the end of the year 9999.
const maxMillis = 253402300799999

// layouts are the forms of a time as text. A fraction of a second may follow the
// seconds; without a zone it is UTC.
var layouts = [...]string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", time.DateTime}

// parseTime reads a time: a number, or a string that holds one, of Unix
// milliseconds or microseconds; or text.
func parseTime(value []byte) (t time.Time, ok bool) {
	if n, ok := jsonraw.Number(value); ok {
		if math.Abs(n) >= microseconds {
			n = math.Floor(n / 1000)
		}
		return time.UnixMilli(int64(n)).UTC(), math.Abs(n) <= maxMillis
	}
	if len(value) < len(time.DateTime) || value[0] != '"' {
		return time.Time{}, false
	}
	var scratch []byte
	text := view(jsonraw.Text(value, &scratch))
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

func timeOf(e *Event) gjson.Result {
	t, ok := e.Time()
	if !ok {
		return gjson.Result{}
	}
	e.time = t.AppendFormat(e.time[:0], "2006-01-02T15:04:05.000Z07:00")
	return textResult(view(e.time))
}

func instanceOf(e *Event) gjson.Result {
	if e.Instance == nil {
		return gjson.Result{}
	}
	return textResult(e.Instance.Name)
}

func delayOf(e *Event) gjson.Result {
	t, ok := e.Time()
	if !ok || e.Received.IsZero() {
		return gjson.Result{}
	}
	return gjson.Result{Type: gjson.Number, Num: float64(e.Received.Sub(t).Microseconds()) / 1000}
}

func refOf(e *Event) gjson.Result {
	if e.Ref == nil {
		return gjson.Result{}
	}
	return gjson.Result{Type: gjson.JSON, Raw: view(e.Ref.Payload)}
}

// first returns member a, or b if a is missing, null or "".
func (e *Event) first(a, b string) gjson.Result {
	for _, name := range [...]string{a, b} {
		if value, ok := e.Member(name); ok && string(value) != "null" && string(value) != `""` {
			return parse(view(value))
		}
	}
	return gjson.Result{}
}

// firstOrRef is like first, but if the event has no such member it looks in the
// event that a crop belongs to.
func (e *Event) firstOrRef(a, b string) gjson.Result {
	r := e.first(a, b)
	if !r.Exists() && e.Ref != nil {
		return e.Ref.first(a, b)
	}
	return r
}

// textResult returns s as a result with an empty Raw, as it is not in the payload.
func textResult(s string) gjson.Result { return gjson.Result{Type: gjson.String, Str: s} }

// placeOf returns where the event happened. Rows of the database have only a
// trigger_name.
func placeOf(e *Event) gjson.Result {
	if r := e.firstOrRef("area_name", "tripwire_name"); r.Exists() || !e.Stored {
		return r
	}
	return e.first("trigger_name", "")
}

func storedOf(e *Event) gjson.Result {
	if e.Stored {
		return gjson.Result{Type: gjson.True, Raw: "true"}
	}
	return gjson.Result{Type: gjson.False, Raw: "false"}
}
