package cmd

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/pipeline"
	"github.com/rtev/rtev/internal/rtapi"
	"github.com/rtev/rtev/internal/stream"
	"github.com/rtev/rtev/internal/target"
)

// demoServer is the address of the simulator inside this process; nothing
// listens there.
const demoServer = "http://demo:3546"

type dialer = func(ctx context.Context, network, addr string) (net.Conn, error)

// names are the display names of the instances of a run, in the order in which
// they joined. Safe for concurrent use.
type names struct {
	mu   sync.Mutex
	list []string
}

// add adds the name of an instance; one that leaves and comes back is not new.
func (n *names) add(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !slices.Contains(n.list, name) {
		n.list = append(n.list, name)
	}
}

// all returns the names, which must not be changed.
func (n *names) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.list
}

// targets resolves INSTANCE arguments; without any, the default of the config
// file or every running instance. Messages name the instance if there are several.
func (s *session) targets(args []string) ([]*target.Target, *target.Set, error) {
	if len(args) == 0 && !s.demo {
		args = s.cfg.Default
	}
	set, err := s.instances()
	if err != nil {
		return nil, nil, err
	}
	list, err := set.Resolve(s.ctx, args)
	if err != nil && context.Cause(s.ctx) == errForOver && s.count == 0 {
		// The run never began: an unanswered look-up is not a run without events.
		err = &rtapi.UnreachableError{URL: set.Servers(), Err: errors.New("no response before --for ended")}
	}
	code, _ := classify(err)
	for _, arg := range args {
		if info, bad := os.Stat(arg); bad == nil && info.Mode().IsRegular() &&
			(code == exitRefused || code == exitUnreachable) {
			err = &hintError{err, "rtev tail - < " + shellWord(arg)}
		}
	}
	for _, t := range list {
		s.names.add(t.Instance.Name)
	}
	if len(list) > 1 {
		s.notices.Many()
	}
	return list, set, err
}

// liveOptions say how tail, crops and stats read live streams.
type liveOptions struct {
	connecting
	types  []string              // for the server; nil: all
	notify event.Notify          // receives what happens beside the events
	met    func(*event.Instance) // is called for every instance; may be nil
	since  time.Time             // begin with what the server has stored since then; zero: do not
	gaps   bool                  // fill gaps with what the server has stored
}

// connecting holds the flags of commands that keep a connection.
type connecting struct {
	retry bool
	idle  time.Duration // reconnect if nothing arrives for so long; 0: never
}

func (o *connecting) flags(c *cobra.Command) {
	c.Flags().BoolVar(&o.retry, "retry", false, "also retry if the first connection fails")
	c.Flags().DurationVar(&o.idle, "idle-timeout", 0, "reconnect if nothing arrives for `DURATION`")
}

// live runs the live streams of the instances, or recorded events for "-", into
// chains made by open.
func (s *session) live(args []string, o liveOptions, open func() event.Sink) error {
	if len(args) == 1 && args[0] == "-" {
		return s.recorded(o.notify, open)
	}
	if o.idle < 0 {
		return usagef("--idle-timeout %v: the duration must not be negative", o.idle)
	}
	if slices.Contains(args, "-") {
		return usagef("- (standard input) cannot be combined with other instances")
	}
	targets, set, err := s.targets(args)
	if err != nil && o.retry {
		targets, set, err = s.retryTargets(args, err)
	}
	if err != nil {
		return err
	}
	s.reportUnreached(set, set.Follows())
	group := pipeline.NewGroup(s.ctx, open)
	s.announce(targets)
	for _, t := range targets {
		s.join(group, t, o)
	}
	if set.Follows() {
		group.Go(func(ctx context.Context) {
			set.Follow(ctx, func(t *target.Target) {
				s.notices.Many()
				s.notices.Info("%s joins", t.Instance.Name)
				later := o
				later.retry = true // its first connection is not the run's
				s.join(group, t, later)
			})
		})
	}
	return group.Wait()
}

// reportUnreached reports the servers that could not be asked for their
// instances, where others could.
func (s *session) reportUnreached(set *target.Set, joins bool) {
	for _, err := range set.Unreached() {
		if joins {
			s.notices.Info("%v; its instances join when it answers", err)
		} else {
			s.notices.Warn("%v; its instances are not read", err)
		}
	}
}

// retryTargets resolves the arguments again and again, with --retry, while the
// servers do not answer or have no such instance.
func (s *session) retryTargets(args []string, err error) ([]*target.Target, *target.Set, error) {
	var wait rtapi.Backoff
	for {
		code, _ := classify(err)
		refused, ok := errors.AsType[*rtapi.StatusError](err)
		denied := ok && (refused.Code == http.StatusUnauthorized || refused.Code == http.StatusForbidden)
		if code != exitUnreachable && code != exitRefused || denied {
			return nil, nil, err
		}
		s.notices.Report(event.Notice{Kind: event.Retrying, Text: err.Error() + "; trying again"})
		rtapi.Sleep(s.ctx, wait.Next())
		if s.ctx.Err() != nil {
			return nil, nil, s.ctx.Err()
		}
		targets, set, again := s.targets(args)
		if again == nil {
			return targets, set, nil
		}
		err = again
	}
}

// join starts the live stream of one instance.
func (s *session) join(group *pipeline.Group, t *target.Target, o liveOptions) {
	s.names.add(t.Instance.Name)
	if o.met != nil {
		o.met(t.Instance)
	}
	if t.Stopped {
		s.notices.Info("%s is not running; connecting anyway", t.Instance.Name)
	}
	live := func(notify event.Notify) event.Source {
		return &stream.Live{
			Client: t.Client, Instance: t.Instance, Types: s.typesOf(t, o.types), Retry: o.retry, IdleTimeout: o.idle,
			Notify: notify,
		}
	}
	t.Stop = group.Add(s.filled(t, o, live))
}

// typesOf returns the types to ask the server for: those of a pasted URL,
// unless -e was given.
func (s *session) typesOf(t *target.Target, types []string) []string {
	if t.Types != nil && len(s.events) == 0 {
		return t.Types
	}
	return types
}

// locate returns a function that finds the instance of a recorded event.
func (s *session) locate() func(id string) *event.Instance {
	return target.Recorded(s.cfg.Instances, func(in *event.Instance) { s.names.add(in.Name) })
}
