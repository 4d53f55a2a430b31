package target

import (
	"context"
	"errors"
	"net"
	"net/url"
	"testing"

	"github.com/rtev/rtev/internal/config"
	"github.com/rtev/rtev/internal/rtapi"
)

// FuzzResolve resolves whatever may be an INSTANCE argument, with one server
// and with two, none of which can be reached. What is resolved without asking
// has an id, and a password of a pasted URL is in no server's name; everything
// else is a mistake of the user or an unreachable server.
func FuzzResolve(f *testing.F) {
	for _, arg := range []string{
		"899c89f9-90c3-c633-8586-8f09b005ebed", "Front gate", "gate*", "g[a-", "[", "gate", "-", "", "/", "\x00", "\xff*",
		"前門",
		"http://nvr1:3546/v1/core/instance/899c89f9-90c3-c633-8586-8f09b005ebed",
		"http://nvr1:3546/v1/core/instance/899c89f9-90c3-c633-8586-8f09b005ebed/consume_events_sse?events=track,crop#x",
		"https://me:secret@nvr1/rt/v1/core/instance/a%2Fb/consume_events?events=%zz", "http://", "://",
		"http://x/v1/core/instance/", "http://[::1/v1/core/instance/a",
		"https://me:secret@nvr1/r@/v1/core/instance/a", "http://x/v1/core/instance/%zz", "ftp://x/v1/core/instance/a",
		"http://x/v1/core/instance/a?;=;",
	} {
		f.Add(arg, false)
		f.Add(arg, true)
	}
	f.Fuzz(func(t *testing.T, arg string, two bool) {
		servers := []string{"nvr1", "nvr2"}
		if !two {
			servers = servers[:1]
		}
		noNetwork := func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no network here") }
		set := newSet(t, noNetwork, servers...)
		set.o.Named = []config.Named{{Name: "gate", ID: "899c89f9-90c3-c633-8586-8f09b005ebed", Server: "nvr9"}}
		list, err := set.Resolve(t.Context(), []string{arg})
		_, mistake := errors.AsType[*rtapi.OptionError](err)
		_, far := errors.AsType[*rtapi.UnreachableError](err)
		if err != nil && !mistake && !far {
			t.Errorf("%q: %v", arg, err)
		}
		for _, x := range list {
			server, bad := url.Parse(x.Instance.Server)
			if x.Instance.ID == "" || x.Client == nil || bad != nil || server.User != nil {
				t.Errorf("%q: id %q on %q", arg, x.Instance.ID, x.Instance.Server)
			}
		}
		if err == nil && len(list) != 1 {
			t.Errorf("%q: %d targets", arg, len(list))
		}
	})
}

// newSet returns a set whose servers are reached through dial.
func newSet(t *testing.T, dial func(context.Context, string, string) (net.Conn, error), servers ...string) *Set {
	t.Helper()
	open := func(server string, _ bool) (*rtapi.Client, error) {
		return rtapi.New(rtapi.Options{Server: server, Dial: dial})
	}
	o := Options{Open: open}
	for _, server := range servers {
		c, err := open(server, false)
		if err != nil {
			t.Fatal(err)
		}
		o.Servers = append(o.Servers, c)
	}
	return New(o)
}
