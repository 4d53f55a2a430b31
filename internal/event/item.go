package event

import "github.com/rtev/rtev/internal/jsonraw"

// A polling answer, and older streams, wrap a payload in an item: an object
// with the type and with the payload, most often as a string.
//
//	{"dataType": "track", "jsonObject": "{\"$id\":\"track\", …}"}
//	{"type": "track", "object": "{…}"}

// unwrap returns the payload inside a wrapped item. A payload of its own has
// "$id"; one without is a wrapper only if both halves of a pair are there.
func (m *Maker) unwrap(typ *[]byte) (inner []byte, ok bool) {
	if m.ev.Has("$id") {
		return nil, false
	}
	for _, pair := range [...][2]string{{"dataType", "jsonObject"}, {"type", "object"}} {
		name, ok1 := m.ev.Member(pair[0])
		inner, ok2 := m.ev.Member(pair[1])
		if !ok2 || (!ok1 && pair[0] == "type") {
			continue
		}
		if inner[0] != '"' && inner[0] != '{' {
			continue
		}
		if len(*typ) == 0 && ok1 && name[0] == '"' {
			m.typ = jsonraw.AppendUnescaped(m.typ[:0], name[1:len(name)-1])
			*typ = m.typ
		}
		if inner[0] == '"' {
			m.text = jsonraw.AppendUnescaped(m.text[:0], inner[1:len(inner)-1])
			inner = m.text
		}
		return inner, true
	}
	return nil, false
}
