package rtapi

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
)

// The network's limits.
const (
	dialTime   = 10 * time.Second // DNS and TCP
	tlsTime    = 10 * time.Second
	headerTime = 30 * time.Second // from the request to the answer's header
	maxHeader  = 1 << 20          // bytes of an answer's header
	maxHops    = 5                // redirects

	// readBuffer is what one socket read takes at most. 64 KiB cost as little
	// CPU as 256 KiB with 1 M events of 500 B (0.08 µs an event; 4 KiB: 0.25),
	// and a bare HTTP client whose 1,000 connections were all opened anew keeps 78 MB
	// instead of 166.
	readBuffer  = 64 << 10
	writeBuffer = 1 << 10
)

// Client speaks to one RT Server. Safe for concurrent use.
type Client struct {
	base   *url.URL // without user information, no slash at the end
	header http.Header
	agent  string
	trace  func(string)
	net    *http.Transport
	http   *http.Client
	eager  bool        // Options.Ahead
	ahead  atomic.Bool // one body is read ahead
}

// New makes a client; it opens no connection. Its error is an *OptionError.
func New(o Options) (*Client, error) {
	base, user, err := parseServer(o.Server)
	if err != nil {
		return nil, err
	}
	header, err := o.header(user)
	if err != nil {
		return nil, err
	}
	secure, err := o.tls()
	if err != nil {
		return nil, err
	}
	c := &Client{base: base, header: header, agent: o.UserAgent, trace: o.Trace, eager: o.Ahead}
	c.net = &http.Transport{
		DialContext:            o.Dial,
		Proxy:                  o.Proxy,
		TLSClientConfig:        secure,
		TLSHandshakeTimeout:    tlsTime,
		ResponseHeaderTimeout:  headerTime,
		MaxResponseHeaderBytes: maxHeader,
		ReadBufferSize:         readBuffer,
		WriteBufferSize:        writeBuffer,
		IdleConnTimeout:        90 * time.Second,
		ForceAttemptHTTP2:      true,
	}
	if o.Dial == nil {
		c.net.DialContext = (&net.Dialer{
			Timeout:         dialTime,
			KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3},
		}).DialContext
	}
	c.http = &http.Client{Transport: hop{c}, CheckRedirect: func(_ *http.Request, via []*http.Request) error {
		if len(via) > maxHops {
			return http.ErrUseLastResponse // whose status is then refused
		}
		return nil
	}}
	return c, nil
}

// Server is the base URL, without user information.
func (c *Client) Server() string { return c.base.String() }

// Close ends idle connections. Open streams stay.
func (c *Client) Close() { c.net.CloseIdleConnections() }

// Stream opens an instance's live stream; types nil or empty asks for all.
// lastID is sent as Last-Event-ID, unless it is empty or cannot stand in a
// header. The body ends when it is closed or ctx is done. Errors: the error of
// ctx, *UnreachableError, *StatusError, *NotStreamError.
//
// Beside text/event-stream an answer may be JSON, NDJSON, plain text, bytes or
// of no type, as older servers may send the stream: but only without a length,
// which no stream has and an error page has.
func (c *Client) Stream(ctx context.Context, id string, types []string, lastID string) (io.ReadCloser, error) {
	h := http.Header{"Accept": {"text/event-stream"}, "Cache-Control": {"no-cache"}}
	if lastID != "" && len(lastID) <= 1<<10 && validValue(lastID) {
		h.Set("Last-Event-ID", lastID)
	}
	resp, err := c.get(ctx, instancePath(id)+"/consume_events_sse", types, h)
	if err != nil {
		return nil, err
	}
	kind := contentType(resp)
	if resp.StatusCode == http.StatusOK && (kind == "text/event-stream" || resp.ContentLength < 0 && plain(kind)) {
		return c.body(resp)
	}
	return nil, c.refusal(resp)
}

// Drain takes what waits in an instance's polling queue: what it returns is
// gone from the server. types nil or empty asks for all; whether a server
// honours them is unknown. Nil and no error: nothing waits. Errors as Stream.
func (c *Client) Drain(ctx context.Context, id string, types []string) (io.ReadCloser, error) {
	h := http.Header{"Accept": {"application/json"}, "Cache-Control": {"no-cache"}}
	resp, err := c.get(ctx, instancePath(id)+"/consume_events", types, h)
	if err != nil {
		return nil, err
	}
	switch {
	case resp.StatusCode == http.StatusNoContent:
		return nil, resp.Body.Close()
	case resp.StatusCode == http.StatusOK && plain(contentType(resp)):
		return c.body(resp)
	}
	return nil, c.refusal(resp)
}

func instancePath(id string) string { return "/v1/core/instance/" + url.PathEscape(id) }

// get sends one request. An answer of any status is no error.
func (c *Client) get(ctx context.Context, path string, types []string, h http.Header) (*http.Response, error) {
	if len(types) > 0 {
		names := make([]string, len(types))
		for i, name := range types {
			names[i] = url.QueryEscape(name)
		}
		path += "?events=" + strings.Join(names, ",")
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Server()+path, nil)
	if err != nil {
		return nil, optionErrorf("%s: bad path %q", c.Server(), path)
	}
	h.Set("Accept-Encoding", "identity") // else net/http asks for gzip
	h.Set("User-Agent", c.agent)
	req.Header = h
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.failure(req, err)
	}
	return resp, nil
}
