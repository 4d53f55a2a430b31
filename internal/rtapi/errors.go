package rtapi

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// UnreachableError reports that no response came, or that it broke off: name not
// found, connection refused or reset, TLS refused, a time-out, or something that
// is not HTTP.
//
// It does not unwrap. Its cause may be context.DeadlineExceeded, from a time-out
// of net/http, or EPIPE, from the connection to the server. These must not be
// mistaken for the end of the run or for a closed standard output.
type UnreachableError struct {
	URL string // server, without path and user information, and how it was reached
	Err error  // the cause, for messages
}

// Error returns one line that says what to do next.
func (e *UnreachableError) Error() string { return e.URL + ": " + e.reason() }

func (e *UnreachableError) reason() string {
	op, atProxy := errors.AsType[*net.OpError](e.Err)
	dns, noHost := errors.AsType[*net.DNSError](e.Err)
	certificate, unverified := errors.AsType[*tls.CertificateVerificationError](e.Err)
	_, plain := errors.AsType[tls.RecordHeaderError](e.Err)
	timeout, slow := errors.AsType[net.Error](e.Err)
	switch {
	case atProxy && (op.Op == "proxyconnect" || op.Op == "socks connect"):
		return fmt.Sprintf("its proxy cannot be reached (%v); check HTTP_PROXY, ALL_PROXY and NO_PROXY", op.Err)
	case noHost && dns.IsNotFound:
		return fmt.Sprintf("no such host as %q; check the name", dns.Name)
	case unverified:
		const text = "its certificate cannot be verified (%v); --cacert FILE names its authority, -k skips the check"
		return fmt.Sprintf(text, certificate.Err)
	case plain, strings.Contains(e.Err.Error(), "server gave HTTP response to HTTPS client"):
		return "it does not speak TLS; try http://"
	case errors.Is(e.Err, syscall.ECONNREFUSED):
		return "connection refused; check that RT Server is running there"
	case strings.HasSuffix(e.Err.Error(), "tls: certificate required"):
		return "it requires a client certificate; give --cert"
	case errors.Is(e.Err, syscall.EPIPE), errors.Is(e.Err, syscall.ECONNRESET):
		if strings.HasPrefix(e.URL, "https:") {
			return "the server closed the connection; if it requires a client certificate, give --cert"
		}
		return "the server closed the connection"
	case slow && timeout.Timeout():
		return "no response in time; check address, port and firewall"
	}
	return e.Err.Error()
}

// StatusError reports a response with a status other than 200.
type StatusError struct {
	URL      string // of the request, without user information and query
	Server   string // base URL of the client's server
	Instance string // id of the requested instance; "" if the request was not about one
	Code     int
	// Text is the server's response cut to one line, or "". It is not safe to print.
	Text string
	// RetryAfter is how long the server asked to wait, or 0.
	RetryAfter time.Duration
	// Gone is set if the instance existed earlier in this run.
	Gone bool

	hint string // what to do next
}

// Error returns one line that contains the server's text.
func (e *StatusError) Error() string {
	if e.Code == http.StatusNotFound && e.Instance != "" {
		if e.Gone {
			return fmt.Sprintf("instance %q no longer exists on this server, %s", e.Instance, e.Server)
		}
		return fmt.Sprintf("no instance %q on %s", e.Instance, e.Server)
	}
	s := fmt.Sprintf("%s: %d %s", e.URL, e.Code, http.StatusText(e.Code))
	status := strings.TrimSpace(strings.TrimPrefix(e.Text, fmt.Sprint(e.Code)))
	if status != "" && !strings.EqualFold(status, http.StatusText(e.Code)) { // the server says more
		s += ": " + e.Text
	}
	if e.hint != "" {
		s += "; " + e.hint
	}
	return s
}

// IsGateway reports whether a status comes from a gateway whose server does not
// respond, or from a server that is starting. Another attempt may succeed.
func IsGateway(code int) bool {
	return code == http.StatusBadGateway || code == http.StatusServiceUnavailable || code == http.StatusGatewayTimeout
}

// NotStreamError reports a response that is not what was requested: a login page
// instead of events, a picture, or an encoding that was not requested.
type NotStreamError struct {
	URL         string // of the request, without user information and query
	ContentType string // as the server sent it, not safe to print; "" if it sent none
	// Text is the start of the response cut to one line, or "". It is not safe to print.
	Text string
	Want string // what was requested, with an article
}

// Error returns one line that contains the server's text.
func (e *NotStreamError) Error() string {
	s := e.URL + ": the response is not " + e.Want
	if e.ContentType != "" {
		s += " but " + e.ContentType
	}
	if e.Text != "" {
		s += ": " + e.Text
	}
	return s
}

// printable returns u without user information and query: a redirect may put a
// token into the query.
func printable(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}
