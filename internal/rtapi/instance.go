package rtapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Limits of a whole look-up.
const (
	maxLookup  = 64 << 20
	lookupTime = 60 * time.Second
)

var (
	errSlow = errors.New("its response does not end")
	errCut  = errors.New("its response was cut off")
)

// Instance is what a server says about one of its instances. Fields that it
// does not send are zero.
type Instance struct {
	ID       string
	Name     string // the ID if the server sends no display name
	Group    string
	Solution string // its name, else its id
	Version  string
	FPS      float64
	Loaded   bool
	Running  bool
	Raw      json.RawMessage // the server's own object
}

// State returns "running", "loaded" or "registered"; the API has no word for it.
func (i Instance) State() string {
	switch {
	case i.Running:
		return "running"
	case i.Loaded:
		return "loaded"
	}
	return "registered"
}

// Instances lists the server's instances in its order, without entries that
// are not objects or have no id. Errors: ctx.Err(), *UnreachableError,
// *StatusError, *NotStreamError.
func (c *Client) Instances(ctx context.Context) ([]Instance, error) {
	var list []Instance
	err := c.lookup(ctx, request{path: "/v1/core/instances"}, "a list of instances", func(text []byte) (ok bool) {
		list, ok = parseInstances(text)
		return ok
	})
	return list, err
}

// Instance looks up one instance; an unknown id is a *StatusError of 404.
// Errors as Instances.
func (c *Client) Instance(ctx context.Context, id string) (Instance, error) {
	var in Instance
	err := c.lookup(ctx, request{path: instancePath(id), instance: id}, "an instance", func(text []byte) (ok bool) {
		in, ok = parseInstance(text)
		return ok
	})
	return in, err
}

// lookup gets a whole response and hands it to parse, which reports whether it
// is what was wanted.
func (c *Client) lookup(ctx context.Context, q request, want string, parse func([]byte) bool) error {
	q.limit, q.header = lookupLimit, http.Header{"Accept": {"application/json"}}
	r, err := c.do(ctx, q)
	if err != nil {
		return err
	}
	r.want = want
	if r.resp.StatusCode != http.StatusOK {
		return r.refusal()
	}
	slow := time.AfterFunc(lookupTime, func() { r.cancel(errSlow) })
	defer slow.Stop()
	body, err := r.body()
	if err != nil {
		return err
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, maxLookup+1))
	switch {
	case err == io.ErrUnexpectedEOF:
		return r.failure(errCut)
	case err != nil:
		return err
	}
	e := &NotStreamError{URL: printable(r.resp.Request.URL), want: want}
	if len(text) > maxLookup {
		e.Text = fmt.Sprintf("more than %d MiB", maxLookup>>20)
		return e
	}
	if !parse(text) {
		e.ContentType, e.Text = contentType(r.resp), readable(string(text[:min(len(text), refusalRead)]))
		return e
	}
	return nil
}

// parseInstances reads {"instances":[…]} or a bare array.
func parseInstances(text []byte) ([]Instance, bool) {
	list := json.RawMessage(text)
	if members, ok := object(text); ok {
		list = members["instances"]
	}
	var entries []json.RawMessage
	if json.Unmarshal(list, &entries) != nil {
		return nil, false
	}
	found := make([]Instance, 0, len(entries))
	for _, entry := range entries {
		if in, ok := parseInstance(entry); ok {
			found = append(found, in)
		}
	}
	return found, true
}

// parseInstance reads one instance, whatever JSON types its members have; ok is
// false if it is not an object or has no id.
func parseInstance(raw []byte) (in Instance, ok bool) {
	members, ok := object(raw)
	if !ok {
		return in, false
	}
	first := func(names ...string) string {
		for _, name := range names {
			if s := scalar(members[name]); s != "" {
				return s
			}
		}
		return ""
	}
	in = Instance{
		ID:       first("instanceId"),
		Name:     first("displayName", "instanceId"),
		Group:    first("group"),
		Solution: first("solutionName", "solutionId"),
		Version:  first("version"),
		Loaded:   yes(first("loaded")),
		Running:  yes(first("running")),
		Raw:      bytes.TrimSpace(raw),
	}
	in.FPS, _ = strconv.ParseFloat(first("fps"), 64) // not a number: 0
	return in, in.ID != ""
}

func object(raw []byte) (members map[string]json.RawMessage, ok bool) {
	err := json.Unmarshal(raw, &members)
	return members, err == nil && members != nil
}

// scalar returns the text of a JSON string, or a number or literal as it is; ""
// for null, a missing member, an object and an array.
func scalar(raw json.RawMessage) string {
	var s string
	switch {
	case len(raw) == 0 || raw[0] == '{' || raw[0] == '[' || string(raw) == "null":
		return ""
	case raw[0] != '"':
		return string(raw)
	case json.Unmarshal(raw, &s) != nil:
		return ""
	}
	return s
}

// yes reports whether s is one of the ways in which servers say true.
func yes(s string) bool {
	return s == "1" || strings.EqualFold(s, "true")
}
