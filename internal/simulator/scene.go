package simulator

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Media times are in milliseconds since the scene began.
const (
	frame         = 100 // an object's place is told ten times a second
	statsEvery    = 5000
	loiterAfter   = 8000
	dwellAfter    = 5000
	tailgateUnder = 1500
	crowdFrom     = 3
	historyLength = 10 // tracks kept of an object that has caused nothing yet
)

// scene makes up what one instance sees. It is pulled: next runs it until
// there is something to tell. The same seed tells the same story; only the
// wall-clock times depend on base. Not safe for concurrent use.
type scene struct {
	*place
	rng   *rand.Rand
	album *album
	base  time.Time // the wall clock at media time 0
	rate  float64   // events a second; 0: when they happen

	now     int64 // media time
	told    int64 // events so far
	burst   int64 // events of this frame so far
	enterAt int64 // when the next visitors come
	cast    []*actor
	later   []followUp
	ready   []item // to be taken, in order
	crossed crossing
	crowded bool
	phase   int64 // of the statistics
	dropped int64 // frames
}

// crossing is the last time that somebody crossed the tripwire.
type crossing struct {
	at        int64
	direction string
}

// followUp is something that is told some frames after what it belongs to.
type followUp struct {
	at   int64
	tell func()
}

// newScene sets the stage. The first visitor reaches the tripwire after first
// milliseconds.
func newScene(p *place, a *album, seed uint64, base time.Time, first int64) *scene {
	s := &scene{place: p, album: a, base: base, rng: named(p.instance)}
	s.rng = rand.New(rand.NewPCG(seed, s.rng.Uint64()))
	s.phase = s.rng.Int64N(statsEvery) / frame * frame
	s.enter(&visit{class: s.walker(), path: s.through(), lead: first, speed: 0.13})
	s.enterAt = first + 9000 + s.rng.Int64N(9000)
	return s
}

// next returns the next event.
func (s *scene) next() item {
	for len(s.ready) == 0 {
		s.step()
	}
	it := s.ready[0]
	s.ready = s.ready[1:]
	return it
}

// step runs the scene for one frame.
func (s *scene) step() {
	s.now += frame
	s.burst = 0
	if s.now >= s.enterAt {
		s.visitors()
		s.enterAt = s.now + 10000 + s.rng.Int64N(14000)
	}
	s.followUps()
	for _, a := range s.cast {
		s.move(a)
	}
	s.crowd()
	s.cast = slices.DeleteFunc(s.cast, func(a *actor) bool { return a.gone })
	s.oddities()
	if (s.now+s.phase)%statsEvery == 0 {
		s.statistics()
	}
}

func (s *scene) followUps() {
	due := 0
	for _, f := range s.later {
		if f.at > s.now {
			break
		}
		f.tell()
		due++
	}
	s.later = s.later[due:]
}

// after has tell called in n frames.
func (s *scene) after(n int64, tell func()) {
	at := s.now + n*frame
	i := len(s.later)
	for i > 0 && s.later[i-1].at > at {
		i--
	}
	s.later = slices.Insert(s.later, i, followUp{at, tell})
}

// tell sends an event now. The payload is made when its wall-clock time is
// known: the events of one frame follow each other by a millisecond.
func (s *scene) tell(typ string, payload func(stamp) any) {
	s.put(typ, func(w stamp) item { return item{payload: marshal(payload(w))} })
}

func (s *scene) put(typ string, build func(stamp) item) {
	due := time.Duration(s.now+s.burst) * time.Millisecond
	s.told++
	if s.rate > 0 {
		due = time.Duration(float64(s.told) / s.rate * float64(time.Second))
	}
	it := build(wall(s.base.Add(due)))
	it.typ, it.at = typ, due
	s.ready = append(s.ready, it)
	s.burst++
}

// oddities are what happens now and then without anybody in sight.
func (s *scene) oddities() {
	switch n := s.rng.IntN(3000); {
	case n < 2:
		spot := box{X: 0.3 + double(s.rng.Float64()*0.3), Y: 0.6, Width: 0.06, Height: 0.05}
		s.tell("event-object-left-removed", func(w stamp) any {
			e := s.event("event-object-left-removed", uuid(s.rng), w)
			e.Class, e.Location = "Unknown", &spot
			e.AreaID, e.AreaName = s.forbidden.id, s.forbidden.name
			return e
		})
	case n == 2:
		s.tell("event-status-changed", func(w stamp) any {
			return s.event("event-status-changed", uuid(s.rng), w)
		})
	}
}

// crowd tells when the forbidden area holds too many people.
func (s *scene) crowd() {
	var targets []target
	for _, a := range s.cast {
		if a.class == "Person" && !a.gone && s.forbidden.holds(a.x, a.y) {
			targets = append(targets, target{a.box, a.class, a.id})
		}
	}
	if len(targets) < crowdFrom {
		s.crowded = false
		return
	}
	if s.crowded {
		return
	}
	s.crowded = true
	s.tell("event-crowd-detection", func(w stamp) any {
		e := s.event("event-crowd-detection", uuid(s.rng), w)
		e.AreaID, e.AreaName, e.Targets = s.forbidden.id, s.forbidden.name, targets
		return e
	})
}

// event is what all events of this scene have.
func (s *scene) event(typ, id string, w stamp) *eventPayload {
	return &eventPayload{ID: typ, Version: 1, Event: id, Media: s.now, Instance: s.instance, stamp: w}
}

func (s *scene) statistics() {
	if s.rng.IntN(6) == 0 {
		s.dropped += 1 + s.rng.Int64N(4)
	}
	fps := 24.2 + s.rng.Float64()
	s.tell("statistics", func(w stamp) any {
		return &statisticsPayload{
			ID: "statistics", Version: 1, Instance: s.instance, stamp: w,
			Frames: s.now*25/1000 - s.dropped, Framerate: double(fps), Source: 25,
			Latency: double(30 + 25*s.rng.Float64()), Queue: s.rng.IntN(3), Dropped: s.dropped,
			Size: "1280x720", SourceRes: "1920x1080", Format: "BGR", Started: s.base.Unix(),
		}
	})
}
