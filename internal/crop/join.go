package crop

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
)

// knows reports whether all that the crop refers to is known.
func (s *Saver) knows(p *pending) bool {
	if p.event != "" {
		return s.events.has(p.event)
	}
	return p.track == "" || s.tracks.has(p.track)
}

// resolve joins the crop with what it refers to. If it is wanted and holds a
// picture, it saves it, or with Best lets it wait for a better one.
func (s *Saver) resolve(p *pending) error {
	info, err := withoutImage(p.ev)
	if err != nil {
		return err
	}
	info.Ref = s.ref(p.event, p.track)
	if !p.best && !s.isWanted(info) {
		return s.o.Rest.Put(p.ev)
	}
	image, _ := p.ev.Member("image")
	pic, err := s.decoder.picture(image)
	switch {
	case err != nil:
		return s.refuse(p.ev, err)
	case s.o.Best && !p.best && p.key() != "":
		return s.keepBest(p)
	}
	if err := s.save(info, pic); err != nil {
		return err
	}
	if p.best {
		s.entryOf(p).saved = true
	}
	return nil
}

func (s *Saver) isWanted(info *event.Event) bool {
	typ := info.Type
	if info.Ref != nil {
		typ = info.Ref.Type
	}
	return s.o.Types(typ) && s.o.Where(info)
}

// refuse reports a crop that holds no picture, and passes it on.
func (s *Saver) refuse(ev *event.Event, err error) error {
	s.dir.refused()
	when := ""
	if t := timeOf(ev); !t.IsZero() {
		when = " of " + t.In(s.o.Location).Format("15:04:05.000")
	}
	text := fmt.Sprintf("a crop%s is not saved: %v", when, err)
	s.o.Notify.Tell(event.Notice{Instance: ev.Instance, Kind: event.Warning, Text: text})
	return s.o.Rest.Put(ev)
}

// keepBest lets a crop wait for a better one of the same event or track. The
// crop that is not the best is passed on.
func (s *Saver) keepBest(p *pending) error {
	old := s.best(p.key())
	if s.entryOf(p).saved || old != nil && p.confidence() <= old.confidence() {
		return s.o.Rest.Put(p.ev)
	}
	if old != nil {
		if err := s.o.Rest.Put(old.ev); err != nil {
			return err
		}
	}
	p.best = true
	s.add(p, old, s.clock.now+waitForBetter)
	return nil
}

// entryOf returns what is remembered of the event, or else the track, of a crop.
func (s *Saver) entryOf(p *pending) *entry {
	if p.event != "" {
		return s.events.use(p.event)
	}
	return s.tracks.use(p.track)
}

// save writes the picture of a crop and puts its record.
func (s *Saver) save(info *event.Event, pic picture) error {
	if s.o.Limit != nil && !s.o.Limit.Take() {
		return event.ErrStop
	}
	at := timeOf(info)
	if !at.IsZero() {
		at = at.In(s.o.Location)
	}
	if cap(s.record) > maxBuffer {
		s.record = nil
	}
	track := idAt(refTrack, info)
	if track == "" && info.Ref != nil {
		track = idAt(refTrack, info.Ref)
	}
	record := func(path string) []byte {
		s.record = appendRecord(s.record[:0], info, &pic, path, !s.o.NoSum, s.tracks.find(track).attributes)
		return s.record
	}
	f := &file{picture: pic, name: s.o.Name, facts: facts{ev: info, at: at}}
	if s.o.Meta {
		f.meta = func(path string) []byte { return append(record(path), '\n') }
	}
	path, err := s.dir.save(f)
	if err != nil {
		return err
	}
	ev, err := s.records.New(info.Type, record(path), info.Instance)
	if err != nil {
		return err
	}
	ev.ID, ev.Received, ev.Ref = info.ID, info.Received, info.Ref
	if err := s.o.To.Put(ev); err != nil {
		return err
	}
	if s.o.Limit != nil {
		s.o.Limit.Took()
	}
	return nil
}

// A record is the payload of a crop, in the server's own bytes but without the
// image, followed by what became of it: "file", "bytes", "sha256", "width",
// "height" and, if known, "event" and "attributes". Members of the payload with
// one of these names are left out.

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
		if i == 0 {
			dst = append(dst, `,"attributes":{`...)
		} else {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, a.name...), ':'), a.value...)
	}
	if len(attributes) > 0 {
		dst = append(dst, '}')
	}
	return append(dst, '}')
}
