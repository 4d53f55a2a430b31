package format

import (
	"bytes"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
)

// members are the top-level members of an event that csv and text know by name,
// as sent; nil if missing. They are valid as long as the event.
type members struct {
	systemTime, mediaTime                []byte
	class, area, tripwire                []byte
	direction, duration                  []byte
	confidence, detection, location      []byte
	eventID, refEvent, trackID, refTrack []byte
	image                                []byte
}

// load finds the members of an event in one pass over its index, which costs a
// third of as many look-ups.
func (m *members) load(ev *event.Event) {
	*m = members{}
	ev.EachMember(m.add)
}

// add keeps the first of several members of one name, as look-ups do.
func (m *members) add(name, raw []byte) (more bool) {
	v := m.find(name)
	if v == nil && bytes.IndexByte(name, '\\') >= 0 {
		v = m.find(jsonraw.AppendUnescaped(nil, name))
	}
	if v != nil && *v == nil {
		*v = raw
	}
	return true
}

// find returns where the value of a name belongs, or nil if it is not known.
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
	}
	return nil
}

// millis returns the event's time in Unix milliseconds. A plain number of
// milliseconds, which is what servers send, is read here: that costs a tenth of
// Event.Time.
func (m *members) millis(ev *event.Event) (ms int64, ok bool) {
	raw := m.systemTime
	for _, c := range raw {
		if c-'0' > 9 || len(raw) > 14 {
			raw = nil
			break
		}
		ms = ms*10 + int64(c-'0')
	}
	if len(raw) > 0 {
		return ms, true
	}
	t, ok := ev.Time()
	return t.UnixMilli(), ok
}

// classOf returns the object's class as sent, or nil. A crop without one has
// that of its event.
func (m *members) classOf(ev *event.Event) []byte {
	return first(m.class, member(ev.Ref, "object_class"))
}

// placeOf returns the name of the area, else of the tripwire, as sent, or nil. A
// crop without one has that of its event, and a stored row its trigger_name.
func (m *members) placeOf(ev *event.Event) []byte {
	place := first(m.area, m.tripwire, member(ev.Ref, "area_name"), member(ev.Ref, "tripwire_name"))
	if place == nil && ev.Stored {
		place = first(member(ev, "trigger_name"))
	}
	return place
}

// member returns a member as sent, or nil. ev may be nil.
func member(ev *event.Event, name string) []byte {
	if ev == nil {
		return nil
	}
	raw, _ := ev.Member(name)
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
