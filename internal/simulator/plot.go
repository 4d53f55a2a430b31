package simulator

// What visitors do, and what that causes.

// visitors lets somebody in. Most walk through; some stand about, drive, come
// close behind each other, or come as a crowd.
func (s *scene) visitors() {
	person := &visit{class: "Person", speed: 0.11 + 0.05*s.rng.Float64()}
	switch n := s.rng.IntN(100); {
	case n < 30:
		person.class, person.path = s.walker(), s.through()
		s.enter(person)
	case n < 42:
		person.path = s.turnBack()
		s.enter(person)
	case n < 56:
		person.path = s.linger("")
		s.enter(person)
	case n < 80:
		s.enter(&visit{class: "Vehicle", path: s.park(), speed: 0.2 + 0.05*s.rng.Float64()})
	case n < 88:
		person.path = s.through()
		s.enter(person)
		person.lead = 800 + s.rng.Int64N(500)
		s.enter(person)
	case n < 93:
		for i := range crowdFrom + s.rng.Int64N(2) {
			person.path, person.lead = s.linger(""), i*1900
			s.enter(person)
		}
	case n < 97:
		person.path = s.linger("event-fallen-person")
		s.enter(person)
	default:
		person.path = s.linger("event-armed-person")
		s.enter(person)
	}
}

// walker is who walks: people, now and then a dog.
func (s *scene) walker() string {
	if s.rng.IntN(20) == 0 {
		return "Animal"
	}
	return "Person"
}

// between is a random number from lo to hi.
func (s *scene) between(lo, hi float64) float64 { return lo + (hi-lo)*s.rng.Float64() }

// through crosses the tripwire and the forbidden area, one way or the other.
// Its first point is on the tripwire, or below the frame.
func (s *scene) through() []stop {
	far := stop{x: s.between(0.32, 0.56), y: s.wire.y}
	middle := stop{x: s.between(0.32, 0.54), y: 0.7}
	near := stop{x: s.between(0.32, 0.54), y: 1.02}
	if s.now > 0 && s.rng.IntN(3) == 0 {
		return []stop{near, middle, far, {x: far.x, y: 0.2}}
	}
	return []stop{far, middle, near}
}

// turnBack crosses the tripwire twice.
func (s *scene) turnBack() []stop {
	far := stop{x: s.between(0.32, 0.56), y: s.wire.y - 0.04}
	return []stop{far, {x: s.between(0.32, 0.54), y: 0.6, stay: 1000}, {x: far.x, y: 0.18}}
}

// linger stays in the forbidden area long enough for loitering, perhaps with
// something that happens there.
func (s *scene) linger(act string) []stop {
	spot := stop{x: s.between(0.30, 0.56), y: s.between(0.55, 0.8), stay: 9000 + s.rng.Int64N(9000)/frame*frame, act: act}
	return []stop{{x: spot.x + 0.04, y: s.wire.y - 0.04}, spot, {x: s.between(0.32, 0.54), y: 1.02}}
}

// park drives into the watched area, stands there and leaves.
func (s *scene) park() []stop {
	x := s.between(0.74, 0.9)
	return []stop{{x: x - 0.05, y: s.wire.y - 0.05}, {x: x, y: 0.7, stay: 6000 + s.rng.Int64N(6000)}, {x: 1.05, y: 0.75}}
}

// cross tells that an actor is over the tripwire.
func (s *scene) cross(a *actor, direction string) {
	onWire := func(typ, direction string) {
		s.cause(a, typ, uuid(s.rng), func(e *eventPayload) {
			e.TripwireID, e.TripwireName, e.Direction = s.wire.id, s.wire.name, direction
		})
	}
	onWire("event-line-crossing", direction)
	if last := s.crossed; a.class == "Person" && last.direction == direction && s.now-last.at < tailgateUnder {
		onWire("event-tailgating", "")
	}
	s.crossed = crossing{s.now, direction}
	s.after(1, func() {
		s.tell("event-count-changed", func(w stamp) any {
			e := s.event("event-count-changed", uuid(s.rng), w)
			e.TripwireID, e.TripwireName = s.wire.id, s.wire.name
			return e
		})
	})
}

func (s *scene) inForbidden(a *actor) {
	since := &a.zones[0]
	switch inside := !a.gone && s.forbidden.holds(a.x, a.y); {
	case inside && *since == 0:
		*since = s.now
		s.begin(a, "event-intrusion", &s.forbidden)
	case !inside && *since != 0:
		*since = 0
		s.endAll(a)
	case inside && s.now-*since == loiterAfter:
		s.begin(a, "event-loitering", &s.forbidden)
	}
}

func (s *scene) inWatched(a *actor) {
	since := &a.zones[1]
	mention := func(typ string) {
		s.cause(a, typ, uuid(s.rng), func(e *eventPayload) { e.AreaID, e.AreaName = s.watched.id, s.watched.name })
	}
	switch inside := !a.gone && s.watched.holds(a.x, a.y); {
	case inside && *since == 0:
		*since = s.now
		mention("event-area-enter")
	case !inside && *since != 0:
		*since = 0
		mention("event-area-exit")
	case inside && s.now-*since == dwellAfter:
		mention("event-dwelling")
	}
}

// begin tells an event that will have an end.
func (s *scene) begin(a *actor, typ string, z *zone) {
	id := uuid(s.rng)
	a.open = append(a.open, span{typ, id, z, s.now})
	s.cause(a, typ, id, func(e *eventPayload) { e.AreaID, e.AreaName = z.id, z.name })
}

// end tells the end of an event that is still open.
func (s *scene) end(a *actor, id string) {
	for i, o := range a.open {
		if o.id != id {
			continue
		}
		a.open = append(a.open[:i:i], a.open[i+1:]...)
		s.tell(o.typ+"-end", func(w stamp) any {
			e := s.about(a, s.event(o.typ+"-end", o.id, w))
			e.AreaID, e.AreaName = o.zone.id, o.zone.name
			e.Duration = new(int64)
			*e.Duration = s.now - o.since
			return e
		})
		return
	}
}

func (s *scene) endAll(a *actor) {
	for len(a.open) > 0 {
		s.end(a, a.open[len(a.open)-1].id)
	}
}

// about adds to an event whose it is.
func (s *scene) about(a *actor, e *eventPayload) *eventPayload {
	where := a.box
	e.Class, e.Track, e.Location = a.class, a.id, &where
	return e
}

// cause tells an event of an actor, and its pictures before and after it.
func (s *scene) cause(a *actor, typ, id string, complete func(*eventPayload)) {
	a.events = append(a.events, id)
	pictures := 1 + s.rng.IntN(10)/6 + s.rng.IntN(10)/9
	if s.rng.IntN(4) == 0 {
		s.crop(a, a.box, id, s.now-frame, s.now)
		pictures--
	}
	s.tell(typ, func(w stamp) any {
		e := s.about(a, s.event(typ, id, w))
		complete(e)
		return e
	})
	s.release(a)
	for range pictures {
		at, where := s.now, a.box
		s.after(1+s.rng.Int64N(7), func() { s.crop(a, where, id, at, at) })
	}
}
