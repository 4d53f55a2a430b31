package event

import (
	"bytes"
	"errors"
	"io"
	"time"

	"github.com/rtev/rtev/internal/jsonraw"
)

// MaxPayload is the longest event that is taken: 64 MiB.
const MaxPayload = 64 << 20

// keepBuffer is the size up to which a Maker's buffers are kept: 1 MiB.
const keepBuffer = 1 << 20

// Maker turns records into events, whatever the framing: a payload, a wrapped
// item {"dataType","jsonObject"} or {"type","object"}, or an array of either.
// A source has one of its own; not safe for concurrent use.
type Maker struct {
	// Instance is where the events come from. Nil for recorded input: then
	// Locate tells, from the payload's instance_id ("" where there is none).
	Instance *Instance
	Locate   func(id string) *Instance
	// Bad is called with what is not a JSON object, valid during the call.
	Bad func(data []byte)

	ev    Event
	scan  jsonraw.Scanner
	front []byte            // a payload with something put in front
	text  []byte            // the text of a wrapped payload
	typ   []byte            // and its type
	names map[string]string // types seen, so that one costs a string once
}

// Bounds of the types that are remembered: how many, and how long in bytes.
const (
	maxNames = 256
	maxName  = 128
)

// New is the function New with an event that is valid until the Maker is asked
// again: for payloads of few shapes at a third of the price.
func (m *Maker) New(typ string, payload []byte, in *Instance) (*Event, error) {
	m.Instance = in
	if !m.set(payload) {
		return nil, jsonraw.ErrNotObject
	}
	if typ == "" && m.ev.Has("$id") {
		typ = m.ev.member("$id").String()
	}
	m.name([]byte(typ))
	m.locate()
	m.complete()
	return &m.ev, nil
}

// Record puts what one record holds: its type and SSE id where the framing
// has them, else empty, and its data, in which white space may be changed in
// place. The type is typ, else the item's, else the payload's "$id". The only
// errors are the sink's.
func (m *Maker) Record(typ, id, data []byte, at time.Time, to Sink) error {
	if i := space(data, 0); i < len(data) && data[i] == '[' {
		return m.array(typ, id, data, at, to)
	}
	return m.object(typ, id, data, at, to)
}

// space returns the first place from i on that is not white space.
func space(p []byte, i int) int {
	for i < len(p) && (p[i] == ' ' || p[i] == '\t' || p[i] == '\n' || p[i] == '\r') {
		i++
	}
	return i
}

func (m *Maker) array(typ, id, data []byte, at time.Time, to Sink) error {
	elems := jsonraw.NewSplitter(bytes.NewReader(data), MaxPayload)
	for {
		elem, err := elems.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil { // cut off: there is no other error in memory
			m.bad(data)
			return nil
		}
		if err := m.object(typ, id, elem, at, to); err != nil {
			return err
		}
	}
}

func (m *Maker) object(typ, id, data []byte, at time.Time, to Sink) error {
	e := &m.ev
	if !m.set(data) {
		m.bad(data)
		return nil
	}
	if inner, ok := m.unwrap(&typ); ok && !m.set(inner) {
		m.bad(data)
		m.shrink()
		return nil
	}
	if len(typ) == 0 && e.Has("$id") {
		typ = []byte(e.member("$id").String())
	}
	m.name(typ)
	m.locate()
	m.complete()
	e.ID, e.Received = view(id), at
	err := to.Put(e)
	m.shrink()
	return err
}

// shrink lets go of what one giant made grow.
func (m *Maker) shrink() {
	if cap(m.text)+cap(m.front)+cap(m.typ) > keepBuffer {
		m.text, m.front, m.typ = nil, nil, nil
	}
}

// set makes p the payload when it is a JSON object.
func (m *Maker) set(p []byte) bool { return m.ev.take(p, m.scan.Scan(p, &m.ev.index)) }

// set does the same where no other payload has come before.
func (e *Event) set(p []byte) bool { return e.take(p, e.index.Scan(p)) }

// take makes p, which was scanned, the payload, with line ends between its
// tokens made blanks: an event is one line.
func (e *Event) take(p []byte, err error) bool {
	if err != nil {
		return false
	}
	if e.index.HasLineEnd() {
		for i, c := range p {
			if c == '\n' || c == '\r' {
				p[i] = ' '
			}
		}
	}
	e.Payload = p
	return true
}

func (m *Maker) bad(data []byte) {
	if m.Bad != nil {
		m.Bad(data)
	}
}

// name gives the event its type, as a string made once for each type.
func (m *Maker) name(typ []byte) {
	if len(typ) == 0 {
		m.ev.Type = "unknown"
		return
	}
	if m.ev.Type == string(typ) { // the same as the last: no look-up
		return
	}
	name, ok := m.names[string(typ)]
	if !ok {
		name = string(typ)
		if m.names == nil {
			m.names = map[string]string{}
		}
		if len(m.names) < maxNames && len(name) <= maxName {
			m.names[name] = name
		}
	}
	m.ev.Type = name
}

func (m *Maker) locate() {
	m.ev.Instance = m.Instance
	if m.Instance == nil && m.Locate != nil {
		m.ev.Instance = m.Locate(m.ev.member("instance_id").String())
	}
}

// complete puts "$id" and "instance_id" in front of a payload that lacks them.
func (m *Maker) complete() {
	e := &m.ev
	named, placed := e.Has("$id"), e.Has("instance_id")
	if named && placed {
		return
	}
	id := ""
	if e.Instance != nil && !placed {
		id = e.Instance.ID
	}
	typ := ""
	if !named && e.Type != "unknown" {
		typ = e.Type
	}
	if id == "" && typ == "" {
		return
	}
	front := append(m.front[:0], '{')
	if typ != "" {
		front = append(jsonraw.AppendQuoted(append(front, `"$id":`...), typ), ',')
	}
	if id != "" {
		front = append(jsonraw.AppendQuoted(append(front, `"instance_id":`...), id), ',')
	}
	if e.index.Len() == 0 {
		front = front[:len(front)-1]
	}
	m.front = append(front, e.Payload[bytes.IndexByte(e.Payload, '{')+1:]...)
	m.set(m.front)
}
