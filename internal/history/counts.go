package history

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/jsonraw"
)

// Units are the lengths of an interval that the server knows.
func Units() []string { return []string{"minute", "hour", "day", "week", "month", "year"} }

// Count is how many events were stored in one group and interval.
type Count struct {
	Groups []string  // the values of the columns, in their order; "" for none
	Start  time.Time // of the interval; zero if the server sent none
	Events float64
}

// CountQuery says what to count.
type CountQuery struct {
	Since, Until time.Time // both included
	Columns      []string  // one to three columns of the database
	Per          string    // one of Units, or "" for one count over all of the time
	// Wanted reports whether rows of an instance count; nil: all do. The
	// server has no documented filter here, so it is asked for a count per
	// instance.
	Wanted func(instanceID string) bool
}

const (
	maxGroups  = 3       // columns that the server groups by
	maxCounts  = 100_000 // rows of an answer that are read
	countName  = "events"
	instanceID = "instance_id"
)

// Counts asks the server to count what it stored. The result is sorted by time
// and group. Errors: as Source.Run.
func Counts(ctx context.Context, c Client, q CountQuery) ([]Count, error) {
	columns := q.Columns
	perInstance := q.Wanted != nil && !slices.Contains(columns, instanceID) && len(columns) < maxGroups
	if perInstance {
		columns = append(slices.Clone(columns), instanceID)
	}
	r := request{TimeRange: between(q.Since, q.Until), GroupBy: columns, Metrics: map[string]metric{countName: {"count"}}}
	if q.Per != "" {
		r.Interval = &interval{q.Per, 1}
	}
	sums := map[string]*Count{}
	err := query(ctx, c, analyticsPath, r, func(row []byte) (bool, error) {
		if !isObject(row) || q.Wanted != nil && slices.Contains(columns, instanceID) && !q.Wanted(textOf(row, instanceID)) {
			return true, nil
		}
		n := countOf(row, q.Columns)
		key := strings.Join(n.Groups, "\x00") + "\x00" + n.Start.String()
		if sum := sums[key]; sum != nil {
			sum.Events += n.Events
		} else {
			sums[key] = &n
		}
		return len(sums) < maxCounts, nil
	})
	var list []Count
	for _, n := range sums {
		list = append(list, *n)
	}
	slices.SortFunc(list, func(a, b Count) int {
		return cmp.Or(a.Start.Compare(b.Start), slices.Compare(a.Groups, b.Groups))
	})
	return list, err
}

// countOf reads one row: the columns and the metric by the names that were
// sent. The name of the interval's start is not documented, so it is the
// first other member that holds a time.
func countOf(row []byte, columns []string) (n Count) {
	n.Groups = make([]string, len(columns))
	var scratch []byte
	for name, value := range jsonraw.Members(row) {
		text := string(jsonraw.Text(value, &scratch))
		i := slices.Index(columns, string(name))
		switch {
		case i >= 0:
			n.Groups[i] = text
			if text == "null" && value[0] == 'n' {
				n.Groups[i] = ""
			}
		case string(name) == countName:
			n.Events, _ = jsonraw.Number(value)
		case string(name) != instanceID && n.Start.IsZero():
			n.Start, _ = time.Parse(time.RFC3339, text)
		}
	}
	return n
}
