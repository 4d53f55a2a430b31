package rtapi

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// Time limits. A stream's response header has none: some servers send it only
// with the first event, which may be hours later.
const (
	dialLimit     = 10 * time.Second // name resolution and TCP
	tlsLimit      = 10 * time.Second
	lookupLimit   = 10 * time.Second // a look-up: before the header, and between bytes
	responseLimit = 20 * time.Second // the same for the queue and the database, which may have more to prepare
	drainedLimit  = 60 * time.Second // between bytes of a drained response, which cannot be requested again
)

// Sizes.
const (
	maxHeader = 1 << 20 // bytes of a response header
	maxHops   = 5       // redirects

	// readBuffer limits one read from the socket. 64 KiB costs as little CPU time as
	// 256 KiB and a third of that with 4 KiB.
	readBuffer  = 64 << 10
	writeBuffer = 1 << 10
)

// keepAlive finds a dead peer within 30 s: Idle + Count * Interval.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}

// Client talks to one RT Server. It is safe for concurrent use.
type Client struct {
	base   *url.URL // without user information, no slash at the end
	header http.Header
	agent  string
	trace  func(string)
	net    *http.Transport
	others *http.Transport // for other hosts after a redirect: without the client certificate
	http   *http.Client
}

// New returns a client. It opens no connection. Its error is an *OptionError.
func New(o Options) (*Client, error) {
	base, user, err := parseServer(o.Server)
	if err != nil {
		return nil, err
	}
	header, err := o.header(user)
	if err != nil {
		return nil, err
	}
	secure, err := o.TLS()
	if err != nil {
		return nil, err
	}
	c := &Client{base: base, header: header, agent: o.UserAgent, trace: o.Trace}
	c.net = &http.Transport{
		DialContext:            o.Dial,
		Proxy:                  o.Proxy,
		TLSClientConfig:        secure,
		TLSHandshakeTimeout:    tlsLimit,
		MaxResponseHeaderBytes: maxHeader,
		ReadBufferSize:         readBuffer,
		WriteBufferSize:        writeBuffer,
		IdleConnTimeout:        90 * time.Second,
		ForceAttemptHTTP2:      true,
	}
	if o.Dial == nil {
		c.net.DialContext = (&net.Dialer{Timeout: dialLimit, KeepAliveConfig: keepAlive}).DialContext
	}
	c.others = c.net
	if len(secure.Certificates) > 0 {
		c.others = c.net.Clone()
		c.others.TLSClientConfig.Certificates = nil
	}
	c.http = &http.Client{Transport: hop{c}, CheckRedirect: func(_ *http.Request, via []*http.Request) error {
		if len(via) > maxHops {
			return http.ErrUseLastResponse // its status becomes the error
		}
		return nil
	}}
	return c, nil
}

// Server returns the base URL without user information.
func (c *Client) Server() string { return c.base.String() }

// Close closes idle connections. Open streams stay open.
func (c *Client) Close() {
	c.net.CloseIdleConnections()
	c.others.CloseIdleConnections()
}

// Stream opens an instance's live stream. No types means all types. lastID is
// sent as Last-Event-ID unless it is empty or not allowed in a header. The
// caller closes the body, which ends when ctx is done.
//
// Stream waits for the response header without a time limit; use Check to find
// out whether the server is alive meanwhile. The error is ctx.Err(), an
// *UnreachableError, a *StatusError or a *NotStreamError. Reads of the body
// return the first two.
//
// A response without Content-Length may also be JSON, NDJSON, plain text, bytes or
// untyped, as older servers may send the stream; error pages have a length.
func (c *Client) Stream(ctx context.Context, id string, types []string, lastID string) (io.ReadCloser, error) {
	h := http.Header{"Accept": {"text/event-stream"}}
	if lastID != "" && len(lastID) <= 1<<10 && httpguts.ValidHeaderFieldValue(lastID) {
		h.Set("Last-Event-ID", lastID)
	}
	r, err := c.do(ctx, request{path: instancePath(id) + "/consume_events_sse" + query(types), instance: id, header: h})
	if err != nil {
		return nil, err
	}
	r.want = "an event stream"
	kind := r.contentType()
	if r.StatusCode == http.StatusOK && (kind == "text/event-stream" || r.ContentLength < 0 && mayBeJSON(kind)) {
		return r, nil
	}
	return nil, r.refusal()
}

// Check requests an instance to find out whether the server is alive. Only the
// statuses 401, 403, 404 and, from gateways, 502, 503 and 504 are errors: a
// *StatusError. Other errors are ctx.Err() and *UnreachableError. Check takes at
// most 12 s.
func (c *Client) Check(ctx context.Context, id string) error {
	r, err := c.do(ctx, request{path: instancePath(id), instance: id, limit: lookupLimit})
	if err != nil {
		return err
	}
	switch code := r.StatusCode; {
	case code == http.StatusUnauthorized, code == http.StatusForbidden, code == http.StatusNotFound, IsGateway(code):
		return r.refusal()
	}
	r.Close()
	return nil
}

// Drain removes the events from an instance's polling queue and returns them. No
// types means all types; the server may ignore them. The body is nil if the queue
// was empty. It may have any content type, because it is the only copy of its
// events. The caller closes the body. The errors are those of Stream without
// *NotStreamError.
func (c *Client) Drain(ctx context.Context, id string, types []string) (io.ReadCloser, error) {
	path := instancePath(id) + "/consume_events" + query(types)
	r, err := c.do(ctx, request{path: path, instance: id, limit: responseLimit})
	if err != nil {
		return nil, err
	}
	switch r.StatusCode {
	case http.StatusNoContent:
		r.Close()
		return nil, nil
	case http.StatusOK:
		r.limit = drainedLimit
		return r, nil
	}
	return nil, r.refusal()
}

// Post sends a JSON body to path, such as /v1/database/events, and returns the
// body of a 200 response, which may be large. The caller closes it. The errors
// are those of Stream; if the server does not have this path, a *StatusError of
// 404.
func (c *Client) Post(ctx context.Context, path string, body []byte) (io.ReadCloser, error) {
	h := http.Header{"Content-Type": {"application/json"}}
	r, err := c.do(ctx, request{path: path, limit: responseLimit, header: h, body: body})
	if err != nil {
		return nil, err
	}
	if r.StatusCode == http.StatusOK && mayBeJSON(r.contentType()) {
		return r, nil
	}
	r.want = "JSON"
	return nil, r.refusal()
}

func instancePath(id string) string { return "/v1/core/instance/" + url.PathEscape(id) }

// query returns the query that selects types, or "".
func query(types []string) string {
	if len(types) == 0 {
		return ""
	}
	names := url.QueryEscape(strings.Join(types, ","))
	return "?events=" + strings.ReplaceAll(names, "%2C", ",")
}

// request is what do sends.
type request struct {
	path     string        // with query
	instance string        // the id in path, if any
	header   http.Header   // in addition to those of every request
	body     []byte        // nil: GET, else POST
	limit    time.Duration // how long the server may send nothing; 0 means forever
}

// do sends one request. It returns a response of any status without an error.
// The caller closes it.
func (c *Client) do(ctx context.Context, q request) (*response, error) {
	method := http.MethodGet
	if q.body != nil {
		method = http.MethodPost
	}
	own, cancel := context.WithCancelCause(ctx)
	req, err := http.NewRequestWithContext(own, method, c.Server()+q.path, bytes.NewReader(q.body))
	if err != nil {
		cancel(nil)
		return nil, optionErrorf("%s: bad path %q", c.Server(), q.path)
	}
	req.Header = http.Header{"Accept": {"application/json"}, "Cache-Control": {"no-cache"}, "User-Agent": {c.agent}}
	maps.Copy(req.Header, q.header)
	r := &response{client: c, request: q, ctx: ctx, own: own, cancel: cancel}
	r.startLimit()
	r.Response, err = c.http.Do(req)
	r.stopLimit()
	if err != nil {
		err = r.failure(err)
		cancel(nil)
		return nil, err
	}
	return r, nil
}
