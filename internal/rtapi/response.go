package rtapi

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// response is the response to one request, with its time limits. It is not safe
// for concurrent use.
type response struct {
	client *Client
	request
	want    string          // what the body should be, for messages; "" means an event stream
	ctx     context.Context // the caller's
	own     context.Context // the request's, derived from ctx
	cancel  context.CancelCauseFunc
	silence *time.Timer // cancels the request; runs while waiting for the server; nil before the first wait
	resp    *http.Response

	anyEncoding bool // pass on a body in an unknown encoding unchanged
}

// startLimit starts or restarts the time limit, if there is one.
func (r *response) startLimit() {
	switch {
	case r.limit == 0:
	case r.silence == nil:
		r.silence = time.AfterFunc(r.limit, func() { r.cancel(&silenceError{r.limit}) })
	default:
		r.silence.Reset(r.limit)
	}
}

func (r *response) stopLimit() {
	if r.silence != nil {
		r.silence.Stop()
	}
}

func (r *response) close() error {
	r.stopLimit()
	err := r.resp.Body.Close()
	r.cancel(nil)
	return err
}

// failure returns the typed error for an error of a request or of a read of its
// body: ctx.Err() if the caller's context is done, else an *UnreachableError.
func (r *response) failure(err error) error {
	if r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	server := r.client.Server()
	if at, ok := errors.AsType[*url.Error](err); ok {
		err = at.Err
		if u, bad := url.Parse(at.URL); bad == nil && !r.client.own(u) {
			server = u.Scheme + "://" + u.Host + " (redirected there by " + server + ")"
		}
	}
	if cause := context.Cause(r.own); cause != nil && cause != context.Canceled {
		err = cause
	}
	return &UnreachableError{URL: server, Err: err}
}

// body returns the response's body. It decodes gzip, which a proxy may send
// although it was not requested, and refuses other encodings.
func (r *response) body() (io.ReadCloser, error) {
	b := &body{response: r, r: r.resp.Body}
	switch coding := strings.ToLower(r.resp.Header.Get("Content-Encoding")); coding {
	case "", "identity":
	case "gzip", "x-gzip":
		b.r = &gunzip{body: r.resp.Body}
	default:
		if r.anyEncoding {
			break
		}
		r.close()
		return nil, &NotStreamError{URL: printable(r.resp.Request.URL), Want: r.want, ContentType: "in an encoding that was not requested: " + coding}
	}
	return b, nil
}

// body reads a response's body within its time limits, with typed errors.
type body struct {
	*response
	r   io.Reader
	err error // of the last read, returned by all later ones
}

func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	b.startLimit()
	n, err := b.r.Read(p)
	b.stopLimit()
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		err = b.failure(err)
	}
	b.err = err
	return n, err
}

func (b *body) Close() error { return b.close() }

// gunzip decodes a body. It reads the gzip header in the first Read, not earlier,
// because a stream may begin with silence.
type gunzip struct {
	body io.Reader
	zip  *gzip.Reader
}

func (g *gunzip) Read(p []byte) (n int, err error) {
	if g.zip == nil {
		if g.zip, err = gzip.NewReader(g.body); err != nil {
			g.zip = nil
			return 0, err
		}
	}
	return g.zip.Read(p)
}

// contentType returns the media type without parameters, in lower case.
func contentType(resp *http.Response) string {
	kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(kind))
}

// mayBeJSON reports whether a body of this media type may be JSON.
func mayBeJSON(kind string) bool {
	return slices.Contains([]string{"", "application/json", "application/x-ndjson", "application/ndjson",
		"application/octet-stream", "text/plain", "text/event-stream"}, kind)
}

// Limits of a refusal: bytes to read, time to read, and bytes to show.
const (
	refusalRead = 4 << 10
	refusalTime = 2 * time.Second
	refusalShow = 300
)

// refusal returns the error for a response that is not what was requested, and
// closes the response.
func (r *response) refusal() error {
	defer r.close()
	slow := time.AfterFunc(refusalTime, func() { r.resp.Body.Close() })
	defer slow.Stop()
	text, _ := io.ReadAll(io.LimitReader(r.resp.Body, refusalRead)) // the status is the error; the text only explains it
	where := printable(r.resp.Request.URL)
	if r.resp.StatusCode == http.StatusOK {
		return &NotStreamError{URL: where, Want: r.want, ContentType: contentType(r.resp), Text: Readable(string(text))}
	}
	e := &StatusError{URL: where, Server: r.client.Server(), Instance: r.instance, Code: r.resp.StatusCode,
		Text: Readable(string(text)), RetryAfter: retryAfter(r.resp.Header)}
	if e.Code == http.StatusUnauthorized {
		e.hint = r.credentials()
	}
	if e.Code/100 == 3 {
		e.Text = "redirect without a location"
		if to := r.resp.Header.Get("Location"); to != "" {
			e.Text = "redirected more than " + strconv.Itoa(maxHops) + " times, last to " + withoutSecrets(to)
		}
	}
	return e
}

// credentials returns a hint on how to authenticate after a 401.
func (r *response) credentials() string {
	asked := strings.ToLower(strings.Join(r.resp.Header.Values("WWW-Authenticate"), ","))
	switch {
	case strings.Contains(asked, "digest") && !strings.Contains(asked, "basic") && !strings.Contains(asked, "bearer"):
		return "the server asks for Digest authentication, which is not supported; a reverse proxy can offer Basic or a token"
	case r.client.header.Get("Authorization") != "":
		return "the server refused the credentials; check user, password or token"
	}
	return "give credentials in the URL (-s http://USER:PASSWORD@HOST) or with -H 'Authorization: Bearer TOKEN'"
}

var (
	title = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
	tags  = regexp.MustCompile(`(?s)<[a-zA-Z/!?][^>]*>?`)
)

// Readable returns one line of at most 300 bytes for the text of a response: the
// title of a page, the message of a JSON error, or else the text itself. It is
// not safe to print.
func Readable(text string) string {
	var body struct{ Message, Error any }
	if json.Unmarshal([]byte(text), &body) == nil {
		for _, field := range []any{body.Message, body.Error} {
			if s, ok := field.(string); ok && s != "" {
				text = s
				break
			}
		}
	} else {
		if m := title.FindStringSubmatch(text); m != nil && strings.TrimSpace(m[1]) != "" {
			text = m[1]
		}
		text = tags.ReplaceAllString(text, " ")
	}
	text = strings.ToValidUTF8(strings.Join(strings.Fields(text), " "), "\uFFFD")
	if len(text) > refusalShow {
		text = strings.ToValidUTF8(text[:refusalShow], "") + "…"
	}
	return text
}

// retryAfter reads Retry-After (RFC 9110 section 10.2.3): seconds, or a date,
// which is taken relative to the server's own clock.
func retryAfter(h http.Header) time.Duration {
	v := h.Get("Retry-After")
	if s, err := strconv.ParseUint(v, 10, 31); err == nil {
		return time.Duration(s) * time.Second
	}
	until, err1 := http.ParseTime(v)
	now, err2 := http.ParseTime(h.Get("Date"))
	if err1 != nil || err2 != nil {
		return 0
	}
	return max(0, until.Sub(now))
}
