package event

import (
	"bytes"
	"io"
	"time"
	"unique"

	"github.com/rtev/rtev/internal/jsonraw"
)

const (
	MaxPayload = 64 << 20 // bytes of the longest event that is accepted
	keepBuffer = 1 << 20  // bytes up to which a Maker keeps its buffers
)

// Maker turns records of any framing into events: payloads, wrapped payloads, and
// arrays of either. Each source has its own Maker. It is not safe for concurrent
// use.
type Maker struct {
	// Instance is the instance that sends the events. For recorded input it is
	// nil, and Locate returns the instance for the payload's instance_id, which
	// is "" if missing.
	Instance *Instance
	Locate   func(id string) *Instance
	// Bad is called by Record with data that is not a JSON object. The data is
	// valid during the call.
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
		if err != nil {
			if err != io.EOF { // the array is not closed; reading memory has no other errors
				m.Bad(data)
			}
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
	err := m.setPayload(data)
	if err == nil {
		if _, named := m.ev.Member("$id"); !named {
			err = m.unwrap(&typ)
		}
	}
	if err != nil {
		m.Bad(data)
		return nil
	}
	m.complete(typ, m.Instance)
	m.ev.ID, m.ev.Received = view(id), at
	return to.Put(&m.ev)
}

// unwrap takes the payload out of a wrapper, and sets typ if it is empty. Polling
// responses and older streams wrap payloads, most often as a string:
//
//	{"dataType": "track", "jsonObject": "{\"$id\":\"track\", …}"}
//	{"type": "track", "object": "{…}"}
func (m *Maker) unwrap(typ *[]byte) error {
	for _, names := range [...][2]string{{"dataType", "jsonObject"}, {"type", "object"}} {
		name, named := m.ev.Member(names[0])
		inner, wraps := m.ev.Member(names[1])
		if wraps && (inner[0] == '"' || inner[0] == '{') && (named || names[0] == "dataType") {
			if len(*typ) == 0 && named && name[0] == '"' {
				*typ = jsonraw.Text(name, &m.typ)
			}
			return m.setPayload(jsonraw.Text(inner, &m.inner))
		}
	}
	return nil
}

// setPayload makes p the payload if it is a JSON object. Line ends between its
// tokens become spaces: an event is one line.
func (m *Maker) setPayload(p []byte) error {
	if err := m.scan.Scan(p, &m.ev.index); err != nil {
		return err
	}
	if m.ev.index.HasLineEnd() {
		for i, c := range p {
			if c == '\n' || c == '\r' {
				p[i] = ' '
			}
		}
	}
	m.ev.Payload = p
	return nil
}

// complete sets the event's type and instance, and adds "$id" and "instance_id"
// in front of a payload that lacks them. If in is nil, Locate finds it.
func (m *Maker) complete(typ []byte, in *Instance) {
	e := &m.ev
	kind, named := e.Member("$id")
	id, placed := e.Member("instance_id")
	if in == nil && m.Locate != nil {
		in = m.Locate(view(jsonraw.Text(id, &m.quoted)))
	}
	if !named { // a row of the server's database
		kind, _ = e.Member("event_type")
	}
	if len(typ) == 0 {
		typ = jsonraw.Text(kind, &m.quoted)
	}
	e.Type, e.Instance, e.Ref, e.Folded = m.name(typ), in, nil, 0
	m.front = append(m.front[:0], '{')
	if !named && e.Type != "unknown" {
		m.front = append(jsonraw.AppendQuoted(append(m.front, `"$id":`...), e.Type), ',')
	}
	if !placed && in != nil && in.ID != "" {
		m.front = append(jsonraw.AppendQuoted(append(m.front, `"instance_id":`...), in.ID), ',')
	}
	if len(m.front) == len("{") {
		return
	}
	members := e.Payload[bytes.IndexByte(e.Payload, '{')+1:]
	if bytes.TrimLeft(members, " \t")[0] == '}' { // there are none
		m.front = m.front[:len(m.front)-1]
	}
	m.front = append(m.front, members...)
	_ = m.setPayload(m.front) // cannot fail: its parts were checked before
}

// name returns the type as a string that callers may keep. It allocates only for
// new types.
func (m *Maker) name(typ []byte) string {
	switch string(typ) {
	case "":
		return "unknown"
	case m.ev.Type: // the same as the last: no look-up
		return m.ev.Type
	}
	return unique.Make(view(typ)).Value() // which copies a new one
}

// shrink releases buffers that grew for a very large event.
func (m *Maker) shrink() {
	if cap(m.inner)+cap(m.front)+cap(m.typ)+cap(m.quoted) > keepBuffer {
		m.inner, m.front, m.typ, m.quoted = nil, nil, nil, nil
	}
}
