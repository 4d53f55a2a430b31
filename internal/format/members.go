package format

import (
	"bytes"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
)

// key identifies a top-level member that an encoder knows by name.
type key uint8

const (
	unknown key = iota
	hidden      // known, and never shown in text
	systemTime
	class
	area
	tripwire
	trigger // of a stored row: the area or the tripwire
	direction
	duration
	confidence
	detection
	location
	eventID
	refEvent
	trackID
	refTrack
	mediaTime
	image
	targets
	attrName // from here on only text of one type's events knows them
	attrValue
	moving
	age
	fps
	sourceFPS
	latency
	queue
	dropped
	health // of statistics, and not shown
	keys
)

// keyOf returns the key of a member's name.
func keyOf(name []byte) key {
	switch string(name) {
	case "system_timestamp":
		return systemTime
	case "object_class":
		return class
	case "area_name":
		return area
	case "tripwire_name":
		return tripwire
	case "crossing_direction":
		return direction
	case "event_duration_ms":
		return duration
	case "confidence":
		return confidence
	case "detection_confidence":
		return detection
	case "location":
		return location
	case "event_id":
		return eventID
	case "ref_event_id":
		return refEvent
	case "tracking_id":
		return trackID
	case "ref_tracking_id":
		return refTrack
	case "event_timestamp_ms":
		return mediaTime
	case "name":
		return attrName
	case "value":
		return attrValue
	case "is_moving":
		return moving
	case "age_ms":
		return age
	case "image":
		return image
	case "targets":
		return targets
	case "current_framerate":
		return fps
	case "source_framerate":
		return sourceFPS
	case "latency":
		return latency
	case "input_queue_size":
		return queue
	case "dropped_frames_count":
		return dropped
	case "$id", "$version", "instance_id", "area_id", "tripwire_id", "system_datetime", "crop_timestamp_ms", "events":
		return hidden
	case "frames_processed", "start_time", "resolution", "format", "source_resolution":
		return health
	}
	return unknown
}

// members are the values of one event that an encoder knows, found in one pass
// over the event's index: a third of the cost of fifteen look-ups. They are
// valid as long as the event.
type members struct {
	raw    [keys][]byte // values as sent; nil if missing
	others int          // members of unknown names
	name   []byte       // scratch for a name with escapes
	stored bool         // the event is a row of the server's database
}

func (m *members) load(ev *event.Event) {
	clear(m.raw[:])
	m.others, m.stored = 0, ev.Stored
	ev.EachMember(m.add)
}

// add keeps the first of several members of one name, as look-ups do.
func (m *members) add(name, raw []byte) (more bool) {
	k := m.keyOf(name)
	if k == unknown && bytes.IndexByte(name, '\\') >= 0 {
		m.name = jsonraw.AppendUnescaped(reuse(m.name), name)
		k = m.keyOf(m.name)
	}
	if k == unknown {
		m.others++
	} else if m.raw[k] == nil {
		m.raw[k] = raw
	}
	return true
}

// keyOf returns the key of a member's name. Rows of the database have some names
// of their own.
func (m *members) keyOf(name []byte) key {
	k := keyOf(name)
	if k == unknown && m.stored {
		switch string(name) {
		case "trigger_name":
			return trigger
		case "event_type", "id":
			return hidden
		}
	}
	return k
}

// millis returns the event's time in Unix milliseconds. A plain number of
// milliseconds, which is what servers send, is read here: that costs a tenth of
// looking system_timestamp up again.
func (m *members) millis(ev *event.Event) (ms int64, ok bool) {
	raw := m.raw[systemTime]
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

// first returns the first of two members that is present, or nil.
func (m *members) first(a, b key) []byte {
	if present(m.raw[a]) {
		return m.raw[a]
	}
	if present(m.raw[b]) {
		return m.raw[b]
	}
	return nil
}

// own returns first of the event itself, else of the one that a crop belongs to.
func (m *members) own(ev *event.Event, a, b key, names ...string) []byte {
	if raw := m.first(a, b); raw != nil || ev.Ref == nil {
		return raw
	}
	for _, name := range names {
		if raw, ok := ev.Ref.Member(name); ok && present(raw) {
			return raw
		}
	}
	return nil
}

// class returns the object's class as sent, or nil.
func (m *members) class(ev *event.Event) []byte { return m.own(ev, class, class, "object_class") }

// place returns the name of the area, else of the tripwire, as sent, or nil.
func (m *members) place(ev *event.Event) []byte {
	if raw := m.own(ev, area, tripwire, "area_name", "tripwire_name"); raw != nil {
		return raw
	}
	return m.first(trigger, trigger)
}
