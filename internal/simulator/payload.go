package simulator

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// object is a JSON object. It is encoded with sorted names, as real servers
// send them.
type object = map[string]any

// item is one event as the server sends it.
type item struct {
	typ      string
	payload  []byte        // one JSON object
	at       time.Duration // when it is due, counted from the instance's start
	sent     time.Time     // if not zero, the wall-clock time to put into a made-up payload
	instance string        // of a recorded event; "" if it names none
}

// append appends the payload.
func (it item) append(dst []byte) []byte {
	if it.sent.IsZero() {
		return append(dst, it.payload...)
	}
	return appendTimed(dst, it.payload, it.sent)
}

func newItem(typ string, payload object, at time.Duration) item {
	return item{typ: typ, payload: marshal(payload), at: at}
}

// payload returns the payload of an entry that is sent at a time. The shapes
// follow the vendor's documentation and captures.
func (s *scene) payload(e entry, at time.Time) object {
	o := object{
		"$id": e.typ, "$version": 1, "instance_id": s.instance.ID,
		"system_datetime": at.UTC().Format("2006-01-02T15:04:05Z"), "system_timestamp": at.UnixMilli(),
	}
	if e.typ == "statistics" {
		s.addStatistics(o, e)
		return o
	}
	o["event_timestamp_ms"] = mediaAtStart + e.media
	v := e.visit
	switch e.typ {
	case "track":
		o["is_moving"] = 0
		if _, _, moving := v.feet(e.media); moving {
			o["is_moving"] = 1
		}
		o["age_ms"] = e.media - v.events[0].at + heldTracks*trackEvery
		o["detection_confidence"] = double(0.75 + 0.2*s.rng.Float64())
		var events []string
		for _, h := range v.events {
			if h.at <= e.at {
				events = append(events, h.id)
			}
		}
		o["events"], o["location"] = events, s.box(v, e.media)
		o["object_class"], o["tracking_id"] = v.look.class, v.track
	case "crop":
		o["event_timestamp_ms"], o["crop_timestamp_ms"] = mediaAtStart+e.event.at, mediaAtStart+e.at
		o["confidence"] = double(0.7 + 0.29*s.rng.Float64())
		o["image"] = v.look.image(s.rng, s.large)
		o["location"] = s.box(v, e.media)
		o["ref_event_id"], o["ref_tracking_id"] = e.event.id, v.track
	case "attribute":
		pair := v.look.attributes[e.count%len(v.look.attributes)]
		o["name"], o["value"], o["ref_tracking_id"] = pair[0], pair[1], v.track
	default:
		s.addEvent(o, e)
	}
	return o
}

func (s *scene) addStatistics(o object, e entry) {
	dropped := e.at / 30_000
	o["frames_processed"], o["dropped_frames_count"] = e.at*25/1000-dropped, dropped
	o["current_framerate"], o["source_framerate"] = double(24.2+s.rng.Float64()), double(25)
	o["latency"], o["input_queue_size"] = double(30+25*s.rng.Float64()), s.rng.IntN(3)
	o["start_time"], o["format"] = s.base.Unix(), "BGR"
	o["resolution"], o["source_resolution"] = "1280x720", "1920x1080"
}

// addEvent adds what an event-* record has, by its type.
func (s *scene) addEvent(o object, e entry) {
	v := e.visit
	o["event_id"] = e.event.id
	if strings.HasSuffix(e.typ, "-end") {
		o["event_duration_ms"] = e.at - e.event.at
	}
	if e.typ != "event-status-changed" {
		if in := s.instance; e.place == wire {
			o["tripwire_id"], o["tripwire_name"] = in.placeID(wire), in.Tripwire
		} else {
			o["area_id"], o["area_name"] = in.placeID(e.place), in.Areas[e.place-area]
		}
	}
	switch {
	case e.typ == "event-crowd-detection":
		o["targets"] = s.targets(e)
	case e.typ == "event-object-left-removed":
		o["object_class"], o["location"] = "Unknown", s.box(v, e.media)
	case hasObject(e.typ):
		o["object_class"], o["ref_tracking_id"], o["location"] = v.look.class, v.track, s.box(v, e.media)
	}
	if e.event.direction != "" {
		o["crossing_direction"] = e.event.direction
	}
}

// targets returns the objects of a crowd: those that still have to leave the
// area, by the pending ends of their intrusions.
func (s *scene) targets(crowd entry) []object {
	var list []object
	for _, e := range s.pending {
		if e.typ == "event-intrusion-end" && e.event.at <= crowd.at {
			list = append(list, object{
				"location": s.box(e.visit, crowd.media), "object_class": e.visit.look.class, "ref_tracking_id": e.visit.track,
			})
		}
	}
	return list
}

// box returns the box around an actor: larger when nearer, and never still.
func (s *scene) box(v *visit, at int64) object {
	x, y, _ := v.feet(at)
	h := 0.08 + 0.2*y
	w := h * 0.3
	if v.look != nil && v.look.class != "Person" {
		w, h = h*0.8, h*0.6
	}
	shake := func() float64 { return (s.rng.Float64() - 0.5) * 0.004 }
	clip := func(f float64) float64 { return min(max(f, 0), 1) }
	left, top := clip(x-w/2+shake()), clip(y-h+shake())
	return object{"x": double(left), "y": double(top), "width": double(min(w, 1-left)), "height": double(min(h, 1-top))}
}

// double is a number as real servers print it: a float32 widened, with all
// its digits (0.21199999749660492), and never without a point.
type double float64

// MarshalJSON returns the shortest text that reads back as the widened number.
func (d double) MarshalJSON() ([]byte, error) {
	f := float64(float32(d))
	text := strconv.AppendFloat(nil, f, 'f', -1, 64)
	if f == math.Trunc(f) {
		text = append(text, ".0"...)
	}
	return text, nil
}

// marshal returns v as one line of JSON, with < > & as they are. It is only
// called with values that can be encoded.
func marshal(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("simulator: payload: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// appendTimed appends a made-up payload with its wall-clock times replaced.
// The two times are neighbours of a fixed width.
func appendTimed(dst, payload []byte, at time.Time) []byte {
	i := bytes.LastIndex(payload, []byte(`"system_datetime":"`))
	dst = append(dst, payload...)
	times := dst[len(dst)-len(payload)+i:]
	text := at.UTC().AppendFormat(make([]byte, 0, 80), `"system_datetime":"2006-01-02T15:04:05Z","system_timestamp":`)
	copy(times, strconv.AppendInt(text, at.UnixMilli(), 10))
	return dst
}
