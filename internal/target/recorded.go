package target

import (
	"strings"

	"github.com/rtev/rtev/internal/config"
	"github.com/rtev/rtev/internal/event"
)

// mostRecorded is the largest number of instances that a recording may name
// before they are no longer remembered.
const mostRecorded = 10_000

// Recorded returns the instances of recorded and of spooled events, which carry
// no more than an id. It is not safe for concurrent use.
type Recorded struct {
	Named []config.Named        // names for ids, of the config file
	Found func(*event.Instance) // is called for each new one; may be nil

	known map[string]*event.Instance
}

// Locate returns the instance of an id, whose bytes need not last.
func (r *Recorded) Locate(id string) *event.Instance {
	if in := r.known[id]; in != nil {
		return in
	}
	id = strings.Clone(id)
	if len(r.known) == mostRecorded {
		return &event.Instance{ID: id, Name: id}
	}
	in := &event.Instance{ID: id, Name: id, Order: len(r.known)}
	for _, n := range r.Named {
		if strings.EqualFold(n.ID, id) {
			in.Name = n.Name
		}
	}
	if r.known == nil {
		r.known = map[string]*event.Instance{}
	}
	r.known[id] = in
	if r.Found != nil {
		r.Found(in)
	}
	return in
}
