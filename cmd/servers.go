package cmd

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/rtev/rtev/internal/config"
	"github.com/rtev/rtev/internal/rtapi"
	"github.com/rtev/rtev/internal/simulator"
	"github.com/rtev/rtev/internal/target"
)

// instances returns the set of instances of the run, still empty: the
// simulator's with --demo, else those of the servers that were named.
func (s *session) instances() (*target.Set, error) {
	if s.demo && s.sim == nil { // a look-up that is tried again finds the same one
		sim, err := simulator.New(simulator.Options{Seed: 1})
		if err != nil {
			return nil, err
		}
		s.sim, s.dial, s.proxy = sim, sim.DialContext, nil
		s.cfg.Server, s.cfg.Servers, s.cfg.Instances, s.cfg.Default = []string{demoServer}, nil, nil, nil
	}
	open := map[string]*rtapi.Client{} // by name and URL
	client := func(text string, typed bool) (c *rtapi.Client, err error) {
		server, listed := s.find(text)
		key := server.Name + " " + server.URL
		if open[key] == nil {
			common := server.Name == "" && (listed || !typed)
			open[key], err = s.newClient(server, typed || !s.parsed.Changed("server"), common)
		}
		return open[key], err
	}
	o := target.Options{Open: client, Named: s.cfg.Instances, Notify: s.notices.Report}
	for _, server := range s.cfg.Server {
		c, err := client(server, true)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(o.Servers, c) {
			o.Servers = append(o.Servers, c)
		}
	}
	return target.New(o), nil
}

// find returns the server that text names, or whose URL it is, and whether it is one
// of "servers" or of --server. A URL with user information of its own is another
// server.
func (s *session) find(text string) (server config.Server, listed bool) {
	if server = s.cfg.Resolve(text); server.Name != "" {
		return server, true
	}
	known := slices.Clone(s.cfg.Servers)
	for _, given := range s.cfg.Server {
		known = append(known, s.cfg.Resolve(given))
	}
	base, user, _ := rtapi.Base(text)
	for _, k := range known {
		its, _, err := rtapi.Base(k.URL)
		if k.URL == text || err == nil && its == base && !user {
			return k, true
		}
	}
	return server, false
}

// newClient returns a client of a server. Headers and certificates for one server
// are never sent to another:
//
//   - those of an item of "servers" go to that server only;
//   - those of the command line go to the servers that it names, by -s or by a
//     pasted URL, or without -s to every server of the run (named), and replace
//     those of its item;
//   - those of RTEV_HEADER, "header" and "defaults" go to servers that --server,
//     RTEV_SERVER or the file give by their URL, not to those of "servers", nor to
//     one that only a pasted URL names (common).
func (s *session) newClient(server config.Server, named, common bool) (*rtapi.Client, error) {
	applies := func(flags ...string) bool {
		if slices.ContainsFunc(flags, s.parsed.Changed) {
			return named
		}
		return common
	}
	o := rtapi.Options{
		Server: server.URL, CACert: server.CACert, Cert: server.Cert, Key: server.Key,
		UserAgent: "rtev/" + version(), Dial: s.dial, Proxy: s.proxy,
	}
	if s.verbose > 1 {
		o.Trace = s.notices.Trace
	}
	if applies("cacert") {
		o.CACert = s.cacert
	}
	if applies("cert", "key") {
		o.Cert, o.Key = s.cert, s.key
	}
	o.Insecure = s.insecure && applies("insecure")
	var more []string
	if applies("header") {
		more = s.cfg.Header
	}
	var err error
	if o.Header, err = config.ParseHeaders(server.Header, more); err != nil {
		return nil, err
	}
	return rtapi.New(o)
}

// locateError adds the line of the file that configures the instance, if that may
// have caused an error.
func (s *session) locateError(err error) error {
	no, _ := errors.AsType[*rtapi.StatusError](err)
	far, _ := errors.AsType[*rtapi.UnreachableError](err)
	for _, n := range s.cfg.Instances {
		base, _, _ := rtapi.Base(n.Server)
		unknown := no != nil && no.Code == http.StatusNotFound && strings.EqualFold(n.ID, no.Instance)
		if unknown || far != nil && far.URL == base {
			return &hintError{err, fmt.Sprintf("check the instance %q in %s", n.Name, n.Place)}
		}
	}
	return err
}
