package target

import (
	"maps"
	"slices"
	"strings"

	"github.com/rtev/rtev/internal/term"
)

// NotFoundError reports that no instance matches an argument, or that no instance is
// running.
type NotFoundError struct {
	Text string // one line; names in it are not safe to print
}

// Error returns one line.
func (e *NotFoundError) Error() string { return e.Text }

// notFound returns an error that says what is missing. arg is the argument that
// matches nothing; "" without one. If no server could be asked, it is a server's
// error. It names at most three close instances: those whose name contains arg or
// whose id starts with it, else the one whose name differs by a few letters. If none
// is close, it names all, if they are at most eight.
func (s *Set) notFound(what, arg string) error {
	if len(s.listings) == 0 && len(s.unreached) > 0 {
		return s.unreached[0]
	}
	folded := strings.ToLower(arg)
	names, similar := map[string]bool{}, map[string]bool{}
	for _, l := range s.listings {
		for _, in := range l.Instances {
			names[in.Name] = true
			if arg != "" && strings.Contains(strings.ToLower(in.Name), folded) {
				similar[in.Name] = true
			} else if len(arg) >= 4 && strings.HasPrefix(strings.ToLower(in.ID), folded) {
				similar[in.ID] = true
			}
		}
	}
	all, near := slices.Sorted(maps.Keys(names)), slices.Sorted(maps.Keys(similar))
	if name := term.Nearest(arg, all); len(near) == 0 && name != "" {
		near = []string{name}
	}
	text := what + " on " + s.Servers()
	switch {
	case len(near) > 0:
		text += `; did you mean "` + strings.Join(near[:min(3, len(near))], `" or "`) + `"?`
	case len(all) > 0 && len(all) <= 8:
		text += `; it has "` + strings.Join(all, `", "`) + `"`
	}
	return &NotFoundError{text}
}
