package cmd

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"strings"
	"sync"

	"github.com/rtev/rtev/internal/config"
	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/rtapi"
)

// target is one instance to read.
type target struct {
	client *rtapi.Client
	inst   *event.Instance
	types  []string // the events= of a pasted URL
	idle   bool     // the server said that it is not running
}

func (t *target) key() string { return t.client.Server() + " " + strings.ToLower(t.inst.ID) }

// finder turns INSTANCE arguments into targets.
type finder struct {
	servers []*rtapi.Client                            // those of -s
	open    func(server string) (*rtapi.Client, error) // another server's client; the same one for the same server
	named   []config.Named                             // of the config file
	say     func(format string, args ...any)

	listed  bool
	lists   [][]rtapi.Instance // what each of the servers has
	errs    []error            // why a server could not be asked
	seen    map[string]bool    // keys of targets
	targets []*target
}

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// pasted takes a URL apart: the server, the instance and the types wanted.
var pasted = regexp.MustCompile(`^(.*?)/v1/core/instance/([^/?#]+)(?:/[^?#]*)?(?:\?([^#]*))?(?:#.*)?$`)

// find adds the targets of one argument.
func (f *finder) find(ctx context.Context, arg string) error {
	if strings.Contains(arg, "://") {
		return f.byURL(arg)
	}
	for _, n := range f.named {
		if strings.EqualFold(n.Name, arg) {
			return f.byConfig(ctx, n)
		}
	}
	if uuid.MatchString(arg) {
		return f.byID(ctx, arg, arg)
	}
	return f.byName(ctx, arg)
}

func (f *finder) byURL(arg string) error {
	m := pasted.FindStringSubmatch(arg)
	if m == nil {
		return usagef("no instance in the URL; it looks like http://HOST:3546/v1/core/instance/UUID")
	}
	client, err := f.open(m[1])
	if err != nil {
		return err
	}
	id, err := url.PathUnescape(m[2])
	if err != nil {
		return usagef("the instance in the URL: %v", err)
	}
	query, err := url.ParseQuery(m[3])
	if err != nil {
		return usagef("the query of the URL: %v", err)
	}
	t := f.add(client, rtapi.Instance{ID: id, Name: id, Running: true})
	if list := query.Get("events"); t != nil && list != "" {
		t.types = strings.Split(list, ",")
	}
	return nil
}

func (f *finder) byConfig(ctx context.Context, n config.Named) error {
	if n.Server == "" {
		return f.byID(ctx, n.ID, n.Name)
	}
	client, err := f.open(n.Server)
	if err != nil {
		return err
	}
	f.add(client, rtapi.Instance{ID: n.ID, Name: n.Name, Running: true})
	return nil
}

// byID needs no look-up with one server; with several it asks which one has it.
func (f *finder) byID(ctx context.Context, id, name string) error {
	if len(f.servers) == 1 {
		f.add(f.servers[0], rtapi.Instance{ID: id, Name: name, Running: true})
		return nil
	}
	f.list(ctx)
	found := f.matches(func(in rtapi.Instance) bool { return strings.EqualFold(in.ID, id) })
	if found == 0 {
		return f.nothing(id)
	}
	return nil
}

// byName looks at display names in any case; a name may fit several instances.
func (f *finder) byName(ctx context.Context, name string) error {
	f.list(ctx)
	found := f.matches(func(in rtapi.Instance) bool { return fits(name, in) })
	switch {
	case found == 0:
		return f.nothing(name)
	case found > 1 && !isGlob(name):
		f.say("%q is the name of %d instances; all of them are read", name, found)
	}
	return nil
}

// running adds every running instance.
func (f *finder) running(ctx context.Context) error {
	f.list(ctx)
	if f.matches(func(in rtapi.Instance) bool { return in.Running }) > 0 {
		return nil
	}
	if err := f.failed(); err != nil {
		return err
	}
	return &noInstanceError{msg: "no instance is running on " + f.where(), hint: "rtev instances"}
}

// matches adds what fits and returns how many did.
func (f *finder) matches(fit func(rtapi.Instance) bool) (found int) {
	for i, list := range f.lists {
		for _, in := range list {
			if fit(in) {
				found++
				f.add(f.servers[i], in)
			}
		}
	}
	return found
}

// add makes a target of an instance; nil when there is one already.
func (f *finder) add(client *rtapi.Client, in rtapi.Instance) *target {
	t := &target{client: client, idle: !in.Running, inst: &event.Instance{
		ID: in.ID, Name: in.Name, Server: client.Server(), Order: len(f.targets),
	}}
	if f.seen[t.key()] {
		return nil
	}
	for _, other := range f.targets {
		if other.inst.Name == t.inst.Name { // two cameras of one name: the server tells them apart
			t.inst.Name += "@" + strings.TrimPrefix(strings.TrimPrefix(client.Server(), "http://"), "https://")
			break
		}
	}
	f.seen[t.key()] = true
	f.targets = append(f.targets, t)
	return t
}

// list asks every server once, all at the same time.
func (f *finder) list(ctx context.Context) {
	if f.listed {
		return
	}
	f.listed = true
	f.lists, f.errs = make([][]rtapi.Instance, len(f.servers)), make([]error, len(f.servers))
	var all sync.WaitGroup
	for i, client := range f.servers {
		all.Go(func() { f.lists[i], f.errs[i] = client.Instances(ctx) })
	}
	all.Wait()
	if len(f.servers) == 1 {
		return // its error ends the run, and is said then
	}
	for _, err := range f.errs {
		if err != nil {
			f.say("%v; its instances are left out", err)
		}
	}
}

// failed returns why no server could be asked; nil when one could.
func (f *finder) failed() error {
	for _, err := range f.errs {
		if err == nil {
			return nil
		}
	}
	return f.errs[0]
}

// nothing says that nothing has that name, and which names are near.
func (f *finder) nothing(name string) error {
	if err := f.failed(); err != nil {
		return err
	}
	var names []string
	for _, n := range f.named {
		names = append(names, n.Name)
	}
	for _, list := range f.lists {
		for _, in := range list {
			names = append(names, in.Name)
		}
	}
	e := &noInstanceError{msg: fmt.Sprintf("no instance %q on %s", name, f.where()), hint: "rtev instances"}
	if near := nearest(name, names); near != "" {
		e.msg += fmt.Sprintf("; did you mean %q?", near)
	}
	return e
}

func (f *finder) where() string {
	var urls []string
	for _, c := range f.servers {
		urls = append(urls, c.Server())
	}
	return strings.Join(urls, ", ")
}

func isGlob(name string) bool { return strings.ContainsAny(name, "*?[") }

// fits tells whether a name or a glob means that instance. A pattern that is
// no well-formed glob is compared as it stands.
func fits(pattern string, in rtapi.Instance) bool {
	if strings.EqualFold(pattern, in.Name) || strings.EqualFold(pattern, in.ID) {
		return true
	}
	if !isGlob(pattern) {
		return false
	}
	// to path.Match a slash is a border; in a display name it is a letter
	flat := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "/", "\x00") }
	ok, err := path.Match(flat(pattern), flat(in.Name))
	return ok && err == nil
}
