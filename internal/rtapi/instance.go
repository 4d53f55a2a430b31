package rtapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Limits of an answer about instances.
const (
	maxAnswer  = 64 << 20
	answerTime = 60 * time.Second
)

// Instance is what a server says about one of its instances. What it does not
// say is zero.
type Instance struct {
	ID       string
	Name     string // the ID where the server gives no display name
	Group    string
	Solution string // its name, else its id
	Version  string
	FPS      float64
	Loaded   bool
	Running  bool
	Raw      json.RawMessage // the server's own object
}

// State is "running", "loaded" or "registered"; servers have no word for it.
func (i Instance) State() string {
	switch {
	case i.Running:
		return "running"
	case i.Loaded:
		return "loaded"
	}
	return "registered"
}

// Instances lists the server's instances in its order. Entries that are no
// object or have no id are left out: nothing can be asked of them. Errors: the
// error of ctx, *UnreachableError, *StatusError, *NotStreamError.
func (c *Client) Instances(ctx context.Context) ([]Instance, error) {
	var list []Instance
	err := c.ask(ctx, "/v1/core/instances", "list of instances", func(answer []byte) (ok bool) {
		list, ok = parseInstances(answer)
		return ok
	})
	return list, err
}

// Instance asks for one instance; an unknown id is a *StatusError of 404.
// Errors as Instances.
func (c *Client) Instance(ctx context.Context, id string) (Instance, error) {
	var in Instance
	err := c.ask(ctx, instancePath(id), "instance", func(answer []byte) (ok bool) {
		in, ok = parseInstance(answer)
		return ok
	})
	return in, err
}

// ask gets a whole answer and hands it to parse, which says whether it is what
// was wanted.
func (c *Client) ask(ctx context.Context, path, want string, parse func([]byte) bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, answerTime, errSlow)
	defer cancel()
	resp, err := c.get(ctx, path, nil, http.Header{"Accept": {"application/json"}})
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return c.refusal(resp)
	}
	body, err := c.body(resp)
	if err != nil {
		return err
	}
	defer body.Close()
	answer, err := io.ReadAll(io.LimitReader(body, maxAnswer+1))
	if err != nil {
		return c.failure(resp.Request, err)
	}
	if len(answer) > maxAnswer {
		return &NotStreamError{URL: shown(resp.Request.URL), want: want, Text: fmt.Sprintf("more than %d MiB", maxAnswer>>20)}
	}
	if !parse(answer) {
		return &NotStreamError{URL: shown(resp.Request.URL), want: want, ContentType: contentType(resp),
			Text: readable(string(answer[:min(len(answer), refusalRead)]))}
	}
	return nil
}

// parseInstances reads {"instances":[…]} or the array alone.
func parseInstances(answer []byte) ([]Instance, bool) {
	list := json.RawMessage(answer)
	if members, ok := object(answer); ok {
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

// parseInstance reads one instance whatever JSON types its members have; ok is
// false when it is no object or has no id.
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
	in.FPS, _ = strconv.ParseFloat(first("fps"), 64) // not a number: not said
	return in, in.ID != ""
}

func object(raw []byte) (members map[string]json.RawMessage, ok bool) {
	err := json.Unmarshal(raw, &members)
	return members, err == nil && members != nil
}

// scalar is a JSON string's text, or a number or word as it stands; "" for
// null, for what is missing and for what holds other values.
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

// yes takes the ways in which servers say true.
func yes(s string) bool {
	return s == "1" || strings.EqualFold(s, "true")
}
