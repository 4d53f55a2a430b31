package rtapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// response is the response to one request. It reads the body within its time
// limits, with typed errors. It is not safe for concurrent use.
type response struct {
	*http.Response
	request
	client  *Client
	want    string          // what the body should be, for messages
	ctx     context.Context // the caller's
	own     context.Context // the request's, derived from ctx
	cancel  context.CancelCauseFunc
	silence *time.Timer // cancels the request; runs while waiting for the server; nil before the first wait
	err     error       // of the last read, returned by all later ones
}

// startLimit starts or restarts the time limit, if there is one.
func (r *response) startLimit() {
	const silent = "no response within %.0f s; check that RT Server is running there and not overloaded"
	switch {
	case r.limit == 0:
	case r.silence == nil:
		r.silence = time.AfterFunc(r.limit, func() { r.cancel(fmt.Errorf(silent, r.limit.Seconds())) })
	default:
		r.silence.Reset(r.limit)
	}
}

func (r *response) stopLimit() {
	if r.silence != nil {
		r.silence.Stop()
	}
}

// Read implements io.Reader. Besides its typed errors it returns io.EOF and
// io.ErrUnexpectedEOF.
func (r *response) Read(p []byte) (int, error) {
	if r.err != nil {
		return 0, r.err
	}
	r.startLimit()
	n, err := r.Body.Read(p)
	r.stopLimit()
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		err = r.failure(err)
	}
	r.err = err
	return n, err
}

// Close implements io.Closer.
func (r *response) Close() error {
	r.stopLimit()
	err := r.Body.Close()
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

// contentType returns the media type without parameters, in lower case.
func (r *response) contentType() string {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
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
	defer r.Close()
	slow := time.AfterFunc(refusalTime, func() { r.Body.Close() })
	defer slow.Stop()
	text, _ := io.ReadAll(io.LimitReader(r.Body, refusalRead)) // the status is the error; the text only explains it
	if r.StatusCode == http.StatusOK {
		return r.notWanted(string(text))
	}
	e := &StatusError{URL: printable(r.Request.URL), Server: r.client.Server(), Instance: r.instance,
		Code: r.StatusCode, Text: Readable(string(text))}
	if seconds, err := strconv.ParseUint(r.Header.Get("Retry-After"), 10, 31); err == nil {
		e.RetryAfter = time.Duration(seconds) * time.Second
	}
	if e.Code == http.StatusUnauthorized {
		e.hint = r.credentials()
	}
	return e
}

// notWanted returns the error for a body that is not what was requested.
func (r *response) notWanted(text string) error {
	where := printable(r.Request.URL)
	return &NotStreamError{URL: where, Want: r.want, ContentType: r.contentType(), Text: Readable(text)}
}

// credentials returns a hint on how to authenticate after a 401.
func (r *response) credentials() string {
	asked := strings.ToLower(strings.Join(r.Header.Values("WWW-Authenticate"), ","))
	switch {
	case strings.Contains(asked, "digest") && !strings.Contains(asked, "basic") && !strings.Contains(asked, "bearer"):
		return "the server asks for Digest authentication, which is not supported; " +
			"a reverse proxy can offer Basic or a token"
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
