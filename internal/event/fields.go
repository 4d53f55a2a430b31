package event

import (
	"math"
	"strconv"
	"time"

	"github.com/rtev/rtev/internal/jsonraw"
	"github.com/tidwall/gjson"
)

// Field is a computed field, one that is not a member of the payload.
type Field struct {
	Name    string
	Meaning string // a phrase for completion

	of func(*Event) gjson.Result
}

// fields are the computed fields. To add one, add a row.
var fields = []Field{
	{"_time", "system_timestamp, else system_datetime, as RFC 3339 in UTC with milliseconds", timeOf},
	{"_type", "the event's type", func(e *Event) gjson.Result { return textResult(e.Type) }},
	{"_instance", "the instance's display name", instanceOf},
	{"_place", "area_name, else tripwire_name, else a stored row's trigger_name", placeOf},
	{"_class", "object_class", classOf},
	{"_confidence", "confidence, else detection_confidence", anyOf("confidence", "detection_confidence")},
	{"_event", "event_id, else ref_event_id", anyOf("event_id", "ref_event_id")},
	{"_track", "tracking_id, else ref_tracking_id", anyOf("tracking_id", "ref_tracking_id")},
	{"_delay_ms", "time of receipt minus _time, in ms", delayOf},
	{"_stored", "true for an event from the server's database, else false", storedOf},
	{"_ref", "in crops: the event or track the picture belongs to (_ref.area_name)", refOf},
}

// Fields returns the computed fields, which callers must not change.
func Fields() []Field { return fields }

// Number returns a JSON number, or the one that a string holds, as of some servers.
func Number(r gjson.Result) (n float64, ok bool) {
	if r.Raw == "" { // a computed field
		return r.Num, r.Type == gjson.Number
	}
	return jsonraw.Number(bytesOf(r.Raw))
}

// Time returns the time of the event by the server's clock, in UTC, and whether
// the payload has one: system_timestamp, else system_datetime.
func (e *Event) Time() (t time.Time, ok bool) {
	value, _ := e.Member("system_timestamp")
	if t, ok = parseTime(value); !ok {
		value, _ = e.Member("system_datetime")
		t, ok = parseTime(value)
	}
	return t, ok
}

// parseTime reads a time: a number, or a string that holds one, of Unix
// milliseconds or microseconds; or text, in UTC if it has no zone. Parse accepts
// fractions of a second, too.
func parseTime(value []byte) (t time.Time, ok bool) {
	if n, ok := jsonraw.Number(value); ok {
		if math.Abs(n) >= 1e14 { // microseconds: milliseconds would be after the year 5138
			n = math.Floor(n / 1000)
		}
		const maxMillis = 253402300799999 // the end of the year 9999
		return time.UnixMilli(int64(n)).UTC(), math.Abs(n) <= maxMillis
	}
	if len(value) < len(time.DateTime) || value[0] != '"' {
		return time.Time{}, false
	}
	var scratch []byte
	text := view(jsonraw.Text(value, &scratch))
	layouts := [...]string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00", time.DateTime}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

func timeOf(e *Event) (r gjson.Result) {
	if t, ok := e.Time(); ok {
		e.time = t.AppendFormat(e.time[:0], "2006-01-02T15:04:05.000Z07:00")
		r = textResult(view(e.time))
	}
	return r
}

func instanceOf(e *Event) (r gjson.Result) {
	if e.Instance != nil {
		r = textResult(e.Instance.Name)
	}
	return r
}

func delayOf(e *Event) (r gjson.Result) {
	if t, ok := e.Time(); ok && !e.Received.IsZero() {
		r = gjson.Result{Type: gjson.Number, Num: float64(e.Received.Sub(t).Microseconds()) / 1000}
	}
	return r
}

func refOf(e *Event) (r gjson.Result) {
	if e.Ref != nil {
		r = gjson.Result{Type: gjson.JSON, Raw: view(e.Ref.Payload)}
	}
	return r
}

func storedOf(e *Event) gjson.Result { return gjson.Parse(strconv.FormatBool(e.Stored)) }

// classOf returns the object's class. A crop has that of its event.
func classOf(e *Event) gjson.Result {
	r := e.first("object_class")
	if !r.Exists() && e.Ref != nil {
		return classOf(e.Ref)
	}
	return r
}

// placeOf returns where the event happened. Rows of the database have only a
// trigger_name, and a crop has the place of its event.
func placeOf(e *Event) gjson.Result {
	r := e.first("area_name", "tripwire_name")
	if !r.Exists() && e.Stored {
		r = e.first("trigger_name")
	}
	if !r.Exists() && e.Ref != nil {
		return placeOf(e.Ref)
	}
	return r
}

// first returns the first of these members that is there and neither null nor "".
func (e *Event) first(names ...string) gjson.Result {
	for _, name := range names {
		if value, ok := e.Member(name); ok && string(value) != "null" && string(value) != `""` {
			return gjson.Parse(view(value))
		}
	}
	return gjson.Result{}
}

func anyOf(names ...string) func(*Event) gjson.Result {
	return func(e *Event) gjson.Result { return e.first(names...) }
}

// textResult returns s as a result with an empty Raw, as it is not in the payload.
func textResult(s string) gjson.Result { return gjson.Result{Type: gjson.String, Str: s} }
