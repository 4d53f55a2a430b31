package rtapi

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// defaultPort is the port of RT Server.
const defaultPort = "3546"

// Options select a server and configure the connection to it.
type Options struct {
	// Server is the URL as typed. The default scheme is http. The default port
	// is 3546 for http, and 443 for https, which a reverse proxy provides. A path
	// is a prefix. user:password@ becomes Basic authorization.
	Server string
	// Header is sent with every request to this server, but not to other hosts
	// that it redirects to. "Host" sets the request's host, as with curl.
	Header http.Header
	// CACert, Cert and Key are PEM files with the meaning they have in curl, or
	// "". CACert replaces the system's authorities. Cert may contain the key.
	CACert, Cert, Key string
	Insecure          bool // do not check the server's certificate
	UserAgent         string
	// Dial opens connections. If it is nil, a dialer with time limits is used,
	// and keep-alives that find a dead peer within 30 s.
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)
	// Proxy returns the proxy for a request; nil means no proxy. See the function
	// Proxy.
	Proxy func(*http.Request) (*url.URL, error)
	// Trace, if not nil, is called with each header line sent ("> ") and received
	// ("< "), with secrets masked. The lines are not safe to print. It must be
	// safe for concurrent use.
	Trace func(line string)
}

// OptionError reports that an option cannot be used. Nothing was sent.
type OptionError struct{ Text string }

// Error returns one line.
func (e *OptionError) Error() string { return e.Text }

func optionErrorf(format string, args ...any) error {
	return &OptionError{fmt.Sprintf(format, args...)}
}

// parseServer returns the base URL of a server as typed, and its user information
// separately.
func parseServer(typed string) (*url.URL, *url.Userinfo, error) {
	text := strings.TrimSpace(typed)
	if ip, err := netip.ParseAddr(text); err == nil && ip.Is6() {
		text = "[" + strings.ReplaceAll(text, "%", "%25") + "]"
	}
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	shown := typed[strings.LastIndexByte(typed, '@')+1:] // the rest, and the error of url.Parse, may be a password
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.RawQuery+u.Fragment != "" {
		return nil, nil, optionErrorf("bad server URL %q; it looks like http[s]://HOST[:PORT][/PREFIX]", shown)
	}
	if n, err := strconv.Atoi(u.Port()); u.Port() != "" && (err != nil || n < 1 || n > 65535) {
		return nil, nil, optionErrorf("bad server URL %q: port %s is not between 1 and 65535", shown, u.Port())
	}
	if u.Port() == "" && u.Scheme == "http" {
		u.Host = strings.TrimSuffix(u.Host, ":") + ":" + defaultPort
	}
	u.Host = strings.ToLower(u.Host)
	if u.Scheme == "https" {
		u.Host = strings.TrimSuffix(strings.TrimSuffix(u.Host, ":443"), ":")
	}
	user := u.User
	u.User = nil
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	return u, user, nil
}

// Base returns the base URL that Client.Server would return for a server as
// typed, and whether user information was typed. Two texts name the same server
// if their base URLs are equal. Its error is an *OptionError.
func Base(server string) (base string, user bool, err error) {
	u, info, err := parseServer(server)
	if err != nil {
		return "", false, err
	}
	return u.String(), info != nil, nil
}

// header returns a checked copy of Header, with Basic authorization for user.
func (o *Options) header(user *url.Userinfo) (http.Header, error) {
	h := http.Header{}
	for name, values := range o.Header {
		if !httpguts.ValidHeaderFieldName(name) {
			return nil, optionErrorf("bad header name %q", name)
		}
		if slices.ContainsFunc(values, func(v string) bool { return !httpguts.ValidHeaderFieldValue(v) }) {
			return nil, optionErrorf("header %s: its value holds a control character", name)
		}
		h[name] = values
	}
	if user != nil && h.Get("Authorization") == "" {
		password, _ := user.Password()
		r := http.Request{Header: h}
		r.SetBasicAuth(user.Username(), password)
	}
	return h, nil
}

// TLS returns the TLS configuration of the options, for other connections that
// follow the same flags. Its error is an *OptionError.
func (o *Options) TLS() (*tls.Config, error) {
	c := &tls.Config{InsecureSkipVerify: o.Insecure}
	if o.CACert != "" {
		pem, err := os.ReadFile(o.CACert)
		if err != nil {
			return nil, optionErrorf("certificate authorities cannot be read: %v", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, optionErrorf("%s: no certificate in it; want PEM", o.CACert)
		}
	}
	if o.Cert == "" && o.Key != "" {
		return nil, optionErrorf("a client key without its certificate; give --cert too")
	}
	if o.Cert != "" {
		pair, err := tls.LoadX509KeyPair(o.Cert, cmp.Or(o.Key, o.Cert))
		if err != nil {
			return nil, optionErrorf("client certificate cannot be used: %v", err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
