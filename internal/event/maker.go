package event

import (
	"bytes"
	"errors"
	"io"
	"time"
	"unique"

	"github.com/rtev/rtev/internal/jsonraw"
)

// MaxPayload is the size of the longest event that is accepted: 64 MiB.
const MaxPayload = 64 << 20

// keepBuffer is the size up to which a Maker keeps its buffers: 1 MiB.
const keepBuffer = 1 << 20

// Maker turns records of any framing into events: payloads, wrapped payloads, and
// arrays of either. Each source has its own Maker. It is not safe for concurrent
// use.
type Maker struct {
	// Instance is the instance that sends the events. For recorded input it is
	// nil, and Locate returns the instance for the payload's instance_id, which
	// is "" if missing.
	Instance *Instance
	Locate   func(id string) *Instance
	// Bad is called with data that is not a JSON object. The data is valid
	// during the call.
	Bad func(data []byte)

	ev     Event
	scan   jsonraw.Scanner
	front  []byte // a payload with members added in front
	inner  []byte // a wrapped payload, unescaped
	typ    []byte // the type of a wrapped payload, unescaped
	quoted []byte // scratch for strings with escapes
}

// Record makes the events of one record and puts them into a sink. typ and id are
// the record's type and SSE id, empty if the framing has none. Record may change
// white space in data. The type of an event is typ, else the wrapper's, else the
// payload's "$id" or "event_type". All errors are the sink's.
func (m *Maker) Record(typ, id, data []byte, at time.Time, to Sink) error {
	i := 0
	for i < len(data) && data[i] <= ' ' {
		i++
	}
	if i == len(data) || data[i] != '[' {
		return m.object(typ, id, data, at, to)
	}
	elements := jsonraw.NewSplitter(bytes.NewReader(data), MaxPayload)
	for {
		element, err := elements.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil { // the array is not closed; reading memory has no other errors
			m.bad(data)
			return nil
		}
		if err := m.object(typ, id, element, at, to); err != nil {
			return err
		}
	}
}

// New is like the function New, but faster for many similar payloads. The event is
// valid until the next call of a method.
func (m *Maker) New(typ string, payload []byte, in *Instance) (*Event, error) {
	if err := m.setPayload(payload); err != nil {
		return nil, err
	}
	m.complete([]byte(typ), in)
	return &m.ev, nil
}

// object makes one event.
func (m *Maker) object(typ, id, data []byte, at time.Time, to Sink) error {
	defer m.shrink()
	if m.setPayload(data) != nil {
		m.bad(data)
		return nil
	}
	if inner, ok := m.unwrap(&typ); ok && m.setPayload(inner) != nil {
		m.bad(data)
		return nil
	}
	m.complete(typ, m.Instance)
	m.ev.ID, m.ev.Received = view(id), at
	return to.Put(&m.ev)
}

// unwrap returns the payload inside a wrapper, and sets typ if it is empty.
// Polling responses and older streams wrap payloads, most often as a string:
//
//	{"dataType": "track", "jsonObject": "{\"$id\":\"track\", …}"}
//	{"type": "track", "object": "{…}"}
//
// An object with "$id" is a payload. "type" is common in payloads, so that pair
// must be complete.
func (m *Maker) unwrap(typ *[]byte) (payload []byte, ok bool) {
	if m.ev.Has("$id") {
		return nil, false
	}
	name, named := m.ev.Member("dataType")
	inner, ok := m.ev.Member("jsonObject")
	if !isPayload(inner) {
		name, named = m.ev.Member("type")
		inner, ok = m.ev.Member("object")
		if !named || !isPayload(inner) {
			return nil, false
		}
	}
	if len(*typ) == 0 && named && name[0] == '"' {
		*typ = jsonraw.Text(name, &m.typ)
	}
	return jsonraw.Text(inner, &m.inner), ok
}

// isPayload reports whether a member of a wrapper may be a payload.
func isPayload(value []byte) bool {
	return len(value) > 0 && (value[0] == '"' || value[0] == '{')
}

// setPayload makes p the payload if it is a JSON object.
func (m *Maker) setPayload(p []byte) error {
	if err := m.scan.Scan(p, &m.ev.index); err != nil {
		return err
	}
	m.ev.setPayload(p)
	return nil
}

// complete sets the event's type and instance, and adds "$id" and "instance_id"
// in front of a payload that lacks them. If in is nil, Locate finds it.
func (m *Maker) complete(typ []byte, in *Instance) {
	e := &m.ev
	kind, named := e.Member("$id")
	id, placed := e.Member("instance_id")
	if in == nil && m.Locate != nil {
		in = m.Locate(view(m.text(id)))
	}
	if !named { // a row of the server's database
		kind, _ = e.Member("event_type")
	}
	if len(typ) == 0 {
		typ = m.text(kind)
	}
	e.Type, e.Instance = m.name(typ), in
	addType := !named && e.Type != "unknown"
	addInstance := !placed && in != nil && in.ID != ""
	if !addType && !addInstance {
		return
	}
	front := append(m.front[:0], '{')
	if addType {
		front = append(jsonraw.AppendQuoted(append(front, `"$id":`...), e.Type), ',')
	}
	if addInstance {
		front = append(jsonraw.AppendQuoted(append(front, `"instance_id":`...), in.ID), ',')
	}
	if e.index.Len() == 0 {
		front = front[:len(front)-1]
	}
	m.front = append(front, e.Payload[bytes.IndexByte(e.Payload, '{')+1:]...)
	_ = m.setPayload(m.front) // cannot fail: its parts were checked before
}

// text returns the text of a member, empty if it is missing or null. It is valid
// until the next call.
func (m *Maker) text(value []byte) []byte {
	if string(value) == "null" {
		return nil
	}
	return jsonraw.Text(value, &m.quoted)
}

// name returns the type as a string that callers may keep. It allocates only for
// new types.
func (m *Maker) name(typ []byte) string {
	if len(typ) == 0 {
		return "unknown"
	}
	if m.ev.Type == string(typ) { // the same as the last: no look-up
		return m.ev.Type
	}
	return unique.Make(view(typ)).Value() // which copies a new one
}

// bad reports data that is not a JSON object.
func (m *Maker) bad(data []byte) {
	if m.Bad != nil {
		m.Bad(data)
	}
}

// shrink releases buffers that grew for a very large event.
func (m *Maker) shrink() {
	if cap(m.inner)+cap(m.front)+cap(m.typ)+cap(m.quoted) > keepBuffer {
		m.inner, m.front, m.typ, m.quoted = nil, nil, nil, nil
	}
}
