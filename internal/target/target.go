// Package target resolves INSTANCE arguments to instances of servers, and keeps the
// set of instances up to date during a run.
package target

import (
	"context"
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

// Options say where to look for instances.
type Options struct {
	Servers []*rtapi.Client // of --server; at least one
	// Open returns the client of another server: of a pasted URL, or of an
	// instance of the config file. It returns the same client for the same server.
	Open   func(server string, pasted bool) (*rtapi.Client, error)
	Named  []config.Named // instances of the config file
	Notify event.Notify   // may be nil
}

// Listing is the response of one server to a request for its instances.
type Listing struct {
	Client    *rtapi.Client
	Instances []rtapi.Instance
}

// Set is the set of instances that a run reads. It is filled once, by Resolve or
// All. It is not safe for concurrent use: call Follow after Resolve has returned.
type Set struct {
	o         Options
	asked     bool                        // Options.Servers, for their instances
	listings  []Listing                   // of the servers that answered
	unreached []error                     // of the others
	targets   []*Target                   // in the order in which they were added
	added     int                         // targets so far, with those that were deleted
	wanted    []func(rtapi.Instance) bool // select instances now and later
}

// New returns an empty set.
func New(o Options) *Set { return &Set{o: o} }

// All returns every instance that the servers list, running or not, and the lists of
// the servers that answered.
func (s *Set) All(ctx context.Context) ([]*Target, []Listing) {
	s.addMatching(ctx, func(rtapi.Instance) bool { return true })
	return s.targets, s.listings
}

// Unreached returns the errors of servers that could not be asked; see
// rtapi.Client.Instances.
func (s *Set) Unreached() []error { return s.unreached }

// Servers returns the URLs of the servers of the options, for messages.
func (s *Set) Servers() string {
	var list []string
	for _, c := range s.o.Servers {
		list = append(list, c.Server())
	}
	return strings.Join(list, ", ")
}

// addMatching adds the listed instances that match and returns their number.
func (s *Set) addMatching(ctx context.Context, match func(rtapi.Instance) bool) (found int) {
	if !s.asked {
		s.ask(ctx)
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

// ask asks all servers of the options concurrently for their instances.
func (s *Set) ask(ctx context.Context) {
	lists, errs := make([][]rtapi.Instance, len(s.o.Servers)), make([]error, len(s.o.Servers))
	var all sync.WaitGroup
	for i, client := range s.o.Servers {
		all.Go(func() { lists[i], errs[i] = client.Instances(ctx) })
	}
	all.Wait()
	s.asked = true
	for i, client := range s.o.Servers {
		if errs[i] != nil {
			s.unreached = append(s.unreached, errs[i])
		} else {
			s.listings = append(s.listings, Listing{client, lists[i]})
		}
	}
}

// add adds a target for an instance. It returns nil if the set already has it.
func (s *Set) add(client *rtapi.Client, in rtapi.Instance) *Target {
	name, server := in.Name, client.Server()
	_, host, _ := strings.Cut(server, "://")
	for _, t := range s.targets {
		if t.Instance.Server == server && strings.EqualFold(t.Instance.ID, in.ID) {
			return nil
		}
	}
	for _, suffix := range []string{"@" + host, "#" + in.ID} { // of an instance whose name another one has
		if !slices.ContainsFunc(s.targets, func(t *Target) bool { return t.Instance.Name == name }) {
			break
		}
		name = in.Name + suffix
	}
	t := &Target{Client: client, Stopped: !in.Running, Instance: &event.Instance{
		ID: in.ID, Name: name, Server: server, Order: s.added,
	}}
	s.targets = append(s.targets, t)
	s.added++
	return t
}
