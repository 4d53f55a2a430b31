package event

// A polling answer, and older streams, wrap a payload in an item: an object
// with the type and with the payload, most often as a string.
//
//	{"dataType": "track", "jsonObject": "{\"$id\":\"track\", …}"}
//	{"type": "track", "object": "{…}"}

// unwrap returns the payload inside a wrapped item. A payload of its own has
// "$id"; one without is a wrapper only if both halves of a pair are there.
func (m *Maker) unwrap(typ *[]byte) (inner []byte, ok bool) {
	if m.ev.index.named {
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
			m.typ = AppendUnescaped(m.typ[:0], name[1:len(name)-1])
			*typ = m.typ
		}
		if inner[0] == '"' {
			m.text = AppendUnescaped(m.text[:0], inner[1:len(inner)-1])
			inner = m.text
		}
		return inner, true
	}
	return nil, false
}

// item is unwrap for what holds a type and a payload as strings, in whatever
// order, and nothing else, in data that nobody has looked at yet. False: it may
// be an item all the same, or broken. It decodes the payload while checking it,
// which takes half as long as a scan of the item and unwrap.
func (m *Maker) item(typ *[]byte, data []byte) (inner []byte, ok bool) {
	if len(data) > 2 && data[2] == '$' { // most payloads of their own begin with {"$id"
		return nil, false
	}
	var kind []byte
	i, older, seen := space(data, 0), 0, 0
	for _, opening := range [...]byte{'{', ','} {
		if i >= len(data) || data[i] != opening {
			return nil, false
		}
		name, at := nameOfString(data, space(data, i+1))
		end := -1
		switch string(name) {
		case "type":
			older++
			fallthrough
		case "dataType":
			seen |= 1
			kind, end = plainString(data, at)
		case "object":
			older++
			fallthrough
		case "jsonObject":
			seen |= 2
			m.text, end = appendString(m.text[:0], data, at+1)
		}
		if end < 0 {
			return nil, false
		}
		i = space(data, end)
	}
	if seen != 3 || older == 1 || i >= len(data) || data[i] != '}' || space(data, i+1) != len(data) {
		return nil, false
	}
	if len(*typ) == 0 {
		*typ = kind
	}
	return m.text, true
}

// nameOfString returns the member name at i, without escapes, and the place of
// its value, which is a string; nil if it is anything else.
func nameOfString(p []byte, i int) (name []byte, value int) {
	name, i = plainString(p, i)
	if i < 0 {
		return nil, -1
	}
	if i = space(p, i); i >= len(p) || p[i] != ':' {
		return nil, -1
	}
	if i = space(p, i+1); i >= len(p) || p[i] != '"' {
		return nil, -1
	}
	return name, i
}

// plainString returns the text of the string at i and the place behind it, or
// -1 where there is none, or one with escapes.
func plainString(p []byte, i int) (text []byte, end int) {
	if i >= len(p) || p[i] != '"' {
		return nil, -1
	}
	end, escaped := stringEnd(p, i+1)
	if end < 0 || escaped {
		return nil, -1
	}
	return p[i+1 : end-1], end
}
