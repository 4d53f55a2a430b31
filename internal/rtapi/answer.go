package rtapi

import (
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What is read of an answer that is refused, how long that may take, and what
// is shown of it.
const (
	refusalRead = 4 << 10
	refusalTime = 2 * time.Second
	refusalShow = 300
)

// contentType is the media type without parameters, in lower case.
func contentType(resp *http.Response) string {
	kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(kind))
}

// plain tells media types that JSON may come as, though they do not say that
// it is an event stream.
func plain(kind string) bool {
	return slices.Contains([]string{"", "application/json", "application/x-ndjson", "application/ndjson",
		"application/octet-stream", "text/plain", "text/event-stream"}, kind)
}

// body is the answer's body. gzip is decoded though it was not asked for: a
// proxy may not care. Any other encoding is refused.
func (c *Client) body(resp *http.Response) (io.ReadCloser, error) {
	switch coding := strings.ToLower(resp.Header.Get("Content-Encoding")); coding {
	case "", "identity":
		return &body{ReadCloser: resp.Body, client: c}, nil
	case "gzip", "x-gzip":
		return &body{ReadCloser: &unzipped{body: resp.Body}, client: c}, nil
	default:
		resp.Body.Close()
		return nil, &NotStreamError{URL: shown(resp.Request.URL), ContentType: "in an encoding that was not asked for: " + coding}
	}
}

// unzipped decodes a body. It waits for the first bytes in its first Read and
// not before, since a stream may begin with silence.
type unzipped struct {
	body io.ReadCloser
	zip  *gzip.Reader
}

func (u *unzipped) Read(p []byte) (n int, err error) {
	if u.zip == nil {
		if u.zip, err = gzip.NewReader(u.body); err != nil {
			u.zip = nil
			return 0, err
		}
	}
	return u.zip.Read(p)
}

func (u *unzipped) Close() error { return u.body.Close() }

// refusal makes the error of an answer that is not what was asked for, and
// closes it.
func (c *Client) refusal(resp *http.Response) error {
	defer resp.Body.Close()
	slow := time.AfterFunc(refusalTime, func() { resp.Body.Close() })
	defer slow.Stop()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, refusalRead)) // the status is the error; this only explains it
	where := shown(resp.Request.URL)
	if resp.StatusCode == http.StatusOK {
		return &NotStreamError{URL: where, ContentType: contentType(resp), Text: readable(string(text))}
	}
	e := &StatusError{URL: where, Code: resp.StatusCode, Text: readable(string(text)), RetryAfter: retryAfter(resp.Header)}
	if resp.StatusCode/100 == 3 {
		e.Text = "redirected to nowhere"
		if to := resp.Header.Get("Location"); to != "" {
			e.Text = "redirected more than " + strconv.Itoa(maxHops) + " times, last to " + withoutSecrets(to)
		}
	}
	return e
}

var (
	title = regexp.MustCompile(`(?is)<title[^>]*>(.*?)</title>`)
	tags  = regexp.MustCompile(`(?s)<[a-zA-Z/!?][^>]*>?`)
)

// readable cuts an answer to one line: of a page its title, else its text.
func readable(text string) string {
	if m := title.FindStringSubmatch(text); m != nil && strings.TrimSpace(m[1]) != "" {
		text = m[1]
	}
	text = strings.Join(strings.Fields(tags.ReplaceAllString(text, " ")), " ")
	text = strings.ToValidUTF8(text, "\uFFFD")
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
