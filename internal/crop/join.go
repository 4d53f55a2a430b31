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

// resolveWaiting remembers an event or a track, and resolves the crops that
// waited for it. If it is the end of an event, its best picture is saved.
func (s *Saver) resolveWaiting(ev *event.Event) error {
	if ev.Type == "attribute" {
		s.learnAttribute(ev)
	}
	eventOf, trackOf := s.learn(ev)
	if eventOf+trackOf == "" || len(s.waiting.crops)+len(s.best.crops) == 0 {
		return nil
	}
	refers := func(p *pending) bool { return p.event == eventOf && (eventOf != "" || p.track == trackOf) }
	if err := s.waiting.take(refers, s.resolve); err != nil {
		return err
	}
	if eventOf == "" || !strings.HasSuffix(ev.Type, "-end") {
		return nil
	}
	return s.best.take(refers, s.saveBest)
}

// learnAttribute remembers an attribute of a track.
func (s *Saver) learnAttribute(ev *event.Event) {
	name, _ := ev.Member("name")
	value, ok := ev.Member("value")
	if id := idAt(refTrack, ev); id != "" && ok && len(name) > 0 && name[0] == '"' {
		s.tracks.putAttribute(id, name, value, s.clock.now)
	}
}

// takeCrop resolves a crop at once if all that it refers to is known.
func (s *Saver) takeCrop(ev *event.Event) error {
	p := &pending{ev: ev, event: idAt(refEvent, ev), track: idAt(refTrack, ev), order: s.put}
	if s.isKnown(p) {
		return s.resolve(p)
	}
	p.own()
	p.due = s.clock.now + waitForEvent
	return s.waiting.add(p, nil)
}

func (s *Saver) isKnown(p *pending) bool {
	if p.event != "" {
		return s.events.has(p.event)
	}
	return p.track == "" || s.tracks.has(p.track)
}

// resolveAlone resolves a crop whose event did not come.
func (s *Saver) resolveAlone(p *pending) error {
	if err := s.resolve(p); err != nil {
		return err
	}
	s.dir.count(&s.dir.sum.Alone)
	return nil
}

// resolve joins the crop with what it refers to. If it is wanted and holds a
// picture, it saves it, or with Best lets it wait for a better one.
func (s *Saver) resolve(p *pending) error {
	info, err := s.infoOf(p)
	if err != nil {
		return err
	}
	if !s.isWanted(info) {
		return s.rest(p.ev)
	}
	pic, err := s.pictureOf(p.ev)
	switch {
	case err != nil:
		return s.refuse(p.ev, err)
	case s.o.Best && p.key() != "":
		return s.keepBest(p)
	}
	return s.save(info, pic)
}

// infoOf returns the crop without its image, joined with what it refers to.
func (s *Saver) infoOf(p *pending) (*event.Event, error) {
	info, err := withoutImage(p.ev)
	if err == nil {
		info.Ref = s.ref(p.event, p.track)
	}
	return info, err
}

func (s *Saver) isWanted(info *event.Event) bool {
	typ := info.Type
	if info.Ref != nil {
		typ = info.Ref.Type
	}
	return (s.o.Types == nil || s.o.Types(typ)) && (s.o.Where == nil || s.o.Where(info))
}

func (s *Saver) pictureOf(ev *event.Event) (picture, error) {
	image, _ := ev.Member("image")
	return s.decoder.picture(image)
}

// refuse reports a crop that holds no picture, and passes it on.
func (s *Saver) refuse(ev *event.Event, err error) error {
	s.dir.count(&s.dir.sum.Refused)
	when := ""
	if t := timeOf(ev); !t.IsZero() {
		when = " of " + t.In(s.o.Location).Format("15:04:05.000")
	}
	s.o.Notify.Tell(event.Notice{Instance: ev.Instance, Kind: event.Warning, Text: fmt.Sprintf("a crop%s is not saved: %v", when, err)})
	return s.rest(ev)
}

// keepBest lets a crop wait for a better one of the same event or track. The
// crop that is not the best is passed on.
func (s *Saver) keepBest(p *pending) error {
	if s.done.entries[p.key()] != nil {
		s.done.touch(p.key(), s.clock.now)
		return s.rest(p.ev)
	}
	old := s.best.find(p.key())
	if old != nil && p.confidence() <= old.confidence() {
		return s.rest(p.ev)
	}
	p.own()
	p.due = s.clock.now + waitForBetter
	if old != nil {
		if err := s.rest(old.ev); err != nil {
			return err
		}
	}
	return s.best.add(p, old)
}

// saveBest saves the best picture of an event or a track.
func (s *Saver) saveBest(p *pending) error {
	info, err := s.infoOf(p)
	if err != nil {
		return err
	}
	pic, err := s.pictureOf(p.ev)
	if err != nil { // not possible: keepBest takes only pictures
		return s.refuse(p.ev, err)
	}
	if err := s.save(info, pic); err != nil {
		return err
	}
	s.done.touch(p.key(), s.clock.now)
	s.done.trim(s.clock.now)
	return nil
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
		s.record = appendRecord(s.record[:0], info, &pic, path, !s.o.NoSum, s.tracks.attributesOf(track))
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
