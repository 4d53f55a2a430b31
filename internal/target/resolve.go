package target

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/rtev/rtev/internal/config"
	"github.com/rtev/rtev/internal/rtapi"
)

var uuid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// pastedURL matches a URL: server, instance, query.
var pastedURL = regexp.MustCompile(`^(.*?://.*?)/v1/core/instance/([^/?#]+)(?:/[^?#]*)?(?:\?([^#]*))?(?:#.*)?$`)

// pasted returns the parts of a pasted URL. types is nil without events=.
func pasted(arg string) (server, id string, types []string, ok bool) {
	m := pastedURL.FindStringSubmatch(arg)
	if m == nil {
		return "", "", nil, false
	}
	id, err := url.PathUnescape(m[2])
	query, wrong := url.ParseQuery(m[3])
	if list := query.Get("events"); list != "" {
		types = strings.Split(list, ",")
	}
	return m[1], id, types, err == nil && wrong == nil
}

// HasTypes reports whether arg is a pasted URL with event types (events=).
func HasTypes(arg string) bool {
	_, _, types, ok := pasted(arg)
	return ok && types != nil
}

// Resolve returns the targets that args name or, without args, every running
// instance. The error is an *rtapi.OptionError for an argument that cannot be used, a
// *NotFoundError, the error of a client if no server could be asked, or ctx.Err().
func (s *Set) Resolve(ctx context.Context, args []string) ([]*Target, error) {
	if len(args) == 0 && s.addWanted(ctx, func(in rtapi.Instance) bool { return in.Running }) == 0 {
		return nil, s.notFound("no instance is running", "")
	}
	for _, arg := range args {
		if err := s.resolve(ctx, arg); err != nil {
			return nil, err
		}
	}
	return slices.Clone(s.targets), nil
}

// resolve adds the targets of one argument.
func (s *Set) resolve(ctx context.Context, arg string) error {
	if strings.Contains(arg, "://") {
		return s.resolveURL(arg)
	}
	named := func(n config.Named) bool { return sameName(n.Name, arg) }
	if i := slices.IndexFunc(s.o.Named, named); i >= 0 {
		return s.resolveNamed(ctx, s.o.Named[i])
	}
	if uuid.MatchString(arg) {
		return s.resolveID(ctx, arg, arg)
	}
	if s.addWanted(ctx, func(in rtapi.Instance) bool { return matches(arg, in) }) == 0 {
		return s.notFound(fmt.Sprintf(`no instance "%s"`, arg), arg)
	}
	return nil
}

// addWanted is addMatching for instances that may also join later.
func (s *Set) addWanted(ctx context.Context, match func(rtapi.Instance) bool) (found int) {
	s.wanted = append(s.wanted, match)
	return s.addMatching(ctx, match)
}

func (s *Set) resolveURL(arg string) error {
	server, id, types, ok := pasted(arg)
	if !ok {
		return &rtapi.OptionError{Text: "no instance in the URL; it looks like http://HOST:3546/v1/core/instance/UUID"}
	}
	client, err := s.o.Open(server, true)
	if err != nil {
		return err
	}
	s.addFixed(client, id, id, types)
	return nil
}

// resolveNamed adds an instance of the config file. Its errors name the line there.
func (s *Set) resolveNamed(ctx context.Context, n config.Named) error {
	var client *rtapi.Client
	var err error
	if n.Server == "" {
		err = s.resolveID(ctx, n.ID, n.Name)
	} else if client, err = s.o.Open(n.Server, false); err == nil {
		s.addFixed(client, n.ID, n.Name, nil)
	}
	if err != nil {
		return fmt.Errorf("%s: instance %q: %w", n.Place, n.Name, err)
	}
	return nil
}

// resolveID adds an instance by its id. With one server it needs no request;
// otherwise it asks each server whether it has the instance.
func (s *Set) resolveID(ctx context.Context, id, name string) error {
	if len(s.o.Servers) == 1 {
		s.addFixed(s.o.Servers[0], id, name, nil)
		return nil
	}
	if s.addMatching(ctx, func(in rtapi.Instance) bool { return strings.EqualFold(in.ID, id) }) == 0 {
		return s.notFound(fmt.Sprintf(`no instance "%s"`, id), id)
	}
	return nil
}

// addFixed adds a target of which only the id is known, unless the set has it.
func (s *Set) addFixed(client *rtapi.Client, id, name string, types []string) {
	if t := s.add(client, rtapi.Instance{ID: id, Name: name, Running: true}); t != nil {
		t.fixed, t.Types = true, types
	}
}

// sameName reports whether names are equal, ignoring case and Unicode
// normalization: file systems and browsers write the same name in different forms.
func sameName(a, b string) bool { return strings.EqualFold(norm.NFC.String(a), norm.NFC.String(b)) }

// matches reports whether pattern, a name, a glob or an id, selects in. A malformed
// glob only matches itself.
func matches(pattern string, in rtapi.Instance) bool {
	// path.Match treats a slash as a separator; in a display name it is like a letter
	flat := func(s string) string {
		return strings.ReplaceAll(strings.ToLower(norm.NFC.String(s)), "/", "\x00")
	}
	glob, _ := path.Match(flat(pattern), flat(in.Name))
	return glob || sameName(pattern, in.Name) || strings.EqualFold(pattern, in.ID)
}
