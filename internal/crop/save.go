package crop

import (
	"fmt"

	"github.com/rtev/rtev/internal/event"
)

// keep saves the crop, or with --best puts it where better ones are waited for.
func (s *Saver) keep(sh *shot) error {
	if !s.o.Best || sh.key() == "" {
		return s.save(sh)
	}
	if s.done.entries[sh.key()] != nil {
		s.done.touch(sh.key(), s.clock.now)
		return nil
	}
	sh.due = s.clock.now + waitForBetter
	old := s.best.find(sh.key())
	if old != nil && sh.confidence() <= old.confidence() {
		return nil
	}
	s.own(sh)
	if old == nil {
		return s.best.add(sh, s.publish)
	}
	return s.best.replace(old, sh, s.publish)
}

// own makes the picture one that may wait: until it is saved, its bytes are its own.
func (s *Saver) own(sh *shot) {
	if !sh.owned {
		sh.owned = true
		s.decoder.own()
	}
}

// publish saves the best picture of an event or a track.
func (s *Saver) publish(sh *shot) error {
	if err := s.save(sh); err != nil {
		return err
	}
	s.done.touch(sh.key(), s.clock.now)
	s.done.bound(s.clock.now)
	return nil
}

// save writes the picture and puts the record.
func (s *Saver) save(sh *shot) error {
	if s.o.Limit != nil && !s.o.Limit.Take() {
		return event.ErrStop
	}
	at := clockOf(sh.ev)
	if !at.IsZero() {
		at = at.In(s.o.Location)
	}
	f := &file{picture: sh.picture, name: s.o.Name, facts: facts{ev: sh.ev, at: at}}
	if cap(s.record) > keepBuffer {
		s.record = nil
	}
	record := func(path string) []byte {
		s.record = appendRecord(s.record[:0], sh.ev, &sh.picture, path, !s.o.NoSum, s.attributes(sh))
		return s.record
	}
	if s.o.Meta {
		f.meta = func(path string) []byte { return append(record(path), '\n') }
	}
	path, err := s.dir.save(f)
	if err != nil {
		return err
	}
	if !s.o.Meta {
		record(path)
	}
	ev, err := s.records.New(sh.ev.Type, s.record, sh.ev.Instance)
	if err != nil {
		return err
	}
	ev.ID, ev.Received, ev.Ref = sh.ev.ID, sh.ev.Received, sh.ev.Ref
	if s.o.Show != nil {
		s.o.Show(sh.picture.data)
	}
	if err := s.o.To.Put(ev); err != nil {
		return err
	}
	if s.o.Limit != nil {
		s.o.Limit.Took()
	}
	if sh.owned {
		s.decoder.giveBack(sh.picture.data)
		sh.picture.data = nil
	}
	return nil
}

// attributes are those of the track that the picture shows.
func (s *Saver) attributes(sh *shot) []attribute {
	track := sh.track
	if track == "" && sh.ev.Ref != nil {
		track = idOf(refTrack, sh.ev.Ref)
	}
	if e := s.tracks.entries[track]; e != nil {
		return e.attributes
	}
	return nil
}

func (s *Saver) refuse(ev *event.Event, err error) {
	s.dir.count(func(sum *Summary) { sum.Refused++ })
	when := ""
	if t := clockOf(ev); !t.IsZero() {
		when = " of " + t.In(s.o.Location).Format("15:04:05.000")
	}
	s.o.Notify.Tell(event.Notice{Instance: ev.Instance, Kind: event.Warning, Text: fmt.Sprintf("a crop%s is not saved: %v", when, err)})
}
