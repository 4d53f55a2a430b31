package target

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/rtapi"
)

// followEvery is how often servers are asked for their instances.
const followEvery = 10 * time.Second

// Follow keeps the set up to date until ctx is done. It calls join for instances
// that appear later and that the arguments of Resolve select, and Target.Stop for
// instances that the server has deleted. An instance that only stops running stays
// in the set. If a server does not respond, Follow tries again without a notice,
// because the streams of that server report it.
func (s *Set) Follow(ctx context.Context, join func(*Target)) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, client := range s.o.Servers {
			asking, cancel := context.WithTimeout(ctx, followEvery/2)
			list, err := client.Instances(asking)
			cancel()
			if err == nil {
				s.update(client, list, join)
			}
		}
	}
}

// Follows reports whether instances may join later: the arguments contain a name or
// a glob, or there are none.
func (s *Set) Follows() bool { return len(s.wanted) > 0 }

// update compares the set with the current instances of a server. It removes
// targets before it adds others, so that an instance that was deleted and created
// again gets its name back.
func (s *Set) update(client *rtapi.Client, list []rtapi.Instance, join func(*Target)) {
	s.targets = slices.DeleteFunc(s.targets, func(t *Target) bool {
		listed := func(in rtapi.Instance) bool { return strings.EqualFold(in.ID, t.Instance.ID) }
		if t.Client != client || t.fixed || slices.ContainsFunc(list, listed) {
			return false
		}
		t.Stop()
		s.o.Notify.Tell(event.Notice{Text: t.Instance.Name + " was deleted on the server"})
		return true
	})
	for _, in := range list {
		if !slices.ContainsFunc(s.wanted, func(match func(rtapi.Instance) bool) bool { return match(in) }) {
			continue
		}
		if t := s.add(client, in); t != nil {
			join(t)
		}
	}
}
