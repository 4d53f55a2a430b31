package history

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
)

// TypeOf returns the stream's type for an event_type of the database:
// event-line-crossing for "Line Crossing". It returns words that match no known
// type unchanged.
func TypeOf(words string) string {
	name := strings.ReplaceAll(plain(words), " ", "-")
	for _, t := range event.Types() {
		if name != "" && (t.Name == name || t.Name == "event-"+name) {
			return t.Name
		}
	}
	return words
}

// plain normalizes a type or its display name for comparison: lower case,
// without "event-", with spaces instead of hyphens.
func plain(name string) string {
	name = strings.NewReplacer("-", " ", "_", " ").Replace(strings.ToLower(name))
	return strings.TrimPrefix(strings.Join(strings.Fields(name), " "), "event ")
}

// maxNames is how many types of a server are remembered.
const maxNames = 1000

// storedNames asks the server which event types it stored in a time range.
func storedNames(ctx context.Context, c Client, since, until time.Time) (names []string, err error) {
	r := request{
		TimeRange: between(since, until), GroupBy: []string{"event_type"},
		Metrics: map[string]metric{"n": {"count"}},
	}
	var index jsonraw.Index
	err = query(ctx, c, analyticsPath, r, func(row []byte) bool {
		if index.Scan(row) != nil {
			return true
		}
		if name := textOf(&index, "event_type"); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
		return len(names) < maxNames
	})
	return names, err
}

// textOf returns a string member of a row, or "".
func textOf(row *jsonraw.Index, name string) string {
	value, _ := row.Get(name)
	if len(value) == 0 || value[0] != '"' {
		return ""
	}
	var scratch []byte
	return string(jsonraw.Text(value, &scratch))
}
