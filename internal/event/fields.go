package event

import (
	"math"
	"time"

	"github.com/rtev/rtev/internal/jsonraw"
	"github.com/tidwall/gjson"
)

// field computes a field that no payload holds as such.
type field func(*Event) gjson.Result

// fields are the computed fields by name; Fields tells what each means.
var fields = map[string]field{
	"_time":     timeField,
	"_type":     func(e *Event) gjson.Result { return text(e.Type) },
	"_instance": instanceField,
	"_place":    func(e *Event) gjson.Result { return e.own("area_name", "tripwire_name") },
	"_class":    func(e *Event) gjson.Result { return e.own("object_class") },
	"_event":    func(e *Event) gjson.Result { return e.first("event_id", "ref_event_id") },
	"_track":    func(e *Event) gjson.Result { return e.first("tracking_id", "ref_tracking_id") },
	"_delay_ms": delayField,
}

// Field is a computed field's name and meaning, for help and completion.
type Field struct{ Name, Meaning string }

// Fields lists the computed fields.
func Fields() []Field {
	return []Field{
		{"_time", "system_timestamp as RFC 3339 in UTC with milliseconds"},
		{"_type", "the event's type"},
		{"_instance", "the instance's display name"},
		{"_place", "area_name, else tripwire_name"},
		{"_class", "object_class"},
		{"_event", "event_id, else ref_event_id"},
		{"_track", "tracking_id, else ref_tracking_id"},
		{"_delay_ms", "received here minus system_timestamp, in ms"},
		{"_ref", "in crops: the event or track the picture belongs to (_ref.area_name)"},
	}
}

// Time is the server's wall clock of the event (system_timestamp, Unix ms, a
// number or a numeric string), and whether the payload holds one.
func (e *Event) Time() (time.Time, bool) {
	ms, ok := Number(e.member("system_timestamp"))
	if !ok || math.Abs(ms) > 253402300799999 { // the end of the year 9999
		return time.Time{}, false
	}
	return time.UnixMilli(int64(ms)).UTC(), true
}

// Number is r as a number: a JSON number, or a string that holds one, as the
// older servers send them. Not a number: ok is false.
func Number(r gjson.Result) (n float64, ok bool) {
	switch r.Type {
	case gjson.Number:
		return r.Num, true
	case gjson.String:
		n, ok := jsonraw.Float(bytesOf(r.Str))
		return n, ok && !math.IsInf(n, 0)
	}
	return 0, false
}

func timeField(e *Event) gjson.Result {
	t, ok := e.Time()
	if !ok {
		return gjson.Result{}
	}
	e.time = t.AppendFormat(e.time[:0], "2006-01-02T15:04:05.000Z07:00")
	return text(view(e.time))
}

func instanceField(e *Event) gjson.Result {
	if e.Instance == nil {
		return gjson.Result{}
	}
	return text(e.Instance.Name)
}

func delayField(e *Event) gjson.Result {
	t, ok := e.Time()
	if !ok || e.Received.IsZero() {
		return gjson.Result{}
	}
	return gjson.Result{Type: gjson.Number, Num: float64(e.Received.Sub(t).Microseconds()) / 1000}
}

// first returns the first of the named members that is there and not empty.
func (e *Event) first(names ...string) gjson.Result {
	for _, name := range names {
		if r := e.member(name); r.Type != gjson.Null && r.String() != "" {
			return r
		}
	}
	return gjson.Result{}
}

// own is first in the event itself, else in the one that a crop belongs to.
func (e *Event) own(names ...string) gjson.Result {
	r := e.first(names...)
	if !r.Exists() && e.Ref != nil {
		return e.Ref.first(names...)
	}
	return r
}

// text is s as a result. Raw stays empty: the field stands in no payload.
func text(s string) gjson.Result {
	return gjson.Result{Type: gjson.String, Str: s}
}
