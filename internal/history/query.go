package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
	"github.com/rtev/rtev/internal/rtapi"
)

// Client sends a JSON body to a path of one server. *rtapi.Client implements it.
type Client interface {
	Server() string
	Post(ctx context.Context, path string, body []byte) (io.ReadCloser, error)
}

// Paths of the database.
const (
	eventsPath    = "/v1/database/events"
	tracksPath    = "/v1/database/tracks"
	analyticsPath = "/v1/database/analytics"
)

// NoDatabaseError reports that a server does not have the database endpoints.
type NoDatabaseError struct {
	Server string
	Err    *rtapi.StatusError
}

// Error returns one line.
func (e *NoDatabaseError) Error() string {
	return fmt.Sprintf("%s has no event database (status %d); older releases of RT Server do not store events", e.Server, e.Err.Code)
}

// Unwrap returns the server's response.
func (e *NoDatabaseError) Unwrap() error { return e.Err }

// request is the body of a query. The keys that a server knows differ by path.
// Its default limit is unknown, so queries for rows always send one.
type request struct {
	InstanceID string            `json:"instanceId,omitempty"` // tracks only
	TimeRange  timeRange         `json:"timeRange"`
	Filters    map[string]string `json:"filters,omitempty"`
	OrderBy    string            `json:"orderBy,omitempty"`
	Limit      int               `json:"limit,omitempty"`
	Offset     int               `json:"offset,omitempty"`
	Metrics    map[string]metric `json:"metrics,omitempty"`
	GroupBy    []string          `json:"groupBy,omitempty"`
	Interval   *interval         `json:"interval,omitempty"`
}

type timeRange struct {
	Start string `json:"startTime"`
	End   string `json:"endTime"`
}

type metric struct {
	Function string `json:"function"`
}

type interval struct {
	Unit string `json:"unit"`
	Size int    `json:"size"`
}

// between returns the range from since to until, widened to whole milliseconds.
func between(since, until time.Time) timeRange {
	const layout = "2006-01-02T15:04:05.000Z07:00"
	return timeRange{since.UTC().Format(layout), until.UTC().Add(time.Millisecond - 1).Format(layout)}
}

// query posts a request and calls do with each row of the response, which is
// {"data":[row…]} or a bare array. A row is one unchecked JSON value, valid
// during the call; nil stands for one that was too long. do returns false to
// stop. The error is a *NoDatabaseError, one of Client.Post, one for a response
// that cannot be read, or ctx.Err().
func query(ctx context.Context, c Client, path string, r request, do func(row []byte) (more bool)) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	response, err := c.Post(ctx, path, body)
	if err != nil {
		missing := []int{http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented}
		if status, ok := errors.AsType[*rtapi.StatusError](err); ok && slices.Contains(missing, status.Code) {
			return &NoDatabaseError{c.Server(), status}
		}
		return err
	}
	defer response.Close()
	if err := rows(response, do); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%s%s: the response cannot be read: %w", c.Server(), path, err)
	}
	return nil
}

// rows calls do with each row of a response.
func rows(response io.Reader, do func(row []byte) bool) error {
	limit := &io.LimitedReader{R: response, N: event.MaxPayload} // bounds what precedes the rows
	d := json.NewDecoder(limit)
	if err := toRows(d); err != nil {
		return whole(err)
	}
	limit.N = math.MaxInt64
	list := jsonraw.NewArraySplitter(io.MultiReader(d.Buffered(), limit), event.MaxPayload)
	for {
		row, err := list.Next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil && err != jsonraw.ErrTooLong:
			return err
		case !do(row):
			return nil
		}
	}
}

// toRows reads up to the opening bracket of the rows.
func toRows(d *json.Decoder) error {
	first, err := d.Token()
	if err != nil || first == json.Delim('[') {
		return err
	}
	for first == json.Delim('{') && d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		if name == "data" {
			list, err := d.Token()
			if err != nil || list == json.Delim('[') {
				return err
			}
			break
		}
		var other json.RawMessage
		if err := d.Decode(&other); err != nil {
			return err
		}
	}
	return errors.New(`it has no array "data"`)
}

// whole returns err, or io.ErrUnexpectedEOF in place of io.EOF.
func whole(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
