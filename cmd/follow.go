package cmd

import (
	"context"
	"time"

	"github.com/rtev/rtev/internal/rtapi"
)

// followEvery is how often the servers are asked which instances they have.
const followEvery = 10 * time.Second

// follower keeps a set of targets true: instances that start later join, those
// that were deleted leave. One that merely stops keeps its place.
type follower struct {
	find     *finder
	patterns []string             // names and globs; nil: every running instance
	join     func(*target) func() // starts reading, returns what ends it
	leave    func(t *target)      // is told after it ended
	stops    map[*target]func()   // of those that can leave
}

// run asks until ctx is done. A server that does not answer is asked again
// next time, without a word: its connections say enough.
func (w *follower) run(ctx context.Context) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, client := range w.find.servers {
			asking, cancel := context.WithTimeout(ctx, followEvery/2)
			list, err := client.Instances(asking)
			cancel()
			if err == nil {
				w.compare(client, list)
			}
		}
	}
}

func (w *follower) compare(client *rtapi.Client, list []rtapi.Instance) {
	there := map[string]bool{}
	for _, in := range list {
		there[in.ID] = true
		if w.wants(in) {
			if t := w.find.add(client, in); t != nil {
				w.stops[t] = w.join(t)
			}
		}
	}
	for t, stop := range w.stops {
		if t.client == client && !there[t.inst.ID] {
			stop()
			delete(w.stops, t)
			delete(w.find.seen, t.key())
			w.leave(t)
		}
	}
}

func (w *follower) wants(in rtapi.Instance) bool {
	if w.patterns == nil {
		return in.Running
	}
	for _, p := range w.patterns {
		if isGlob(p) && fits(p, in) {
			return true
		}
	}
	return false
}
