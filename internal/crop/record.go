package crop

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
)

// A record is the payload of a crop, in the server's own bytes but without the
// image, followed by what became of it: "file", "bytes", "sha256", "width",
// "height" and, if known, "event" and "attributes". Members of the payload with one of these
// names are left out.

// isReplaced reports whether a member does not go into a record. The name is
// as in the payload, escapes included.
func isReplaced(name []byte) bool {
	if bytes.IndexByte(name, '\\') >= 0 {
		name = jsonraw.AppendUnescaped(nil, name)
	}
	switch string(name) {
	case "image", "file", "bytes", "sha256", "width", "height", "event", "attributes":
		return true
	}
	return false
}

// withoutImage returns a copy of the crop without its image and the members
// that a record replaces.
func withoutImage(ev *event.Event) (*event.Event, error) {
	out := []byte{'{'}
	ev.EachMember(func(name, raw []byte) bool {
		if isReplaced(name) {
			return true
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), name...), '"', ':')
		out = append(out, raw...)
		return true
	})
	c, err := event.New(ev.Type, append(out, '}'), ev.Instance)
	if err == nil {
		c.ID, c.Received = strings.Clone(ev.ID), ev.Received
	}
	return c, err
}

// appendRecord appends the record of a crop without its image that was saved at
// path.
func appendRecord(dst []byte, info *event.Event, p *picture, path string, sum bool, attributes []attribute) []byte {
	body := info.Payload[:len(info.Payload)-1]
	dst = append(dst, body...)
	if len(body) > 1 {
		dst = append(dst, ',')
	}
	dst = jsonraw.AppendQuoted(append(dst, `"file":`...), path)
	dst = strconv.AppendInt(append(dst, `,"bytes":`...), int64(len(p.data)), 10)
	if sum {
		h := sha256.Sum256(p.data)
		dst = append(hex.AppendEncode(append(dst, `,"sha256":"`...), h[:]), '"')
	}
	dst = strconv.AppendInt(append(dst, `,"width":`...), int64(p.width), 10)
	dst = strconv.AppendInt(append(dst, `,"height":`...), int64(p.height), 10)
	if info.Ref != nil {
		dst = append(append(dst, `,"event":`...), info.Ref.Payload...)
	}
	for i, a := range attributes {
		dst = append(dst, [2]string{`,"attributes":{`, ","}[min(i, 1)]...)
		dst = append(append(append(dst, a.name...), ':'), a.value...)
	}
	if len(attributes) > 0 {
		dst = append(dst, '}')
	}
	return append(dst, '}')
}
