package rtapi

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// hop sends one request of a chain of redirects. It adds the user's headers and
// client certificate only for the server they were given for. net/http would also
// send most headers, and the certificate, to other hosts.
type hop struct{ c *Client }

// RoundTrip implements http.RoundTripper.
func (h hop) RoundTrip(req *http.Request) (*http.Response, error) {
	send := h.c.others.RoundTrip
	if h.c.own(req.URL) {
		send = h.c.net.RoundTrip
		req = req.Clone(req.Context())
		maps.Copy(req.Header, h.c.header)
		if host := req.Header.Get("Host"); host != "" {
			req.Host = host
		}
	}
	if h.c.trace == nil {
		return send(req)
	}
	h.c.trace("> " + req.Method + " " + req.URL.EscapedPath()) // the query may hold a token
	h.c.trace("> Host: " + cmp.Or(req.Host, req.URL.Host))
	h.c.traceHeader("> ", req.Header)
	resp, err := send(req)
	if err == nil {
		h.c.trace(fmt.Sprintf("< %s %s", resp.Proto, resp.Status))
		h.c.traceHeader("< ", resp.Header)
	}
	return resp, err
}

// own reports whether u is on the client's server: the same scheme, host and
// port, or the same host with https on port 443.
func (c *Client) own(u *url.URL) bool {
	if !strings.EqualFold(u.Hostname(), c.base.Hostname()) {
		return false
	}
	if u.Scheme == c.base.Scheme {
		return port(u) == port(c.base)
	}
	return u.Scheme == "https" && port(u) == "443"
}

func port(u *url.URL) string {
	return cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
}

// secret lists headers whose values are never shown. Those of Options.Header are
// not shown either.
var secret = []string{"Authorization", "Cookie", "Proxy-Authorization", "Set-Cookie", "X-Api-Key"}

func (c *Client) traceHeader(mark string, h http.Header) {
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, v := range h[name] {
			u, err := url.Parse(v)
			switch _, users := c.header[name]; {
			case users, slices.Contains(secret, name), name == "Location" && err != nil:
				v = fmt.Sprintf("[%d bytes]", len(v))
			case name == "Location":
				v = printable(u)
			}
			c.trace(mark + name + ": " + v)
		}
	}
}
