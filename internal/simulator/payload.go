package simulator

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// item is one event as the server would send it.
type item struct {
	typ     string
	payload []byte        // one JSON object; a crop's without its image
	image   string        // base64, shared by many crops
	cut     int           // where in payload the image belongs
	at      time.Duration // when it is due, counted from the instance's start
}

// append appends the whole payload.
func (it item) append(dst []byte) []byte {
	if it.image == "" {
		return append(dst, it.payload...)
	}
	dst = append(dst, it.payload[:it.cut]...)
	dst = append(dst, it.image...)
	return append(dst, it.payload[it.cut:]...)
}

// The payloads, with their keys in alphabetical order as real servers have
// them. The samples that they follow are vendor documentation and captures.

type (
	stamp struct {
		Datetime  string `json:"system_datetime"`
		Timestamp int64  `json:"system_timestamp"`
	}
	box struct {
		Height double `json:"height"`
		Width  double `json:"width"`
		X      double `json:"x"`
		Y      double `json:"y"`
	}
	trackPayload struct {
		ID         string   `json:"$id"`
		Version    int      `json:"$version"`
		Age        int64    `json:"age_ms"`
		Confidence double   `json:"detection_confidence"`
		Media      int64    `json:"event_timestamp_ms"`
		Events     []string `json:"events"`
		Instance   string   `json:"instance_id"`
		Moving     int      `json:"is_moving"`
		Location   box      `json:"location"`
		Class      string   `json:"object_class"`
		stamp
		Track string `json:"tracking_id"`
	}
	eventPayload struct {
		ID        string `json:"$id"`
		Version   int    `json:"$version"`
		AreaID    string `json:"area_id,omitempty"`
		AreaName  string `json:"area_name,omitempty"`
		Direction string `json:"crossing_direction,omitempty"`
		Duration  *int64 `json:"event_duration_ms,omitempty"`
		Event     string `json:"event_id"`
		Media     int64  `json:"event_timestamp_ms"`
		Instance  string `json:"instance_id"`
		Location  *box   `json:"location,omitempty"`
		Class     string `json:"object_class,omitempty"`
		Track     string `json:"ref_tracking_id,omitempty"`
		stamp
		Targets      []target `json:"targets,omitempty"`
		TripwireID   string   `json:"tripwire_id,omitempty"`
		TripwireName string   `json:"tripwire_name,omitempty"`
	}
	target struct {
		Location box    `json:"location"`
		Class    string `json:"object_class"`
		Track    string `json:"ref_tracking_id"`
	}
	cropPayload struct {
		ID         string `json:"$id"`
		Version    int    `json:"$version"`
		Confidence double `json:"confidence"`
		Taken      int64  `json:"crop_timestamp_ms"`
		Media      int64  `json:"event_timestamp_ms"`
		Image      string `json:"image"`
		Instance   string `json:"instance_id"`
		Location   box    `json:"location"`
		Event      string `json:"ref_event_id"`
		Track      string `json:"ref_tracking_id"`
		stamp
	}
	attributePayload struct {
		ID       string `json:"$id"`
		Version  int    `json:"$version"`
		Media    int64  `json:"event_timestamp_ms"`
		Instance string `json:"instance_id"`
		Name     string `json:"name"`
		Track    string `json:"ref_tracking_id"`
		stamp
		Value string `json:"value"`
	}
	statisticsPayload struct {
		ID        string `json:"$id"`
		Version   int    `json:"$version"`
		Framerate double `json:"current_framerate"`
		Dropped   int64  `json:"dropped_frames_count"`
		Format    string `json:"format"`
		Frames    int64  `json:"frames_processed"`
		Queue     int    `json:"input_queue_size"`
		Instance  string `json:"instance_id"`
		Latency   double `json:"latency"`
		Size      string `json:"resolution"`
		Source    double `json:"source_framerate"`
		SourceRes string `json:"source_resolution"`
		Started   int64  `json:"start_time"`
		stamp
	}
)

// double is a number as real servers print it: a float32 widened, with all
// its noise (0.21199999749660492), and never without a point.
type double float64

// MarshalJSON is the shortest text that reads back as the widened number.
func (d double) MarshalJSON() ([]byte, error) {
	f := float64(float32(d))
	text := strconv.AppendFloat(nil, f, 'f', -1, 64)
	if f == math.Trunc(f) {
		text = append(text, ".0"...)
	}
	return text, nil
}

// wall is the wall-clock part of a payload.
func wall(t time.Time) stamp {
	return stamp{Datetime: t.UTC().Format("2006-01-02T15:04:05Z"), Timestamp: t.UnixMilli()}
}

// marshal is v as one line of JSON, with < > & as they are. The payloads above
// cannot fail.
func marshal(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("simulator: payload: " + err.Error())
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// appendQuoted appends s as a JSON string (RFC 8259 section 7). Bytes that are
// no UTF-8 pass as they are.
func appendQuoted(dst, s []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i, c := range s {
		switch {
		case c == '"' || c == '\\':
			dst = append(append(dst, s[from:i]...), '\\', c)
		case c < ' ':
			dst = append(append(dst, s[from:i]...), '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			continue
		}
		from = i + 1
	}
	return append(append(dst, s[from:]...), '"')
}
