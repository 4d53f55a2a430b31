package crop

import (
	"strings"

	"github.com/rtev/rtev/internal/event"
)

// isCrop: older servers send "best-crop" too, whose fields are not documented.
func isCrop(ev *event.Event) bool {
	return ev.Type == "crop" || strings.HasSuffix(ev.Type, "-crop") && ev.Has("image")
}

var (
	eventID    = event.ParsePath("event_id")
	trackingID = event.ParsePath("tracking_id")
	refEvent   = event.ParsePath("ref_event_id")
	refTrack   = event.ParsePath("ref_tracking_id")
)

// idOf is the text at p, "" where it is missing or too long for an id.
func idOf(p event.Path, ev *event.Event) string {
	text := p.Of(ev).String()
	if len(text) > maxID {
		return ""
	}
	return text
}

// learn remembers what crops may refer to, and saves those that waited for it.
func (s *Saver) learn(ev *event.Event) error {
	if id := idOf(eventID, ev); id != "" {
		s.events.keep(id, ev, s.clock.now)
		return s.arrived(id, ev)
	}
	if id := idOf(trackingID, ev); id != "" {
		s.tracks.keep(id, ev, s.clock.now)
		return s.came(func(sh *shot) bool { return sh.event == "" && sh.track == id })
	}
	if ev.Type == "attribute" {
		name, _ := ev.Member("name")
		value, ok := ev.Member("value")
		if id := idOf(refTrack, ev); id != "" && ok && len(name) > 0 && name[0] == '"' {
			s.tracks.note(id, name, value, s.clock.now)
		}
	}
	return nil
}

// arrived saves what waited for the event id, and the best picture of it when
// ev is its end.
func (s *Saver) arrived(id string, ev *event.Event) error {
	if err := s.came(func(sh *shot) bool { return sh.event == id }); err != nil {
		return err
	}
	if len(s.best.shots) == 0 || !strings.HasSuffix(ev.Type, "-end") {
		return nil
	}
	return s.best.take(func(sh *shot) bool { return sh.event == id }, s.publish)
}

func (s *Saver) came(pick func(*shot) bool) error {
	if len(s.waiting.shots) == 0 {
		return nil
	}
	return s.waiting.take(pick, s.joined)
}

// crop takes a crop: saved at once where all is known that can be.
func (s *Saver) crop(ev *event.Event) error {
	c, err := slim(ev)
	if err != nil { // it was made of a checked payload: it cannot be
		return err
	}
	sh := &shot{ev: c, event: strings.Clone(idOf(refEvent, c)), track: strings.Clone(idOf(refTrack, c)), order: s.put}
	now := s.known(sh)
	if now && !s.wanted(sh) {
		return nil
	}
	raw, _ := ev.Member("image")
	data, err := s.decoder.decode(raw)
	if err == nil {
		sh.picture, err = inspect(data)
	}
	if err != nil {
		s.refuse(c, err)
		return nil
	}
	if now {
		return s.keep(sh)
	}
	s.own(sh)
	sh.due = s.clock.now + waitForEvent
	return s.waiting.add(sh, s.alone)
}

// known tells whether the crop need not wait.
func (s *Saver) known(sh *shot) bool {
	if sh.event != "" {
		return s.events.known(sh.event)
	}
	return sh.track == "" || s.tracks.known(sh.track)
}

// alone takes a crop that has waited in vain.
func (s *Saver) alone(sh *shot) error {
	if err := s.joined(sh); err != nil {
		return err
	}
	s.dir.count(func(sum *Summary) { sum.Alone++ })
	return nil
}

// joined takes a crop that has waited.
func (s *Saver) joined(sh *shot) error {
	if !s.wanted(sh) {
		return nil
	}
	return s.keep(sh)
}

// wanted joins the crop with its event, else with its track, and tells whether
// that is what the user asked for.
func (s *Saver) wanted(sh *shot) bool {
	sh.ev.Ref = s.events.entries[sh.event].event()
	if sh.ev.Ref == nil {
		sh.ev.Ref = s.tracks.entries[sh.track].event()
	}
	typ := sh.ev.Type
	if sh.ev.Ref != nil {
		typ = sh.ev.Ref.Type
	}
	return (s.o.Types == nil || s.o.Types(typ)) && (s.o.Where == nil || s.o.Where(sh.ev))
}
