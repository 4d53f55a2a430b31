package cmd

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"

	"github.com/rtev/rtev/internal/config"
	"github.com/rtev/rtev/internal/rtapi"
	"github.com/rtev/rtev/internal/simulator"
	"github.com/rtev/rtev/internal/target"
	"github.com/rtev/rtev/internal/term"
)

// instances returns the set of instances of the run, still empty: the
// simulator's with --demo, else those of the servers that were named.
func (s *session) instances() (*target.Set, error) {
	if s.demo && s.sim == nil { // a look-up that is tried again finds the same one
		sim, err := simulator.New(simulator.Options{Seed: 1})
		if err != nil {
			return nil, err
		}
		s.sim = sim
		s.cfg.Server, s.cfg.Servers, s.cfg.Instances, s.cfg.Default = []string{demoServer}, nil, nil, nil
	}
	k := clients{session: s, open: map[string]*rtapi.Client{}}
	o := target.Options{Named: s.cfg.Instances, Place: s.cfg.Place, Notify: s.notices.report}
	o.Open = func(server string, pasted bool) (*rtapi.Client, error) {
		if pasted {
			return k.client(server, fromURL)
		}
		return k.client(server, fromInstance)
	}
	for _, server := range s.cfg.Server {
		c, err := k.client(server, selected)
		if err != nil {
			return nil, err
		}
		o.Servers = append(o.Servers, c)
	}
	return target.New(o), nil
}

// clients opens the clients of a run, one per server. Each has the headers and
// files of its own server:
//
//   - those of an item of "servers" go to that server only, whether it is given
//     by its name or by its URL;
//   - those of the command line (-H, --cert, --key) go to the servers of -s and to
//     those of pasted URLs, or, without -s, to every server of the run; but they
//     replace those of an item only if the command line names its server;
//   - those of RTEV_HEADER, of "header" and of "defaults" go to servers that
//     --server, RTEV_SERVER or the file give by their URL.
type clients struct {
	*session
	open map[string]*rtapi.Client // by name, else by base URL
}

// origin is where a server was named.
type origin int

const (
	selected     origin = iota // by --server, RTEV_SERVER or the file
	fromInstance               // by an instance of the file
	fromURL                    // by a pasted URL
)

// client returns the client of a server, given by its name or URL.
func (k *clients) client(text string, from origin) (*rtapi.Client, error) {
	server, key, user, err := k.find(text)
	if err != nil {
		return nil, err
	}
	if c := k.open[key]; c != nil {
		return c, nil
	}
	o, err := k.options(server, from, user)
	if err == nil {
		k.open[key], err = rtapi.New(o)
	}
	if err == nil && server.Insecure {
		k.notices.info("certificates of %s are not checked (%s)", server.Name, k.cfg.Place(server.Line))
	}
	if err != nil && server.Line > 0 {
		err = &config.Error{From: k.cfg.File, Line: server.Line, Msg: fmt.Sprintf("server %q: %v", server.Name, err), Err: err}
	}
	return k.open[key], err
}

// find returns the server that text names, or whose URL it is, and its key in
// open. user reports that text is a URL with user information, which has a
// client of its own.
func (k *clients) find(text string) (server config.Server, key string, user bool, err error) {
	server = k.cfg.Resolve(text)
	if server.Name != "" {
		return server, strings.ToLower(server.Name), false, nil
	}
	base, user, err := rtapi.Base(text)
	if err != nil {
		return server, "", false, err
	}
	key = base
	for _, s := range k.cfg.Servers {
		if its, _, err := rtapi.Base(s.URL); err == nil && its == base {
			server, key = s, strings.ToLower(s.Name)
			break
		}
	}
	if user {
		server.URL, key = text, text
	}
	return server, key, user, nil
}

// options returns the options of a server's client. user reports that the URL
// was given with user information, which replaces the file's Authorization.
func (k *clients) options(server config.Server, from origin, user bool) (rtapi.Options, error) {
	o := rtapi.Options{
		Server: server.URL, CACert: server.CACert, Cert: server.Cert, Key: server.Key, Insecure: server.Insecure,
		UserAgent: "rtev/" + version(), Dial: k.dial, Proxy: k.proxy,
	}
	if k.sim != nil {
		o.Dial = k.sim.DialContext
	}
	if o.Dial != nil {
		o.Proxy = nil // the simulator is reached without a network
	}
	if k.verbose > 1 {
		o.Trace = k.notices.trace
	}
	var err error
	if o.Header, err = config.ParseHeaders(server.Header, config.ReadFile); err != nil {
		return o, err
	}
	if user {
		o.Header.Del("Authorization")
	}
	typed := from == fromURL || from == selected && k.cfg.ServerTyped
	common := server.Name == "" && from != fromURL
	if err := k.addHeaders(&o, server, typed, common); err != nil {
		return o, err
	}
	return o, k.addFiles(&o, server, typed, common)
}

// applies reports whether something of the command line (given), or else of the
// environment or file, is for a server. typed: the command line names the
// server; common: it has nothing of its own, and is not that of a pasted URL.
func (k *clients) applies(given, typed, common bool) bool {
	if given {
		return typed || !k.cfg.ServerTyped
	}
	return common
}

// addHeaders adds the headers of the command line, the environment or the top
// of the file.
func (k *clients) addHeaders(o *rtapi.Options, server config.Server, typed, common bool) error {
	if !k.applies(k.cfg.HeaderTyped, typed, common) {
		return nil
	}
	more, err := config.ParseHeaders(k.cfg.Header, config.ReadFile)
	if err != nil {
		return err
	}
	_, user, _ := rtapi.Base(server.URL)
	for name := range more {
		own := o.Header[name] != nil || user && name == "Authorization"
		if own && server.Name != "" && !typed {
			return k.ownValue("-H "+name, server)
		}
	}
	maps.Copy(o.Header, more)
	return nil
}

// addFiles adds the certificates of the command line or of the defaults. What is
// trusted is no secret: its defaults are for every server without its own.
func (k *clients) addFiles(o *rtapi.Options, server config.Server, typed, common bool) error {
	given := k.parsed.Changed("cert") || k.parsed.Changed("key")
	if k.applies(given, typed, common) && (given || k.cert != "") {
		if server.Cert != "" && !typed {
			return k.ownValue("--cert", server)
		}
		o.Cert, o.Key = k.cert, k.key
	}
	if k.applies(k.parsed.Changed("cacert"), typed, server.CACert == "") {
		o.CACert = k.cacert
	}
	if k.applies(k.parsed.Changed("insecure"), typed, !server.Insecure) {
		o.Insecure = k.insecure
	}
	return nil
}

// ownValue returns the error for a value of the command line that an item of
// "servers" has, too, where the command line does not name the server.
func (k *clients) ownValue(flag string, server config.Server) error {
	return &usageError{msg: flag + ": the server has its own", hint: "-s " + shellWord(server.Name) + ", to replace it"}
}

// locateError adds a hint to an error that an item of the config file may have
// caused, with its place, or a misspelt name of a server.
func (s *session) locateError(err error) error {
	if no, ok := errors.AsType[*rtapi.StatusError](err); ok && no.Code == http.StatusNotFound {
		for _, n := range s.cfg.Instances {
			if strings.EqualFold(n.ID, no.Instance) {
				return &hintError{err, fmt.Sprintf("check the id of %q in %s", n.Name, s.cfg.Place(n.Line))}
			}
		}
	}
	far, ok := errors.AsType[*rtapi.UnreachableError](err)
	if !ok {
		return err
	}
	isFar := func(text string) bool {
		base, _, bad := rtapi.Base(text)
		return bad == nil && far.URL == base
	}
	for _, server := range s.cfg.Servers {
		if isFar(server.URL) {
			return &hintError{err, fmt.Sprintf("check the url of %q in %s", server.Name, s.cfg.Place(server.Line))}
		}
	}
	for _, n := range s.cfg.Instances {
		if n.Server != "" && isFar(n.Server) {
			return &hintError{err, fmt.Sprintf("check the server of %q in %s", n.Name, s.cfg.Place(n.Line))}
		}
	}
	for _, text := range s.cfg.Server {
		if near := term.Nearest(text, s.serverNames()); near != "" && isFar(text) {
			return &hintError{err, "-s " + shellWord(near)}
		}
	}
	return err
}

// serverNames returns the names of the servers of the config file.
func (s *session) serverNames() (names []string) {
	for _, server := range s.cfg.Servers {
		names = append(names, server.Name)
	}
	return names
}
