package target

import (
	"strings"

	"github.com/rtev/rtev/internal/config"
	"github.com/rtev/rtev/internal/event"
)

// mostRecorded is the largest number of instances that a recording may name
// before they are no longer remembered.
const mostRecorded = 10_000

// Recorded returns a function that finds the instances of recorded and spooled
// events, which contain only an id, with their names in the config file. It calls
// found for each new instance, copies an id if it keeps it, and is not safe for
// concurrent use.
func Recorded(named []config.Named, found func(*event.Instance)) func(id string) *event.Instance {
	known := map[string]*event.Instance{}
	return func(id string) *event.Instance {
		if in := known[id]; in != nil {
			return in
		}
		id = strings.Clone(id)
		in := &event.Instance{ID: id, Name: id, Order: len(known)}
		for _, n := range named {
			if strings.EqualFold(n.ID, id) {
				in.Name = n.Name
			}
		}
		if len(known) < mostRecorded {
			known[id] = in
			found(in)
		}
		return in
	}
}
