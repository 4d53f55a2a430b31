package simulator

import "bytes"

// crop sends a picture of an actor that belongs to an event: taken and of are
// the media times of the picture and of the event.
func (s *scene) crop(a *actor, where box, event string, taken, of int64) {
	mark, image := s.album.picture(a.look, s.rng.Uint64())
	s.put("crop", func(w stamp) item {
		payload := marshal(&cropPayload{
			ID: "crop", Version: 1, Confidence: double(0.7 + 0.29*s.rng.Float64()), Taken: taken, Media: of,
			Image: mark, Instance: s.instance, Location: where, Event: event, Track: a.id, stamp: w,
		})
		cut := bytes.Index(payload, []byte(mark)) + len(mark)
		return item{payload: payload, image: image, cut: cut}
	})
}

// attributes tells what an actor looks like, as its pictures show it.
func (s *scene) attributes(a *actor) {
	colour := s.album.paints[a.look.colour].name
	pairs := [][2]string{}
	switch a.class {
	case "Person":
		pairs = append(pairs, [2]string{"upper_color", colour})
		if s.rng.IntN(3) == 0 {
			pairs = append(pairs, [2]string{"backpack", "true"})
		}
	case "Vehicle":
		pairs = append(pairs, [2]string{"vehicle_color", colour}, [2]string{"vehicle_class", "car"})
	}
	for _, p := range pairs {
		s.tell("attribute", func(w stamp) any {
			return &attributePayload{
				ID: "attribute", Version: 1, Media: s.now, Instance: s.instance, Name: p[0], Track: a.id, Value: p[1], stamp: w,
			}
		})
	}
}
