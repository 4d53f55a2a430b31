package simulator

import (
	"cmp"
	_ "embed" // for the scene
	"fmt"
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

// spots are the places in the frame.
var spots = [...]struct{ x, y float64 }{wire: {0.45, 0.3}, area: {0.42, 0.68}, side: {0.82, 0.7}}

// row is one line of the scene: at this second, the actor causes a record of this
// type at this place. An actor is an object class and a number.
type row struct {
	second float64
	typ    string
	actor  string
	place  place
}

//go:embed scene.txt
var sceneText string

// sceneRows returns the scene, grouped by actor.
func sceneRows() (rows []row) {
	for line := range strings.Lines(sceneText) {
		var r row
		var name string
		if n, _ := fmt.Sscan(line, &r.second, &r.typ, &r.actor, &name); n == 4 { // not a comment
			r.place = map[string]place{"wire": wire, "area": area, "side": side}[name]
			rows = append(rows, r)
		}
	}
	return rows
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
	media int64 // when what it describes happens
	typ   string
	place place
	visit *visit     // nil for statistics
	event *happening // of an event or a crop
	count int        // how many attributes of this visit came before
}

// scene generates the records of one instance. The same seed produces the same
// records; only their wall-clock times depend on base. It is not safe for concurrent
// use.
type scene struct {
	instance *instance
	rng      *rand.Rand
	looks    []*look
	base     time.Time // the wall clock when the scene begins
	rate     float64   // records per second; 0: when they are due
	large    bool      // crops of 30 to 60 KB instead of 5 to 20

	rows    []row // of the table
	rounds  int64 // runs through the table so far
	sent    int64
	pending []entry // by time
}

func newScene(in *instance, seed uint64, base time.Time) *scene {
	return &scene{instance: in, base: base, looks: looks(), rows: sceneRows(), rng: rand.New(rand.NewPCG(seed, hash(in.ID)))}
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
	if s.rounds > 0 { // in the first round, the first event is due immediately
		shift += s.rng.Int64N(5000)
	}
	s.rounds++
	for rows := s.rows; len(rows) > 0; {
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
	class, _, _ := strings.Cut(rows[0].actor, "-")
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

// addTracks adds the tracks of a visit. Tracks that were held back are sent together
// with the first event, later ones when they are made.
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

// feet returns the position of the actor at a time, in fractions of the frame, and
// whether it is moving from one row's place to the next.
func (v *visit) feet(at int64) (x, y float64, moving bool) {
	i := slices.IndexFunc(v.rows, func(r row) bool { return v.at(r) > at })
	if i < 0 {
		i = len(v.rows)
	}
	from, to := v.rows[max(i-1, 0)], v.rows[min(i, len(v.rows)-1)]
	part := 0.0
	if moving = from.place != to.place; moving {
		part = float64(at-v.at(from)) / float64(v.at(to)-v.at(from))
	}
	a, b := spots[from.place], spots[to.place]
	return a.x + part*(b.x-a.x) + v.dx, a.y + part*(b.y-a.y) + v.dy, moving
}
