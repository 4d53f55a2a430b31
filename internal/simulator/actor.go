package simulator

import "math"

// actor is somebody or something in the scene.
type actor struct {
	id    string
	class string
	look  look
	path  []stop
	speed float64 // fractions of the frame a second

	x, y   float64 // the feet
	wait   int64   // until when it stands still
	moving bool
	born   int64
	box    box
	gone   bool

	told   bool           // it has caused an event: from now on its tracks are sent
	held   []trackPayload // its latest places before that
	events []string       // ids of the events that it caused
	open   []span         // begun and not ended
	zones  [2]int64       // since when it has been in the forbidden and the watched area; 0: it is not
}

// stop is a point on a path, and how long to stay there.
type stop struct {
	x, y float64
	stay int64
	act  string // event type that begins at this stop and ends when the stay is over
}

// span is an event that has begun and will have an end.
type span struct {
	typ, id string
	zone    *zone
	since   int64
}

// visit is how somebody enters.
type visit struct {
	class string
	path  []stop
	speed float64
	lead  int64 // milliseconds before the path's first point
}

// enter puts somebody on the stage, at a distance from the first point of the
// path, in a straight line with the second.
func (s *scene) enter(v *visit) {
	from, to := v.path[0], v.path[1]
	way := math.Hypot(to.x-from.x, to.y-from.y)
	back := v.speed * float64(v.lead) / 1000 / way
	a := &actor{
		id: uuid(s.rng), class: v.class, path: v.path[1:], speed: v.speed, born: s.now,
		x: from.x - (to.x-from.x)*back, y: from.y - (to.y-from.y)*back,
		look: look{v.class, s.rng.IntN(len(s.album.paints)), s.rng.IntN(variants)},
	}
	s.cast = append(s.cast, a)
}

// move takes an actor one frame further and tells what that causes.
func (s *scene) move(a *actor) {
	y := a.y
	s.walk(a)
	a.box = s.boxOf(a)
	direction := ""
	switch {
	case y < s.wire.y && a.y >= s.wire.y:
		direction = "down"
	case y >= s.wire.y && a.y < s.wire.y:
		direction = "up"
	}
	if direction != "" {
		s.cross(a, direction)
	}
	s.inForbidden(a)
	s.inWatched(a)
	if !a.gone {
		s.track(a)
	}
}

func (s *scene) walk(a *actor) {
	a.moving = false
	if s.now < a.wait {
		return
	}
	if len(a.path) == 0 {
		a.gone = true
		return
	}
	a.moving = true
	to := a.path[0]
	dx, dy := to.x-a.x, to.y-a.y
	way, reach := math.Hypot(dx, dy), a.speed*frame/1000
	if way > reach {
		a.x += dx / way * reach
		a.y += dy / way * reach
		return
	}
	a.x, a.y, a.path = to.x, to.y, a.path[1:]
	a.wait = s.now + to.stay
	if to.act != "" {
		s.begin(a, to.act, &s.forbidden)
		end := len(a.open) - 1
		id := a.open[end].id
		s.after(to.stay/frame, func() { s.end(a, id) })
	}
}

// boxOf is the box round an actor: larger when nearer, and never quite still.
func (s *scene) boxOf(a *actor) box {
	h := 0.08 + 0.2*max(a.y, 0)
	w := h * 0.3
	switch a.class {
	case "Vehicle":
		w, h = h*0.9, h*0.7
	case "Animal":
		w, h = h*0.4, h*0.3
	}
	shake := func() float64 { return (s.rng.Float64() - 0.5) * 0.004 }
	clip := func(v float64) double { return double(min(max(v, 0), 1)) }
	x0, y0 := clip(a.x-w/2+shake()), clip(a.y-h+shake())
	return box{X: x0, Y: y0, Width: min(double(w), 1-x0), Height: min(double(h), 1-y0)}
}

// track tells where an actor is, or keeps it until the actor causes something.
func (s *scene) track(a *actor) {
	moving := 0
	if a.moving {
		moving = 1
	}
	t := trackPayload{
		ID: "track", Version: 1, Age: s.now - a.born, Media: s.now, Instance: s.instance, Moving: moving,
		Confidence: double(0.75 + 0.2*s.rng.Float64()), Location: a.box, Class: a.class, Track: a.id,
	}
	if !a.told {
		if len(a.held) == historyLength {
			a.held = a.held[1:]
		}
		a.held = append(a.held, t)
		return
	}
	s.tellTrack(a, t)
}

func (s *scene) tellTrack(a *actor, t trackPayload) {
	s.tell("track", func(w stamp) any {
		t.stamp, t.Events = w, a.events
		return &t
	})
}

// release sends what was kept of an actor that has just caused its first
// event: its history in one burst, with media times that lie back.
func (s *scene) release(a *actor) {
	if a.told {
		return
	}
	a.told = true
	for _, t := range a.held {
		s.tellTrack(a, t)
	}
	a.held = nil
	s.after(1+s.rng.Int64N(4), func() { s.attributes(a) })
}
