package format

import (
	"bytes"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
)

// values are the top-level members of an event that encoders know by name, as
// sent; nil if missing. They are valid as long as the event.
type values struct {
	systemTime, mediaTime                                []byte
	class, area, tripwire, trigger                       []byte // trigger: a stored row's area or tripwire
	direction, duration, confidence, detection, location []byte
	eventID, refEvent, trackID, refTrack                 []byte
	image, targets                                       []byte
	hidden                                               []byte // never shown in text

	// Members that have a meaning in tracks, attributes and statistics only.
	attrName, attrValue, moving, age        []byte
	fps, sourceFPS, latency, queue, dropped []byte
}

// members finds values in one pass over the index of an event: a third of the
// cost of fifteen look-ups.
type members struct {
	values
	others int    // members of other names
	name   []byte // scratch for a name with escapes
	low    bool   // the event is a track, an attribute or statistics
	stored bool   // the event is a row of the server's database
}

// load finds the values of an event. low is set for tracks, attributes and
// statistics.
func (m *members) load(ev *event.Event, low bool) {
	m.values, m.others = values{}, 0
	m.low, m.stored = low, ev.Stored
	ev.EachMember(m.add)
}

// add keeps the first of several members of one name, as look-ups do.
func (m *members) add(name, raw []byte) (more bool) {
	v := m.find(name)
	if v == nil && bytes.IndexByte(name, '\\') >= 0 {
		m.name = jsonraw.AppendUnescaped(reuse(m.name), name)
		v = m.find(m.name)
	}
	if v == nil {
		m.others++
	} else if *v == nil {
		*v = raw
	}
	return true
}

// find returns where the value of a name belongs, or nil if encoders do not know
// the name.
func (m *members) find(name []byte) *[]byte {
	switch string(name) {
	case "system_timestamp":
		return &m.systemTime
	case "event_timestamp_ms":
		return &m.mediaTime
	case "object_class":
		return &m.class
	case "area_name":
		return &m.area
	case "tripwire_name":
		return &m.tripwire
	case "crossing_direction":
		return &m.direction
	case "event_duration_ms":
		return &m.duration
	case "confidence":
		return &m.confidence
	case "detection_confidence":
		return &m.detection
	case "location":
		return &m.location
	case "event_id":
		return &m.eventID
	case "ref_event_id":
		return &m.refEvent
	case "tracking_id":
		return &m.trackID
	case "ref_tracking_id":
		return &m.refTrack
	case "image":
		return &m.image
	case "targets":
		return &m.targets
	case "$id", "$version", "instance_id", "area_id", "tripwire_id", "system_datetime", "crop_timestamp_ms", "events":
		return &m.hidden
	}
	switch {
	case m.low:
		return m.findLow(name)
	case m.stored && string(name) == "trigger_name":
		return &m.trigger
	case m.stored && (string(name) == "event_type" || string(name) == "id"):
		return &m.hidden
	}
	return nil
}

// findLow is find for names that only tracks, attributes and statistics use.
func (m *members) findLow(name []byte) *[]byte {
	switch string(name) {
	case "name":
		return &m.attrName
	case "value":
		return &m.attrValue
	case "is_moving":
		return &m.moving
	case "age_ms":
		return &m.age
	case "current_framerate":
		return &m.fps
	case "source_framerate":
		return &m.sourceFPS
	case "latency":
		return &m.latency
	case "input_queue_size":
		return &m.queue
	case "dropped_frames_count":
		return &m.dropped
	case "frames_processed", "start_time", "resolution", "format", "source_resolution":
		return &m.hidden
	}
	return nil
}

// millis returns the event's time in Unix milliseconds. A plain number of
// milliseconds, which is what servers send, is read here: that costs a tenth of
// looking system_timestamp up again.
func (m *members) millis(ev *event.Event) (ms int64, ok bool) {
	raw := m.systemTime
	for _, c := range raw {
		if c-'0' > 9 || len(raw) > 14 {
			raw = nil
			break
		}
		ms = ms*10 + int64(c-'0')
	}
	if len(raw) == 0 {
		t, ok := ev.Time()
		return t.UnixMilli(), ok
	}
	return ms, true
}

// classOf returns the object's class as sent, or nil. A crop without one has
// that of its event.
func (m *members) classOf(ev *event.Event) []byte { return first(m.class, ofRef(ev, "object_class")) }

// placeOf returns the name of the area, else of the tripwire, as sent, or nil. A
// crop without one has that of its event.
func (m *members) placeOf(ev *event.Event) []byte {
	return first(m.area, m.tripwire, ofRef(ev, "area_name"), ofRef(ev, "tripwire_name"), m.trigger)
}

func ofRef(ev *event.Event, name string) []byte {
	if ev.Ref == nil {
		return nil
	}
	raw, _ := ev.Ref.Member(name)
	return raw
}

// first returns the first value that is present, or nil.
func first(values ...[]byte) []byte {
	for _, raw := range values {
		if present(raw) {
			return raw
		}
	}
	return nil
}

// present reports whether a value is there and neither null nor "".
func present(raw []byte) bool {
	return len(raw) > 0 && raw[0] != 'n' && string(raw) != `""`
}

func isString(raw []byte) bool { return len(raw) > 0 && raw[0] == '"' }

// imageSize returns how many bytes a base64 image decodes to, from the length of
// its text: perhaps with a "data:…;base64," prefix, padding and white space.
// Values that are not strings have no size.
func imageSize(raw []byte, scratch *[]byte) (size int, ok bool) {
	if !isString(raw) {
		return 0, false
	}
	s := jsonraw.Text(raw, scratch)
	if len(s) >= 5 && bytes.EqualFold(s[:5], []byte("data:")) {
		s = s[bytes.IndexByte(s, ',')+1:]
	}
	s = bytes.TrimRight(s, "= \r\n\t")
	n := len(s) - bytes.Count(s, []byte(" "))
	if len(s)+2 < len(raw) && bytes.IndexByte(raw, '\\') >= 0 { // other white space needs an escape
		n -= bytes.Count(s, []byte("\n")) + bytes.Count(s, []byte("\r")) + bytes.Count(s, []byte("\t"))
	}
	return n * 6 / 8, true
}
