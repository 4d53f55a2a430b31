package cmd

import (
	"context"
	"errors"
	"net"
	"net/url"
	"slices"
	"testing"

	"github.com/rtev/rtev/internal/config"
	"github.com/rtev/rtev/internal/rtapi"
)

var errNoNetwork = errors.New("no network here")

// FuzzInstance finds whatever may stand as an INSTANCE argument, with one
// server and with two, neither of which answers. What is found without asking
// has an id, and a password of a pasted URL is in no server's name; all else
// is a mistake of the user's or a server that cannot be reached.
func FuzzInstance(f *testing.F) {
	for _, arg := range []string{
		"899c89f9-90c3-c633-8586-8f09b005ebed", "Front gate", "gate*", "g[a-", "[", "gate", "-", "", "/", "\x00", "\xff*", "前門",
		"http://nvr1:3546/v1/core/instance/899c89f9-90c3-c633-8586-8f09b005ebed",
		"http://nvr1:3546/v1/core/instance/899c89f9-90c3-c633-8586-8f09b005ebed/consume_events_sse?events=track,crop#x",
		"https://me:secret@nvr1/rt/v1/core/instance/a%2Fb/consume_events?events=%zz", "http://", "://", "http://x/v1/core/instance/", "http://[::1/v1/core/instance/a",
		"https://me:secret@nvr1/r@/v1/core/instance/a", "http://x/v1/core/instance/%zz", "ftp://x/v1/core/instance/a", "http://x/v1/core/instance/a?;=;",
	} {
		f.Add(arg, false)
		f.Add(arg, true)
	}
	f.Fuzz(func(t *testing.T, arg string, two bool) {
		find := deaf(t, two)
		err := find.find(context.Background(), arg)
		code := status(err).code
		if !slices.Contains([]int{exitOK, exitUsage, exitUnreachable}, code) {
			t.Errorf("%q: status %d, %v", arg, code, err)
		}
		for _, x := range find.targets {
			server, bad := url.Parse(x.inst.Server)
			if err == nil && (x.inst.ID == "" || x.client == nil || bad != nil || server.User != nil) {
				t.Errorf("%q: id %q on %q", arg, x.inst.ID, x.inst.Server)
			}
		}
		if err == nil && len(find.targets) != 1 {
			t.Errorf("%q: %d targets", arg, len(find.targets))
		}
	})
}

// deaf returns a finder whose servers cannot be reached.
func deaf(t *testing.T, two bool) *finder {
	f := &finder{
		named: []config.Named{{Name: "gate", ID: "899c89f9-90c3-c633-8586-8f09b005ebed", Server: "nvr9"}},
		seen:  map[string]bool{}, say: func(string, ...any) {},
		open: func(server string) (*rtapi.Client, error) {
			return rtapi.New(rtapi.Options{Server: server, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errNoNetwork }})
		},
	}
	names := []string{"nvr1"}
	if two {
		names = append(names, "nvr2")
	}
	for _, name := range names {
		c, err := f.open(name)
		if err != nil {
			t.Fatal(err)
		}
		f.servers = append(f.servers, c)
	}
	return f
}
