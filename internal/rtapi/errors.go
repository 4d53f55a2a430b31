package rtapi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// UnreachableError says that no answer came: name not found, connection
// refused, TLS refused, time-out, or something that is no HTTP.
type UnreachableError struct {
	URL string // server, without path and user information, and how it was come to
	Err error
}

// Error is one line with what to do next.
func (e *UnreachableError) Error() string { return e.URL + ": " + e.reason() }

// Unwrap returns the cause.
func (e *UnreachableError) Unwrap() error { return e.Err }

func (e *UnreachableError) reason() string {
	var (
		dns       *net.DNSError
		authority x509.UnknownAuthorityError
		name      x509.HostnameError
		cert      x509.CertificateInvalidError
		record    tls.RecordHeaderError
		timeout   net.Error
		proxy     *net.OpError
	)
	switch {
	case errors.As(e.Err, &proxy) && proxy.Op == "proxyconnect":
		return fmt.Sprintf("its proxy is out of reach (%v); check HTTP_PROXY, HTTPS_PROXY and NO_PROXY", proxy.Err)
	case errors.Is(e.Err, syscall.ECONNREFUSED):
		return "connection refused; is RT Server running there?"
	case errors.As(e.Err, &dns) && dns.IsNotFound:
		return fmt.Sprintf("no such host as %q; check the name", dns.Name)
	case errors.As(e.Err, &authority):
		return "its certificate is signed by an unknown authority; --cacert FILE names that authority, -k skips the check"
	case errors.As(e.Err, &name):
		return "its certificate is not for this name; use the name in the certificate, or -k to skip the check"
	case errors.As(e.Err, &cert) && cert.Reason == x509.Expired:
		return "its certificate has expired or is not yet valid; check the clocks, or -k to skip the check"
	case errors.As(e.Err, &record), strings.Contains(e.Err.Error(), "server gave HTTP response to HTTPS client"):
		return "it does not speak TLS; try http://"
	case errors.As(e.Err, &timeout) && timeout.Timeout():
		return "no answer in time; check address, port and firewall"
	}
	return e.Err.Error()
}

// StatusError says that the server answered with a status that refuses.
type StatusError struct {
	URL  string // what was asked, without user information and query
	Code int
	// Text is the server's answer cut to one line, or "". It is not safe to print.
	Text string
	// RetryAfter is how long the server wants to be left alone; 0: not said.
	RetryAfter time.Duration
}

// Error is one line; it holds the server's text.
func (e *StatusError) Error() string {
	s := fmt.Sprintf("%s: %d %s", e.URL, e.Code, http.StatusText(e.Code))
	if e.Text != "" {
		s += ": " + e.Text
	}
	return s
}

// NotStreamError says that an answer is not what was asked for: a login page
// instead of events, a picture, an encoding that was not wanted.
type NotStreamError struct {
	URL         string // what was asked, without user information and query
	ContentType string // the server's own, not safe to print; "" when it told none
	// Text is the answer's beginning cut to one line, or "". It is not safe to print.
	Text string

	want string // "": an event stream
}

// Error is one line; it holds the server's text.
func (e *NotStreamError) Error() string {
	want := e.want
	if want == "" {
		want = "event stream"
	}
	s := e.URL + ": the answer is no " + want
	if e.ContentType != "" {
		s += " but " + e.ContentType
	}
	if e.Text != "" {
		s += ": " + e.Text
	}
	return s
}

// shown is u as it may be printed. A query may hold a token that the server
// put there when it redirected.
func shown(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}

// errSlow says that a whole answer took longer than answerTime.
var errSlow = errors.New("the answer does not come to its end")

// failure makes the error of a request that brought no answer.
func (c *Client) failure(req *http.Request, err error) error {
	if ctx := req.Context(); ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		if context.Cause(ctx) != errSlow {
			return ctx.Err()
		}
		err = errSlow
	}
	where := c.Server()
	var at *url.Error
	if errors.As(err, &at) {
		err = at.Err
		if u, bad := url.Parse(at.URL); bad == nil && !c.own(u) {
			where = u.Scheme + "://" + u.Host + " (redirected there by " + where + ")"
		}
	}
	return &UnreachableError{URL: where, Err: err}
}
