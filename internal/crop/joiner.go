package crop

import "github.com/rtev/rtev/internal/event"

// Joiner joins the crops of one source with what they refer to, in two steps of a
// chain, with filters between them: a crop is joined with an event or a track that
// was seen before it, whether the filters passed that or not, and the filters see
// crops as they were sent. No crop waits. One goroutine may use it at a time.
type Joiner struct{ memory }

// See remembers an event or a track. It returns true.
func (j *Joiner) See(ev *event.Event) bool {
	if !isCrop(ev) {
		j.learn(ev)
	}
	return true
}

// Join sets the Ref of a crop to the event, or else the track, that it refers to.
// It returns true.
func (j *Joiner) Join(ev *event.Event) bool {
	if isCrop(ev) {
		ev.Ref = j.ref(idAt(refEvent, ev), idAt(refTrack, ev))
	}
	return true
}
