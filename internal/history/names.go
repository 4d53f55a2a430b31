package history

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
)

// typeOf returns the stream's type for a row's event_type: "Line Crossing" is
// event-line-crossing. Words that give no known type are returned as they are.
func typeOf(words string) string {
	name := strings.ReplaceAll(plain(words), " ", "-")
	for _, prefix := range []string{"event-", ""} {
		known := func(t event.TypeInfo) bool { return t.Name == prefix+name }
		if name != "" && slices.ContainsFunc(event.Types(), known) {
			return prefix + name
		}
	}
	return words
}

// plain returns a type or its display name in the form in which both are
// compared: lower case, without "event-", with spaces for hyphens.
func plain(name string) string {
	name = strings.NewReplacer("-", " ", "_", " ").Replace(strings.ToLower(name))
	return strings.TrimPrefix(strings.Join(strings.Fields(name), " "), "event ")
}

// storedNames asks the server which event types it stored in a time range.
func storedNames(ctx context.Context, c Client, since, until time.Time) (names []string, err error) {
	r := request{
		TimeRange: between(since, until), GroupBy: []string{"event_type"},
		Metrics: map[string]metric{"n": {"count"}},
	}
	err = query(ctx, c, analyticsPath, r, func(row []byte) (bool, error) {
		if name := textOf(row, "event_type"); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
		return len(names) < maxNames, nil
	})
	return names, err
}

// maxNames bounds how many types a server may name.
const maxNames = 1000

// textOf returns a string member of a row, or "".
func textOf(row []byte, name string) string {
	if !isObject(row) {
		return ""
	}
	value, _ := jsonraw.Get(row, name)
	if len(value) == 0 || value[0] != '"' {
		return ""
	}
	var scratch []byte
	return string(jsonraw.Text(value, &scratch))
}
