package cmd

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/rtev/rtev/internal/config"
	"github.com/rtev/rtev/internal/rtapi"
	"github.com/rtev/rtev/internal/simulator"
	"github.com/rtev/rtev/internal/target"
	"github.com/rtev/rtev/internal/term"
)

// instances returns the set of instances of the run, still empty: the
// simulator's with --demo, else those of the servers that were named. A server
// that args do not need is not opened, so that nothing can be wrong with it.
func (s *session) instances(args []string) (*target.Set, error) {
	if s.demo && s.sim == nil { // a look-up that is tried again finds the same one
		sim, err := simulator.New(simulator.Options{Seed: 1})
		if err != nil {
			return nil, err
		}
		s.sim = sim
		s.cfg.Server, s.cfg.Servers, s.cfg.Instances, s.cfg.Default = []string{demoServer}, nil, nil, nil
	}
	k := clients{session: s, open: map[string]*rtapi.Client{}, names: map[*rtapi.Client]string{}}
	o := target.Options{Label: func(c *rtapi.Client) string { return k.names[c] }, Named: s.cfg.Instances, Place: s.cfg.Place, Notify: s.notices.report}
	o.Open = func(server string, pasted bool) (*rtapi.Client, error) {
		if pasted {
			return k.client(server, fromURL)
		}
		return k.client(server, fromInstance)
	}
	if !target.AsksServers(args, s.cfg.Instances) {
		return target.New(o), nil
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
	open  map[string]*rtapi.Client // by name and URL
	names map[*rtapi.Client]string // of those of "servers"
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
	server, known, err := k.find(text)
	if err != nil {
		return nil, err
	}
	key := server.Name + " " + server.URL
	if c := k.open[key]; c != nil {
		return c, nil
	}
	typed := from == fromURL || from == selected && k.cfg.ServerTyped
	common := server.Name == "" && (known || from != fromURL)
	var c *rtapi.Client
	o, err := k.options(server, typed, common)
	if err == nil {
		c, err = rtapi.New(o)
	}
	switch {
	case err == nil:
		k.open[key], k.names[c] = c, server.Name
		if server.Insecure {
			k.notices.info("certificates of %s are not checked (%s)", server.Name, k.cfg.Place(server.Line))
		}
	case server.Line > 0:
		err = &config.Error{From: k.cfg.File, Line: server.Line, Msg: fmt.Sprintf("server %q: %v", server.Name, err), Err: err}
	}
	return c, err
}

// find returns the server that text names, or whose URL it is, with the user
// information that it has elsewhere. known reports that --server, RTEV_SERVER or
// the file gives its URL.
func (k *clients) find(text string) (server config.Server, known bool, err error) {
	if server = k.cfg.Resolve(text); server.Name != "" {
		return server, true, nil
	}
	base, user, err := rtapi.Base(text)
	if err != nil {
		return server, false, err
	}
	same := func(url string) bool {
		its, _, err := rtapi.Base(url)
		return err == nil && its == base
	}
	if i := slices.IndexFunc(k.cfg.Servers, func(s config.Server) bool { return same(s.URL) }); i >= 0 {
		server = k.cfg.Servers[i]
		if user { // instead of its own
			server.URL = text
			server.Header = slices.DeleteFunc(slices.Clone(server.Header), isAuthorization)
		}
		return server, true, nil
	}
	urls := slices.Clone(k.cfg.Server)
	for _, n := range k.cfg.Instances {
		urls = append(urls, n.Server)
	}
	i := slices.IndexFunc(urls, func(url string) bool { return k.cfg.Resolve(url).Name == "" && same(url) })
	switch {
	case user:
	case i < 0:
		server.URL = base
	default:
		server.URL = urls[i]
	}
	return server, i >= 0, nil
}

// isAuthorization reports whether a header line is that of Authorization.
func isAuthorization(line string) bool {
	name, _, _ := strings.Cut(line, ":")
	return strings.EqualFold(name, "Authorization")
}

// options returns the options of a server's client. typed: the command line
// names the server. common: it is none of "servers", nor one that only a pasted
// URL names.
func (k *clients) options(server config.Server, typed, common bool) (rtapi.Options, error) {
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
	if err := k.addHeaders(&o, server, typed, common); err != nil {
		return o, err
	}
	return o, k.addFiles(&o, server, typed, common)
}

// applies reports whether something of the command line (given), or else of the
// environment or file, is for a server; typed and common as for options.
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
			hint := fmt.Sprintf("check the server of %q in %s", n.Name, s.cfg.Place(n.Line))
			if near := term.Nearest(n.Server, s.serverNames()); near != "" {
				hint += fmt.Sprintf("; did you mean %q?", near)
			}
			return &hintError{err, hint}
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
