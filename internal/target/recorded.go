package target

import (
	"strings"

	"github.com/rtev/rtev/internal/config"
	"github.com/rtev/rtev/internal/event"
)

// mostRecorded is the largest number of instances that a recording may name
// before they are no longer remembered.
const mostRecorded = 10_000

// Recorded finds the instances of recorded and spooled events, which contain only
// an id. It is not safe for concurrent use.
type Recorded struct {
	Named []config.Named        // names of ids, from the config file
	Found func(*event.Instance) // called for each new instance; may be nil

	known map[string]*event.Instance
}

// Locate returns the instance with an id. It copies id if it keeps it.
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
