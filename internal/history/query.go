package history

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// Client sends a JSON body to a path of one server; *rtapi.Client does.
type Client interface {
	Post(ctx context.Context, path string, body []byte) (io.ReadCloser, error)
}

// Paths of the database.
const (
	eventsPath    = "/v1/database/events"
	tracksPath    = "/v1/database/tracks"
	analyticsPath = "/v1/database/analytics"
)

// request is the body of a query. Which keys a server knows beyond timeRange
// differs by path; unknown limits are why limit is always sent.
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

// between returns the range from since to until, which are widened to whole
// milliseconds.
func between(since, until time.Time) timeRange {
	const layout = "2006-01-02T15:04:05.000Z07:00"
	return timeRange{since.UTC().Format(layout), until.UTC().Add(time.Millisecond - 1).Format(layout)}
}

// query posts a request and calls do with each row of the response, {"data":
// [row…]} or a bare array. The row is valid during the call. do returns false
// to read no further. Errors: those of Client.Post, of reading, and of do.
func query(ctx context.Context, c Client, path string, r request, do func(row []byte) (more bool, err error)) error {
	body, err := json.Marshal(r)
	if err != nil {
		return err
	}
	response, err := c.Post(ctx, path, body)
	if err != nil {
		return err
	}
	defer response.Close()
	if err := rows(response, do); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}
	return nil
}

// rowLimit stops the reading of a row that is larger than an event may be.
type rowLimit struct {
	r    io.Reader
	left int
}

func (l *rowLimit) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("a row has more than %d MiB", event.MaxPayload>>20)
	}
	n, err := l.r.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}

// rows calls do for each row of a response.
func rows(response io.Reader, do func(row []byte) (bool, error)) error {
	limit := &rowLimit{r: bufio.NewReader(response), left: event.MaxPayload}
	d := json.NewDecoder(limit)
	if err := toRows(d); err != nil {
		return notRows(err)
	}
	var row json.RawMessage
	for d.More() {
		if err := d.Decode(&row); err != nil {
			return notRows(err)
		}
		limit.left = event.MaxPayload
		if more, err := do(row); !more || err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil { // the end of the array: a cut response is not its end
		return notRows(err)
	}
	return nil
}

// toRows reads up to the array of rows.
func toRows(d *json.Decoder) error {
	first, err := d.Token()
	if err != nil {
		return err
	}
	switch first {
	case json.Delim('['):
		return nil
	case json.Delim('{'):
	default:
		return errNoData
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		if key == "data" {
			list, err := d.Token()
			if err == nil && list != json.Delim('[') {
				return errNoData
			}
			return err
		}
		var other json.RawMessage
		if err := d.Decode(&other); err != nil {
			return err
		}
	}
	return errNoData
}

var errNoData = errors.New(`no array "data" in it`)

func notRows(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("the database's response cannot be read: %w", err)
}

// isObject reports whether a JSON value is an object.
func isObject(value []byte) bool {
	return len(bytes.TrimLeft(value, " \t\r\n")) > 0 && bytes.TrimLeft(value, " \t\r\n")[0] == '{'
}
