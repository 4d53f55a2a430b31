package simulator

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// All times in this file are media times: milliseconds since the scene began.
const (
	sceneLength   = 90_000 // after which the scene starts over
	trackEvery    = 100
	statsEvery    = 5000
	heldTracks    = 10     // tracks that the server holds back until an object causes an event
	mediaAtStart  = 10_000 // event_timestamp_ms when the scene begins
	firstStats    = 2500
	instanceShift = 30_000 // between the scenes of two instances
)

// A place is where something happens. Each instance has one of each.
type place int

const (
	wire place = iota // the tripwire
	area              // the first area, where nobody should be
	side              // the second area
)

// row is one line of the scene: at this second, the actor causes a record of
// this type at this place. An actor is an object class and a number.
type row struct {
	second float64
	typ    string
	actor  string
	place  place
}

// sceneRows returns the scene, grouped by actor. A crop belongs to the
// actor's latest event or, before the first one, to that one.
func sceneRows() []row {
	return []row{
		{0.2, "event-line-crossing", "Person 1", wire},
		{0.3, "event-count-changed", "Person 1", wire},
		{0.6, "crop", "Person 1", wire},
		{2, "event-intrusion", "Person 1", area},
		{2.5, "crop", "Person 1", area},
		{2.6, "attribute", "Person 1", area},
		{10, "event-loitering", "Person 1", area},
		{10.4, "crop", "Person 1", area},
		{15, "event-loitering-end", "Person 1", area},
		{15, "event-intrusion-end", "Person 1", area},

		{18, "event-line-crossing", "Vehicle 1", wire},
		{18.1, "event-count-changed", "Vehicle 1", wire},
		{20, "event-area-enter", "Vehicle 1", side},
		{20.3, "crop", "Vehicle 1", side},
		{20.5, "attribute", "Vehicle 1", side},
		{20.6, "attribute", "Vehicle 1", side},
		{25, "event-dwelling", "Vehicle 1", side},
		{31, "event-area-exit", "Vehicle 1", side},

		{35, "event-intrusion", "Person 2", area},
		{41, "event-intrusion-end", "Person 2", area},
		{36, "event-intrusion", "Person 3", area},
		{42, "event-intrusion-end", "Person 3", area},
		{37, "event-intrusion", "Person 4", area},
		{38, "event-crowd-detection", "Person 4", area},
		{38.4, "crop", "Person 4", area},
		{43, "event-intrusion-end", "Person 4", area},

		{47, "event-line-crossing", "Person 5", wire},
		{48, "event-line-crossing", "Person 6", wire},
		{48.1, "event-tailgating", "Person 6", wire},
		{48.5, "crop", "Person 6", wire},
		{55, "event-line-crossing", "Person 6", wire},

		{60, "event-intrusion", "Person 7", area},
		{62, "event-fallen-person", "Person 7", area},
		{62.3, "crop", "Person 7", area},
		{70, "event-fallen-person-end", "Person 7", area},
		{71, "event-intrusion-end", "Person 7", area},

		{74.8, "crop", "Person 8", area},
		{75, "event-intrusion", "Person 8", area},
		{75.5, "event-armed-person", "Person 8", area},
		{75.8, "crop", "Person 8", area},
		{80, "event-armed-person-end", "Person 8", area},
		{80.2, "event-intrusion-end", "Person 8", area},

		{82, "event-line-crossing", "Animal 1", wire},
		{82.3, "crop", "Animal 1", wire},
		{85, "event-line-crossing", "Animal 1", wire},

		{86, "event-object-left-removed", "Unknown 1", area},
		{88, "event-status-changed", "Unknown 2", area},
	}
}

// visit is one actor's part in one run through the scene.
type visit struct {
	rows   []row
	start  int64   // of the first row
	pace   float64 // 1: as fast as the table says
	dx, dy float64 // distance from the middle of each place
	look   *look
	track  string       // tracking_id
	events []*happening // with an object
}

// happening is an event of a visit.
type happening struct {
	id, typ   string
	at        int64
	direction string // of a line crossing
}

// at returns when a row of the visit is due.
func (v *visit) at(r row) int64 {
	return v.start + int64(v.pace*1000*(r.second-v.rows[0].second))
}

// entry is a record that the scene will produce.
type entry struct {
	at    int64 // when it is sent
	media int64 // what it is about
	typ   string
	place place
	visit *visit     // nil for statistics
	event *happening // of an event or a crop
	count int        // how many attributes of this visit came before
}

// scene makes up what one instance sees. The same seed produces the same
// records; only the wall-clock times depend on base. Not safe for concurrent
// use.
type scene struct {
	instance *instance
	rng      *rand.Rand
	looks    []*look
	base     time.Time // the wall clock when the scene begins
	rate     float64   // records per second; 0: when they are due
	large    bool      // crops of 30 to 60 KB instead of 5 to 20

	rounds  int64 // runs through the table so far
	sent    int64
	pending []entry // by time
}

func newScene(in *instance, seed uint64, base time.Time) *scene {
	return &scene{instance: in, base: base, looks: looks(), rng: rand.New(rand.NewPCG(seed, hash(in.ID)))}
}

// next returns the next record.
func (s *scene) next() item { return s.item(s.advance()) }

// advance returns the next entry. Entries of one round may be due in the next.
func (s *scene) advance() entry {
	for len(s.pending) == 0 || s.pending[0].at >= s.rounds*sceneLength {
		s.addRound()
	}
	e := s.pending[0]
	s.pending = s.pending[1:]
	return e
}

// item makes the record of an entry.
func (s *scene) item(e entry) item {
	s.sent++
	due := time.Duration(e.at) * time.Millisecond
	if s.rate > 0 {
		due = time.Duration(float64(s.sent) / s.rate * float64(time.Second))
	}
	return newItem(e.typ, s.payload(e, s.base.Add(due)), due)
}

// addRound adds one run through the table to the pending entries.
func (s *scene) addRound() {
	start := s.rounds * sceneLength
	shift := int64(s.instance.order) * instanceShift
	if s.rounds > 0 { // the first event comes at once
		shift += s.rng.Int64N(5000)
	}
	s.rounds++
	for rows := sceneRows(); len(rows) > 0; {
		n := slices.IndexFunc(rows, func(r row) bool { return r.actor != rows[0].actor })
		if n < 0 {
			n = len(rows)
		}
		first := (int64(rows[0].second*1000) + shift) % sceneLength
		s.addVisit(rows[:n], start+first)
		rows = rows[n:]
	}
	for at := start + firstStats; at < start+sceneLength; at += statsEvery {
		s.pending = append(s.pending, entry{at: at, media: at, typ: "statistics"})
	}
	slices.SortStableFunc(s.pending, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
}

// addVisit adds the records of one actor.
func (s *scene) addVisit(rows []row, start int64) {
	class, _, _ := strings.Cut(rows[0].actor, " ")
	v := &visit{
		rows: rows, start: start, pace: 0.9 + 0.2*s.rng.Float64(), track: uuid(s.rng),
		dx: 0.2 * (s.rng.Float64() - 0.5), dy: 0.2 * (s.rng.Float64() - 0.5), look: s.look(class),
	}
	entries := make([]entry, len(rows))
	attributes, crossings := 0, 0
	for i, r := range rows {
		e := &entries[i]
		*e = entry{at: v.at(r), media: v.at(r), typ: r.typ, place: r.place, visit: v}
		begun, isEnd := strings.CutSuffix(r.typ, "-end")
		switch {
		case r.typ == "attribute":
			e.count = attributes
			attributes++
		case isEnd:
			e.event = v.events[slices.IndexFunc(v.events, func(h *happening) bool { return h.typ == begun })]
		case r.typ != "crop":
			e.event = &happening{id: uuid(s.rng), typ: r.typ, at: e.at}
			if hasObject(r.typ) {
				v.events = append(v.events, e.event)
			}
			if r.typ == "event-line-crossing" {
				e.event.direction = []string{"down", "up"}[crossings%2]
				crossings++
			}
		case len(v.events) > 0:
			e.event = v.events[len(v.events)-1]
		}
	}
	for i := range entries {
		if entries[i].typ == "crop" && entries[i].event == nil {
			entries[i].event = v.events[0]
		}
	}
	s.pending = append(s.pending, entries...)
	if v.look != nil {
		s.addTracks(v)
	}
}

// hasObject reports whether events of a type name the object that caused them.
func hasObject(typ string) bool {
	return !slices.Contains([]string{"event-count-changed", "event-crowd-detection", "event-object-left-removed", "event-status-changed"}, typ)
}

// addTracks adds the tracks of a visit: those that were held back at once
// with the first event, the others as they are made.
func (s *scene) addTracks(v *visit) {
	first, last := v.events[0].at, v.at(v.rows[len(v.rows)-1])
	for at := first - heldTracks*trackEvery; at <= last; at += trackEvery {
		s.pending = append(s.pending, entry{at: max(at, first), media: at, typ: "track", visit: v})
	}
}

// look returns one of the looks of a class, or nil if the class has none.
func (s *scene) look(class string) *look {
	var fit []*look
	for _, l := range s.looks {
		if l.class == class {
			fit = append(fit, l)
		}
	}
	if fit == nil {
		return nil
	}
	return fit[s.rng.IntN(len(fit))]
}

// feet returns where the actor stands at a time, in fractions of the frame,
// and whether it moves.
func (v *visit) feet(at int64) (x, y float64, moving bool) {
	spot := func(p place) (x, y float64) {
		return []float64{0.45, 0.42, 0.82}[p] + v.dx, []float64{0.3, 0.68, 0.7}[p] + v.dy
	}
	i := slices.IndexFunc(v.rows, func(r row) bool { return v.at(r) > at })
	if i <= 0 {
		x, y = spot(v.rows[len(v.rows)-1].place)
		if i == 0 {
			x, y = spot(v.rows[0].place)
		}
		return x, y, i == 0
	}
	from, to := v.rows[i-1], v.rows[i]
	part := float64(at-v.at(from)) / float64(v.at(to)-v.at(from))
	x0, y0 := spot(from.place)
	x1, y1 := spot(to.place)
	return x0 + part*(x1-x0), y0 + part*(y1-y0), from.place != to.place
}
