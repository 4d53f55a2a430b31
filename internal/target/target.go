// Package target resolves INSTANCE arguments to instances of servers, and keeps the
// set of instances up to date during a run.
package target

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/rtev/rtev/internal/config"
	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/rtapi"
)

// Target is one instance to read.
type Target struct {
	Client   *rtapi.Client // of its server
	Instance *event.Instance
	Types    []string // from events= of a pasted URL; nil means all
	Stopped  bool     // the server says that the instance is not running
	// Stop stops reading the instance. The reader sets it, and Follow calls it when
	// the server has deleted the instance.
	Stop func()

	fixed bool // named by its id: it stays whatever the server lists
}

// key identifies the instance on its server.
func (t *Target) key() key { return key{t.Client.Server(), strings.ToLower(t.Instance.ID)} }

type key struct{ server, id string }

// Options say where to look for instances.
type Options struct {
	Servers []*rtapi.Client // of --server; at least one where AsksServers
	// Open returns the client of another server: of a pasted URL, or of an
	// instance of the config file. It returns the same client for the same server.
	Open func(server string, pasted bool) (*rtapi.Client, error)
	// Label returns the name of a server, which is appended to names that several
	// instances share. If it is nil or returns "", the host is used.
	Label  func(*rtapi.Client) string
	Named  []config.Named        // instances of the config file
	Place  func(line int) string // returns the name of a line of the config file, for errors
	Notify event.Notify          // may be nil
}

// Listing is the response of one server to a request for its instances.
type Listing struct {
	Client    *rtapi.Client
	Instances []rtapi.Instance
	Err       error // if the request failed; see rtapi.Client.Instances
}

// Set is the set of instances that a run reads. It is not safe for concurrent use:
// call Follow after Resolve has returned.
type Set struct {
	o        Options
	listings []Listing // of Options.Servers; nil until one is needed
	targets  map[key]*Target
	order    int      // of the next target
	patterns []string // names and globs that may match later
	running  bool     // every running instance is wanted
}

// New returns an empty set.
func New(o Options) *Set { return &Set{o: o, targets: map[key]*Target{}} }

// AsksServers reports whether resolving args needs Options.Servers: it does unless
// the server of every instance is in a pasted URL or in the config file.
func AsksServers(args []string, named []config.Named) bool {
	return len(args) == 0 || slices.ContainsFunc(args, func(arg string) bool {
		i := slices.IndexFunc(named, func(n config.Named) bool { return sameName(n.Name, arg) })
		return !strings.Contains(arg, "://") && (i < 0 || named[i].Server == "")
	})
}

// HasTypes reports whether arg is a pasted URL with event types (events=).
func HasTypes(arg string) bool {
	m := pasted.FindStringSubmatch(arg)
	if m == nil || !strings.Contains(arg, "://") {
		return false
	}
	query, err := url.ParseQuery(m[3])
	return err == nil && query.Get("events") != ""
}

// List asks all servers of the options concurrently for their instances.
func (s *Set) List(ctx context.Context) []Listing {
	list := make([]Listing, len(s.o.Servers))
	var all sync.WaitGroup
	for i, client := range s.o.Servers {
		all.Go(func() {
			instances, err := client.Instances(ctx)
			list[i] = Listing{client, instances, err}
		})
	}
	all.Wait()
	return list
}

// Resolve returns the targets that args name or, without args, every running
// instance. It starts with an empty set, so that it can be called again after an
// error. The error is an *rtapi.OptionError for an argument that cannot be used, a
// *NotFoundError, the error of a client if no server could be asked, or ctx.Err().
func (s *Set) Resolve(ctx context.Context, args []string) ([]*Target, error) {
	*s = *New(s.o)
	if len(args) == 0 {
		s.running = true
		if err := s.resolveRunning(ctx); err != nil {
			return nil, err
		}
	}
	for _, arg := range args {
		if err := s.resolve(ctx, arg); err != nil {
			return nil, err
		}
	}
	return s.sorted(), nil
}

// All returns every instance that the servers list, running or not, and the lists.
// It starts with an empty set.
func (s *Set) All(ctx context.Context) ([]*Target, []Listing) {
	*s = *New(s.o)
	s.addMatching(ctx, func(rtapi.Instance) bool { return true })
	return s.sorted(), s.listings
}

// sorted returns the targets in the order in which they were added.
func (s *Set) sorted() []*Target {
	return slices.SortedFunc(maps.Values(s.targets), func(a, b *Target) int { return a.Instance.Order - b.Instance.Order })
}

// Unreached returns the errors of servers that could not be asked, if at least one
// server could.
func (s *Set) Unreached() (errs []error) {
	for _, l := range s.listings {
		if l.Err != nil {
			errs = append(errs, l.Err)
		}
	}
	return errs
}

// Follows reports whether instances may join later. They may if the arguments
// contain a name or a glob, or if there are none.
func (s *Set) Follows() bool { return s.running || len(s.patterns) > 0 }

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// pasted matches a URL: server, instance, query.
var pasted = regexp.MustCompile(`^(.*?)/v1/core/instance/([^/?#]+)(?:/[^?#]*)?(?:\?([^#]*))?(?:#.*)?$`)

// resolve adds the targets of one argument.
func (s *Set) resolve(ctx context.Context, arg string) error {
	if strings.Contains(arg, "://") {
		return s.resolveURL(arg)
	}
	for _, n := range s.o.Named {
		if sameName(n.Name, arg) {
			return s.resolveNamed(ctx, n)
		}
	}
	if uuid.MatchString(arg) {
		return s.resolveID(ctx, arg, arg)
	}
	return s.resolveName(ctx, arg)
}

func (s *Set) resolveURL(arg string) error {
	m := pasted.FindStringSubmatch(arg)
	if m == nil {
		return &rtapi.OptionError{Text: "no instance in the URL; it looks like http://HOST:3546/v1/core/instance/UUID"}
	}
	client, err := s.o.Open(m[1], true)
	if err != nil {
		return err
	}
	id, err := url.PathUnescape(m[2])
	if err != nil {
		return &rtapi.OptionError{Text: fmt.Sprintf("the instance in the URL: %v", err)}
	}
	query, err := url.ParseQuery(m[3])
	if err != nil {
		return &rtapi.OptionError{Text: fmt.Sprintf("the query of the URL: %v", err)}
	}
	t := s.addFixed(client, id, id)
	if list := query.Get("events"); t != nil && list != "" {
		t.Types = strings.Split(list, ",")
	}
	return nil
}

// resolveNamed adds an instance of the config file. Its errors name the line there.
func (s *Set) resolveNamed(ctx context.Context, n config.Named) error {
	var client *rtapi.Client
	var err error
	if n.Server == "" {
		err = s.resolveID(ctx, n.ID, n.Name)
	} else if client, err = s.o.Open(n.Server, false); err == nil {
		s.addFixed(client, n.ID, n.Name)
	}
	if err != nil {
		return fmt.Errorf("%s: instance %q: %w", s.o.Place(n.Line), n.Name, err)
	}
	return nil
}

// resolveID adds an instance by its id. With one server it needs no request;
// otherwise it asks each server whether it has the instance.
func (s *Set) resolveID(ctx context.Context, id, name string) error {
	if len(s.o.Servers) == 1 {
		s.addFixed(s.o.Servers[0], id, name)
		return nil
	}
	if s.addMatching(ctx, func(in rtapi.Instance) bool { return strings.EqualFold(in.ID, id) }) == 0 {
		return s.notFound(id)
	}
	return nil
}

// resolveName adds the instances with a display name, which several may share.
func (s *Set) resolveName(ctx context.Context, name string) error {
	s.patterns = append(s.patterns, name)
	found := s.addMatching(ctx, func(in rtapi.Instance) bool { return matches(name, in) })
	switch {
	case found == 0:
		return s.notFound(name)
	case found > 1 && !isGlob(name):
		s.o.Notify.Tell(event.Notice{Text: fmt.Sprintf("%q is the name of %d instances; reading all of them", name, found)})
	}
	return nil
}

func (s *Set) resolveRunning(ctx context.Context) error {
	if s.addMatching(ctx, func(in rtapi.Instance) bool { return in.Running }) > 0 {
		return nil
	}
	if err := s.unreachable(); err != nil {
		return err
	}
	return &NotFoundError{Text: "no instance is running on " + s.Servers()}
}

// addMatching adds the listed instances that match and returns their number.
func (s *Set) addMatching(ctx context.Context, match func(rtapi.Instance) bool) (found int) {
	if s.listings == nil {
		s.listings = s.List(ctx)
	}
	for _, l := range s.listings {
		for _, in := range l.Instances {
			if match(in) {
				found++
				s.add(l.Client, in)
			}
		}
	}
	return found
}

// addFixed adds a target of which only the id is known. It returns nil if the set
// already has it.
func (s *Set) addFixed(client *rtapi.Client, id, name string) *Target {
	t := s.add(client, rtapi.Instance{ID: id, Name: name, Running: true})
	if t != nil {
		t.fixed = true
	}
	return t
}

// add adds a target for an instance. It returns nil if the set already has it.
func (s *Set) add(client *rtapi.Client, in rtapi.Instance) *Target {
	t := &Target{Client: client, Stopped: !in.Running, Instance: &event.Instance{
		ID: in.ID, Name: in.Name, Server: client.Server(), Order: s.order,
	}}
	if s.targets[t.key()] != nil {
		return nil
	}
	t.Instance.Name = s.uniqueName(t)
	s.targets[t.key()] = t
	s.order++
	return t
}

// uniqueName returns the display name of t. If another instance of the set has the
// same name, it appends the server or the start of the id.
func (s *Set) uniqueName(t *Target) string {
	in, label := t.Instance, ""
	if s.o.Label != nil {
		label = s.o.Label(t.Client)
	}
	name := in.Name
	for _, suffix := range []string{"@" + cmp.Or(label, host(in.Server)), "#" + in.ID[:min(8, len(in.ID))], "#" + in.ID} {
		if !s.hasName(name) {
			break
		}
		name = in.Name + suffix
	}
	return name
}

func (s *Set) hasName(name string) bool {
	for _, t := range s.targets {
		if t.Instance.Name == name {
			return true
		}
	}
	return false
}

func host(server string) string {
	return strings.TrimPrefix(strings.TrimPrefix(server, "http://"), "https://")
}
