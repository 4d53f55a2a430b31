package simulator

import (
	"cmp"
	"embed"
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
	firstStats    = 2500
	heldBack      = 1000   // tracks of this time wait until an object causes an event
	mediaAtStart  = 10_000 // event_timestamp_ms when the scene begins
	instanceShift = 30_000 // between the scenes of two instances
)

//go:embed scene.txt
var sceneText string

//go:embed pictures/*.jpg
var pictures embed.FS

// spots are the places in the frame.
var spots = map[string]struct{ x, y float64 }{"wire": {0.45, 0.3}, "area": {0.42, 0.68}, "side": {0.82, 0.7}}

// row is one line of the scene.
type row struct {
	second                    float64
	typ, actor, place, detail string
}

// sceneRows returns the scene as visits: the rows of one actor each.
func sceneRows() (visits [][]row) {
	for paragraph := range strings.SplitSeq(sceneText, "\n\n") {
		var rows []row
		for line := range strings.Lines(paragraph) {
			var r row
			if n, _ := fmt.Sscan(line, &r.second, &r.typ, &r.actor, &r.place, &r.detail); n >= 4 { // not a comment
				rows = append(rows, r)
			}
		}
		visits = append(visits, rows)
	}
	return visits
}

// entry is a record that the scene will produce.
type entry struct {
	at     int64 // when it is sent
	typ    string
	stored bool           // in the database
	fill   func(o object) // adds the members that depend on the type
}

// scene generates the records of one instance. The same seed produces the same
// records; only their wall-clock times depend on base. It is not safe for concurrent
// use.
type scene struct {
	instance *instance
	rng      *rand.Rand
	base     time.Time // the wall clock when the scene begins
	rate     float64   // records per second; 0: when they are due

	visits  [][]row
	rounds  int64 // runs through the table so far
	sent    int64
	pending []entry // by time
}

func newScene(in *instance, seed uint64, base time.Time) *scene {
	return &scene{instance: in, base: base, visits: sceneRows(), rng: rand.New(rand.NewPCG(seed, Hash([]byte(in.ID))))}
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
	at := s.base.Add(due)
	o := object{
		"$id": e.typ, "$version": 1, "instance_id": s.instance.ID,
		"system_datetime": at.UTC().Format("2006-01-02T15:04:05Z"), "system_timestamp": at.UnixMilli(),
	}
	e.fill(o)
	it := item{typ: e.typ, payload: marshal(o), at: due}
	if e.stored {
		it.stored = storedRow(o, at)
	}
	return it
}

// addRound adds one run through the table to the pending entries.
func (s *scene) addRound() {
	start := s.rounds * sceneLength
	shift := int64(s.instance.order) * instanceShift
	if s.rounds > 0 { // in the first round, the first event is due immediately
		shift += s.rng.Int64N(5000)
	}
	s.rounds++
	var visits []*visit
	for _, rows := range s.visits {
		v := s.newVisit(rows, start+(int64(rows[0].second*1000)+shift)%sceneLength)
		visits = append(visits, v)
		v.addRows(visits[max(0, len(visits)-3):])
		v.addTracks()
	}
	for at := start + firstStats; at < start+sceneLength; at += statsEvery {
		s.pending = append(s.pending, entry{at: at, typ: "statistics", fill: func(o object) { s.fillStatistics(o, at) }})
	}
	slices.SortStableFunc(s.pending, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
}

func (s *scene) fillStatistics(o object, at int64) {
	dropped := at / 30_000
	o["frames_processed"], o["dropped_frames_count"] = at*25/1000-dropped, dropped
	o["current_framerate"], o["source_framerate"] = double(24.2+s.rng.Float64()), double(24.97)
	o["latency"], o["input_queue_size"] = double(30+25*s.rng.Float64()), s.rng.IntN(3)
	o["start_time"], o["format"] = s.base.Unix(), "BGR"
	o["resolution"], o["source_resolution"] = "1280x720", "1920x1080"
}

// visit is one actor's part in one run through the scene.
type visit struct {
	scene   *scene
	rows    []row
	start   int64   // of the first row
	pace    float64 // 1: as fast as the table says
	dx, dy  float64 // distance from each place
	class   string  // "-": no object
	picture string  // "": neither pictures nor tracks
	track   string  // tracking_id
	events  []*happening
}

// happening is an event that an object caused.
type happening struct {
	id, typ string
	at      int64
}

func (s *scene) newVisit(rows []row, start int64) *visit {
	class, picture, _ := strings.Cut(rows[0].actor, "-")
	return &visit{
		scene: s, rows: rows, start: start, pace: 0.9 + 0.2*s.rng.Float64(), track: uuid(s.rng),
		dx: 0.2 * (s.rng.Float64() - 0.5), dy: 0.2 * (s.rng.Float64() - 0.5), class: class, picture: picture,
	}
}

// at returns when a row of the visit is due.
func (v *visit) at(r row) int64 {
	return v.start + int64(v.pace*1000*(r.second-v.rows[0].second))
}

func (v *visit) add(at int64, typ string, stored bool, fill func(o object)) {
	v.scene.pending = append(v.scene.pending, entry{at, typ, stored, fill})
}

// addRows adds the records of the table. The latest visits are the crowd of its crowd
// detection.
func (v *visit) addRows(latest []*visit) {
	for _, r := range v.rows {
		if r.typ != "attribute" {
			v.addEvent(r, latest)
			continue
		}
		at := v.at(r)
		name, value, _ := strings.Cut(r.detail, "=")
		v.add(at, r.typ, false, func(o object) {
			o["event_timestamp_ms"], o["ref_tracking_id"] = mediaAtStart+at, v.track
			o["name"], o["value"] = name, value
		})
	}
}

// addEvent adds an event and, if an object caused it, one or two crops.
func (v *visit) addEvent(r row, latest []*visit) {
	in, at := v.scene.instance, v.at(r)
	h := &happening{id: uuid(v.scene.rng), typ: r.typ, at: at}
	begun, isEnd := strings.CutSuffix(r.typ, "-end")
	if isEnd {
		h = v.events[slices.IndexFunc(v.events, func(h *happening) bool { return h.typ == begun })]
	}
	v.add(at, r.typ, true, func(o object) {
		o["event_id"], o["event_timestamp_ms"] = h.id, mediaAtStart+at
		if isEnd {
			o["event_duration_ms"] = at - h.at
		}
		switch r.place {
		case "wire":
			o["tripwire_id"], o["tripwire_name"] = named(in.ID+r.place), in.Tripwire
		case "area":
			o["area_id"], o["area_name"] = named(in.ID+r.place), in.Areas[0]
		case "side":
			o["area_id"], o["area_name"] = named(in.ID+r.place), in.Areas[1]
		}
		if r.actor != "-" {
			v.fillObject(o, at)
		}
		if r.typ == "event-crowd-detection" {
			o["targets"] = targets(latest, at)
		}
		if r.detail != "" {
			o["crossing_direction"] = r.detail
		}
	})
	if v.picture != "" && r.actor != "-" && !isEnd {
		v.events = append(v.events, h)
		v.addCrops(h)
	}
}

// fillObject adds class, place and track of the visit's object.
func (v *visit) fillObject(o object, at int64) {
	o["object_class"], o["location"] = v.class, v.box(at)
	if v.picture != "" {
		o["ref_tracking_id"] = v.track
	}
}

func targets(crowd []*visit, at int64) (list []object) {
	for _, v := range crowd {
		o := object{}
		v.fillObject(o, at)
		list = append(list, o)
	}
	return list
}

// addCrops adds pictures of the object from shortly before or after an event.
func (v *visit) addCrops(h *happening) {
	rng := v.scene.rng
	for range 1 + rng.IntN(2) {
		at := max(v.start, h.at-200+rng.Int64N(1000))
		v.add(at, "crop", false, func(o object) {
			o["event_timestamp_ms"], o["crop_timestamp_ms"] = mediaAtStart+h.at, mediaAtStart+at
			o["ref_event_id"], o["ref_tracking_id"] = h.id, v.track
			o["confidence"], o["location"] = double(0.7+0.29*rng.Float64()), v.box(at)
			o["image"] = image("pictures/"+v.class+"-"+v.picture+".jpg", rng)
		})
	}
}

// addTracks adds the tracks of the visit's object. Tracks that were held back are sent
// together with the first event, later ones when they are made. Every tenth is stored.
func (v *visit) addTracks() {
	if v.picture == "" {
		return
	}
	first, last := v.start-heldBack, v.at(v.rows[len(v.rows)-1])
	for at := first; at <= last; at += trackEvery {
		v.add(max(at, v.start), "track", (at-first)%(10*trackEvery) == 0, func(o object) {
			events := []string{}
			for _, h := range v.events {
				if h.at <= max(at, v.start) {
					events = append(events, h.id)
				}
			}
			_, _, moving := v.feet(at)
			o["event_timestamp_ms"], o["age_ms"], o["is_moving"] = mediaAtStart+at, at-first, moving
			o["object_class"], o["tracking_id"], o["location"] = v.class, v.track, v.box(at)
			o["detection_confidence"], o["events"] = double(0.75+0.2*v.scene.rng.Float64()), events
		})
	}
}

// feet returns the position of the actor at a time, in fractions of the frame, and 1
// if it is moving from one row's place to the next, else 0.
func (v *visit) feet(at int64) (x, y float64, moving int) {
	i := slices.IndexFunc(v.rows, func(r row) bool { return v.at(r) > at })
	if i < 0 {
		i = len(v.rows)
	}
	from, to := v.rows[max(i-1, 0)], v.rows[min(i, len(v.rows)-1)]
	part := 0.0
	if from.place != to.place {
		moving, part = 1, float64(at-v.at(from))/float64(v.at(to)-v.at(from))
	}
	a, b := spots[from.place], spots[to.place]
	return a.x + part*(b.x-a.x) + v.dx, a.y + part*(b.y-a.y) + v.dy, moving
}

// box returns the box around the actor: larger when nearer, and never still.
func (v *visit) box(at int64) object {
	x, y, _ := v.feet(at)
	h := 0.08 + 0.2*y
	w := h * 0.3
	if v.class != "Person" {
		w, h = h*0.8, h*0.6
	}
	shake := func() float64 { return (v.scene.rng.Float64() - 0.5) * 0.004 }
	return object{"x": double(x - w/2 + shake()), "y": double(y - h + shake()), "width": double(w), "height": double(h)}
}
