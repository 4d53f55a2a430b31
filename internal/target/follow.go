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

// update compares the set with the current instances of a server. It removes
// targets before it adds others, so that an instance that was deleted and created
// again gets its name back.
func (s *Set) update(client *rtapi.Client, list []rtapi.Instance, join func(*Target)) {
	exists := map[string]bool{}
	for _, in := range list {
		exists[strings.ToLower(in.ID)] = true
	}
	for k, t := range s.targets {
		if t.Client == client && !t.fixed && !exists[k.id] {
			t.Stop()
			delete(s.targets, k)
			s.o.Notify.Tell(event.Notice{Text: t.Instance.Name + " was deleted on the server"})
		}
	}
	for _, in := range list {
		if s.wants(in) {
			if t := s.add(client, in); t != nil {
				join(t)
			}
		}
	}
}

// wants reports whether to read an instance that appeared later.
func (s *Set) wants(in rtapi.Instance) bool {
	if s.running {
		return in.Running
	}
	return slices.ContainsFunc(s.patterns, func(pattern string) bool { return matches(pattern, in) })
}
