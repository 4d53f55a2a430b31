package target

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rtev/rtev/internal/rtapi"
	"github.com/rtev/rtev/internal/term"
)

// NotFoundError reports that no instance matches an argument, or that no instance is
// running.
type NotFoundError struct {
	Text string // one line; names in it are not safe to print
	Arg  string // the argument; "" if no instance is running
}

// Error returns one line.
func (e *NotFoundError) Error() string { return e.Text }

// mostNamed is the largest number of instances that a message lists.
const mostNamed = 8

// notFound returns the error for an argument that matches nothing. If no server
// could be asked, it is a server's error. Otherwise it names the closest instances,
// or all instances if there are few.
func (s *Set) notFound(arg string) error {
	if err := s.unreachable(); err != nil {
		return err
	}
	var all []rtapi.Instance
	for _, n := range s.o.Named {
		all = append(all, rtapi.Instance{Name: n.Name, ID: n.ID})
	}
	for _, l := range s.listings {
		all = append(all, l.Instances...)
	}
	e := &NotFoundError{Text: fmt.Sprintf("no instance %q on %s", arg, s.Servers()), Arg: arg}
	switch near := closest(arg, all); {
	case len(near) > 0:
		e.Text += "; did you mean " + quoted(near, " or ") + "?"
	case len(all) > 0 && len(all) <= mostNamed:
		e.Text += "; it has " + quoted(names(all), ", ")
	}
	return e
}

// closest returns the names, at most three, of instances whose name contains
// arg or differs from it by a few letters, or whose id starts with it.
func closest(arg string, all []rtapi.Instance) (near []string) {
	folded := strings.ToLower(arg)
	for _, in := range all {
		switch {
		case strings.Contains(strings.ToLower(in.Name), folded):
			near = append(near, in.Name)
		case len(arg) >= 4 && strings.HasPrefix(strings.ToLower(in.ID), folded):
			near = append(near, in.ID)
		}
	}
	if len(near) == 0 {
		if name := term.Nearest(arg, names(all)); name != "" {
			near = append(near, name)
		}
	}
	slices.Sort(near)
	near = slices.Compact(near)
	return near[:min(3, len(near))]
}

func names(all []rtapi.Instance) []string {
	list := make([]string, len(all))
	for i, in := range all {
		list[i] = in.Name
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func quoted(list []string, between string) string {
	for i, name := range list {
		list[i] = fmt.Sprintf("%q", name)
	}
	return strings.Join(list, between)
}

// unreachable returns why no server could be asked; nil if one could.
func (s *Set) unreachable() error {
	errs := s.Unreached()
	if len(errs) == 0 || len(errs) < len(s.listings) {
		return nil
	}
	return errs[0]
}

// Servers returns the URLs of the servers of the options, for messages.
func (s *Set) Servers() string {
	var list []string
	for _, c := range s.o.Servers {
		list = append(list, c.Server())
	}
	return strings.Join(list, ", ")
}
