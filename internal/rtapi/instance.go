package rtapi

import (
	"bytes"
	"cmp"
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

// Limits of one look-up: bytes of the response, and time.
const (
	maxLookup  = 64 << 20
	lookupTime = 60 * time.Second
)

// Instance describes an instance as its server does. Fields that the server does
// not send are zero.
type Instance struct {
	ID       string
	Name     string // the ID if the server sends no display name
	Group    string
	Solution string // name of its solution, or the id without a name
	Version  string
	FPS      float64
	Loaded   bool
	Running  bool
	Raw      json.RawMessage // the object that the server sent
}

// State returns "running", "loaded" or "registered". The API has no such field.
func (i Instance) State() string {
	switch {
	case i.Running:
		return "running"
	case i.Loaded:
		return "loaded"
	}
	return "registered"
}

// Instances lists the server's instances in the server's order, without entries
// that are not objects or have no id. The error is ctx.Err(), an
// *UnreachableError, a *StatusError or a *NotStreamError.
func (c *Client) Instances(ctx context.Context) ([]Instance, error) {
	var list []Instance
	err := c.lookup(ctx, request{path: "/v1/core/instances"}, "a list of instances", func(text []byte) (ok bool) {
		list, ok = parseInstances(text)
		return ok
	})
	return list, err
}

// Instance looks up one instance. For an unknown id the error is a *StatusError
// of 404; otherwise errors are those of Instances.
func (c *Client) Instance(ctx context.Context, id string) (Instance, error) {
	var in Instance
	err := c.lookup(ctx, request{path: instancePath(id), instance: id}, "an instance", func(text []byte) (ok bool) {
		in, ok = parseInstance(text)
		return ok
	})
	return in, err
}

// lookup reads a complete response and passes it to parse, which reports whether
// it is valid. want describes a valid response in errors.
func (c *Client) lookup(ctx context.Context, q request, want string, parse func([]byte) bool) error {
	q.limit = lookupLimit
	r, err := c.do(ctx, q)
	if err != nil {
		return err
	}
	r.want = want
	if r.StatusCode != http.StatusOK {
		return r.refusal()
	}
	defer r.Close()
	slow := time.AfterFunc(lookupTime, func() { r.cancel(errors.New("its response does not end")) })
	defer slow.Stop()
	text, err := io.ReadAll(io.LimitReader(r, maxLookup))
	switch {
	case err == io.ErrUnexpectedEOF:
		return r.failure(errors.New("its response was cut off"))
	case err != nil:
		return err
	case !parse(text):
		return r.notWanted(string(text[:min(len(text), refusalRead)]))
	}
	return nil
}

// parseInstances reads {"instances":[…]} or a bare array.
func parseInstances(text []byte) ([]Instance, bool) {
	var wrapper struct{ Instances json.RawMessage }
	if json.Unmarshal(text, &wrapper) == nil {
		text = wrapper.Instances
	}
	var entries []json.RawMessage
	if json.Unmarshal(text, &entries) != nil {
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
	var v struct {
		InstanceID, DisplayName, Group, SolutionName, SolutionID, Version, Loaded, Running, FPS any
	}
	if json.Unmarshal(raw, &v) != nil {
		return in, false
	}
	in = Instance{
		ID:       text(v.InstanceID),
		Name:     cmp.Or(text(v.DisplayName), text(v.InstanceID)),
		Group:    text(v.Group),
		Solution: cmp.Or(text(v.SolutionName), text(v.SolutionID)),
		Version:  text(v.Version),
		Loaded:   isTrue(v.Loaded),
		Running:  isTrue(v.Running),
		Raw:      bytes.TrimSpace(raw),
	}
	in.FPS, _ = strconv.ParseFloat(text(v.FPS), 64) // not a number: 0
	return in, in.ID != ""
}

// text returns the text of a string, number or literal, and "" for others.
func text(v any) string {
	switch v.(type) {
	case string, float64, bool:
		return fmt.Sprint(v)
	}
	return ""
}

// isTrue accepts the ways in which servers say true.
func isTrue(v any) bool { return text(v) == "1" || strings.EqualFold(text(v), "true") }
