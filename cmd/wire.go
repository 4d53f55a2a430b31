package cmd

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/rtev/rtev/internal/config"
	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/pipeline"
	"github.com/rtev/rtev/internal/rtapi"
	"github.com/rtev/rtev/internal/simulator"
	"github.com/rtev/rtev/internal/stream"
)

// demoServer is the address of the simulator inside the process; nothing is
// opened there.
const demoServer = "http://demo"

// names are the display names of the instances of a run, in the order in which
// they joined. Safe for concurrent use.
type names struct {
	mu    sync.Mutex
	known map[string]bool
	list  []string
}

func (n *names) add(name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.known == nil {
		n.known = map[string]bool{}
	}
	if !n.known[name] { // one that leaves and comes back is not new
		n.known[name] = true
		n.list = append(n.list, name)
	}
}

// all returns the names, which must not be changed.
func (n *names) all() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.list
}

// finder returns a finder for the servers that were named.
func (a *app) finder(cfg *config.Config, say *voice, dial dialer) (*finder, error) {
	header, err := config.ParseHeaders(cfg.Header, config.ReadFile)
	if err != nil {
		return nil, err
	}
	clients := map[string]*rtapi.Client{}
	f := &finder{named: cfg.Instances, seen: map[string]bool{}, say: say.info}
	f.open = func(server string) (*rtapi.Client, error) {
		o := rtapi.Options{
			Server: server, Header: header, CACert: a.cacert, Cert: a.cert, Key: a.key, Insecure: a.insecure,
			UserAgent: "rtev/" + version(), Dial: dial, Proxy: a.proxy,
		}
		if dial != nil {
			o.Proxy = nil
		}
		if a.verbose > 1 {
			o.Trace = say.trace
		}
		c, err := rtapi.New(o)
		if err != nil {
			return nil, err
		}
		if known := clients[c.Server()]; known != nil {
			return known, nil
		}
		clients[c.Server()] = c
		return c, nil
	}
	for _, server := range cfg.Server {
		c, err := f.open(server)
		if err != nil {
			return nil, err
		}
		f.servers = append(f.servers, c)
	}
	return f, nil
}

type dialer = func(ctx context.Context, network, addr string) (net.Conn, error)

// targets finds what the arguments name; without any, the default of the
// config file, else every running instance. Globs and no argument are
// followed: then the follower is not nil.
func (s *session) targets(args []string) ([]*target, *follower, error) {
	f, err := s.open()
	if err != nil {
		return nil, nil, err
	}
	if len(args) == 0 {
		args = s.cfg.Default
	}
	w := &follower{find: f, stops: map[*target]func(){}}
	if len(args) == 0 {
		if err := f.running(s.ctx); err != nil {
			return nil, nil, err
		}
		return f.targets, w, nil
	}
	w.patterns = args
	follow := false
	for _, arg := range args {
		if err := f.find(s.ctx, arg); err != nil {
			return nil, nil, err
		}
		follow = follow || isGlob(arg)
	}
	if !follow {
		w = nil
	}
	return f.targets, w, nil
}

// open returns the finder of the run: the simulator's with --demo.
func (s *session) open() (*finder, error) {
	if s.demo && s.sim == nil { // a look-up that is tried again finds the same one
		sim, err := simulator.New(simulator.Options{Seed: 1})
		if err != nil {
			return nil, err
		}
		s.sim = sim
		s.cfg.Server, s.cfg.Instances, s.cfg.Default = []string{demoServer}, nil, nil
	}
	dial := s.dial
	if s.sim != nil {
		dial = s.sim.DialContext
	}
	return s.app.finder(s.cfg, s.voice, dial)
}

// live runs the live streams of the targets, or recorded events with "-", into
// chains that open makes.
func (s *session) live(args []string, o liveOptions, open func() event.Sink) error {
	if len(args) == 1 && args[0] == "-" {
		return s.recorded(o.notify, open)
	}
	for _, arg := range args {
		if arg == "-" {
			return usagef("- (standard input) stands alone")
		}
	}
	targets, w, err := s.targets(args)
	if err != nil && o.retry {
		targets, w, err = s.keepAsking(args, err)
	}
	if err != nil {
		return err
	}
	group := pipeline.NewGroup(s.ctx, func(event.Source) event.Sink { return open() })
	join := func(t *target) func() { return s.join(group, t, o) }
	if len(targets) > 1 {
		s.voice.many()
	}
	for _, t := range targets {
		stop := join(t)
		if w != nil {
			w.stops[t] = stop
		}
	}
	if w != nil {
		w.join = func(t *target) func() {
			s.voice.many()
			s.voice.info("%s joins", t.inst.Name)
			later := o
			later.retry = true // its first connection is not the run's
			return s.join(group, t, later)
		}
		w.leave = func(t *target) { s.voice.info("%s was deleted on the server", t.inst.Name) }
		group.Go(w.run)
	}
	return group.Wait()
}

// keepAsking looks the instances up again and again, with --retry, for as long
// as the servers do not answer or have none of them.
func (s *session) keepAsking(args []string, err error) ([]*target, *follower, error) {
	var wait rtapi.Backoff
	for first := true; ; first = false {
		code, _ := classify(err)
		var no *rtapi.StatusError
		denied := errors.As(err, &no) && (no.Code == 401 || no.Code == 403)
		if code != exitUnreachable && code != exitRefused || denied {
			return nil, nil, err
		}
		if first || s.verbose > 0 {
			s.voice.info("%v; trying again", err)
		}
		timer := time.NewTimer(wait.Next())
		select {
		case <-s.ctx.Done():
			timer.Stop()
			return nil, nil, s.ctx.Err()
		case <-timer.C:
		}
		var targets []*target
		var w *follower
		if targets, w, err = s.targets(args); err == nil {
			return targets, w, nil
		}
	}
}

// liveOptions are what tail, crops and stats ask of a live stream.
type liveOptions struct {
	retry  bool
	idle   time.Duration
	types  []string // for the server; nil: all
	notify event.Notify
	met    func(*event.Instance) // is told of every instance; may be nil
}

// join starts the live stream of one target.
func (s *session) join(group *pipeline.Group, t *target, o liveOptions) (stop func()) {
	s.names.add(t.inst.Name)
	if o.met != nil {
		o.met(t.inst)
	}
	if t.idle {
		s.voice.info("%s is not running; connecting all the same", t.inst.Name)
	}
	types := o.types
	if t.types != nil && len(s.events) == 0 {
		types = t.types
	}
	return group.Add(&stream.Live{
		Client: t.client, Instance: t.inst, Types: types, Retry: o.retry, IdleTimeout: o.idle, Notify: o.notify,
	})
}

// locator gives the instances of recorded events, by the name that the config
// file has for them.
type locator struct {
	s    *session
	byID map[string]*event.Instance
}

func newLocator(s *session) *locator { return &locator{s, map[string]*event.Instance{}} }

// maxLocated bounds how many instances a recording may name.
const maxLocated = 10_000

func (l *locator) locate(id string) *event.Instance {
	if in := l.byID[id]; in != nil {
		return in
	}
	id = strings.Clone(id) // the event's bytes do not last
	if len(l.byID) == maxLocated {
		return &event.Instance{ID: id, Name: id}
	}
	in := &event.Instance{ID: id, Name: id, Order: len(l.byID)}
	for _, n := range l.s.cfg.Instances {
		if n.ID == id {
			in.Name = n.Name
		}
	}
	l.byID[id] = in
	l.s.names.add(in.Name)
	return in
}
