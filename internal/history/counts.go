package history

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/jsonraw"
)

// Units returns the lengths of an interval that the server knows.
func Units() []string { return []string{"minute", "hour", "day", "week", "month", "year"} }

// MaxColumns is the largest number of columns that the server groups by.
const MaxColumns = 3

// Count is how many events were stored in one group and interval.
type Count struct {
	Groups []string  // the values of CountQuery.Columns in their order; "" if a row has none
	Start  time.Time // of the interval; zero if the server sent none
	Events float64
}

// CountQuery says what to count.
type CountQuery struct {
	Since, Until time.Time // inclusive
	Columns      []string  // columns of the database to group by
	Per          string    // one of Units, or "" for one count of the whole time range
	// Instance and Type report whether to count events with an instance_id and
	// an event_type; nil means all. Each adds a column to group by, unless it is
	// one of Columns, because the documentation names no filter for counts.
	Instance, Type func(string) bool
}

const (
	maxCounts  = 100_000 // most groups that are read
	countName  = "events"
	instanceID = "instance_id"
	eventType  = "event_type"
)

// Grouped returns the columns that the server has to group by. There must be at
// most MaxColumns.
func (q *CountQuery) Grouped() []string {
	columns := slices.Clone(q.Columns)
	for _, f := range q.filters() {
		if !slices.Contains(columns, f.column) {
			columns = append(columns, f.column)
		}
	}
	return columns
}

// columnFilter selects rows by the text of a column.
type columnFilter struct {
	column string
	wanted func(string) bool
}

func (q *CountQuery) filters() (list []columnFilter) {
	if q.Instance != nil {
		list = append(list, columnFilter{instanceID, q.Instance})
	}
	if q.Type != nil {
		list = append(list, columnFilter{eventType, q.Type})
	}
	return list
}

// Counts asks servers to count stored events. It adds up the counts of equal
// groups and sorts them by time and group. The errors are those of Source.Run,
// and one for a server that does not group by the requested columns.
func Counts(ctx context.Context, servers []Client, q CountQuery) ([]Count, error) {
	r := request{TimeRange: between(q.Since, q.Until), GroupBy: q.Grouped(), Metrics: map[string]metric{countName: {"count"}}}
	if q.Per != "" {
		r.Interval = &interval{q.Per, 1}
	}
	sums := map[string]Count{}
	for _, server := range servers {
		var index jsonraw.Index
		var bad error
		err := query(ctx, server, analyticsPath, r, func(row []byte) bool {
			if bad = index.Scan(row); bad == nil {
				bad = q.add(sums, &index)
			}
			return bad == nil && len(sums) < maxCounts
		})
		if err == nil && bad != nil {
			err = fmt.Errorf("%s%s: %w", server.Server(), analyticsPath, bad)
		}
		if err != nil {
			return nil, err
		}
	}
	var list []Count
	for _, n := range sums {
		list = append(list, n)
	}
	slices.SortFunc(list, func(a, b Count) int {
		return cmp.Or(a.Start.Compare(b.Start), slices.Compare(a.Groups, b.Groups))
	})
	return list, nil
}

// add adds one row to sums. Columns and the metric have the names sent in the
// request. The name of the interval's start is not documented: add uses the first
// other member that holds a time.
func (q *CountQuery) add(sums map[string]Count, row *jsonraw.Index) error {
	for _, f := range q.filters() {
		if _, ok := row.Get(f.column); !ok {
			return fmt.Errorf("the server does not count by %s", f.column)
		}
		if !f.wanted(textOf(row, f.column)) {
			return nil
		}
	}
	n := Count{Groups: make([]string, len(q.Columns))}
	var scratch []byte
	for name, value := range row.Members {
		text := string(jsonraw.Text(value, &scratch))
		switch i := slices.Index(q.Columns, string(name)); {
		case i >= 0 && string(value) != "null":
			n.Groups[i] = text
		case string(name) == countName:
			n.Events, _ = jsonraw.Number(value)
		case i < 0 && n.Start.IsZero():
			n.Start, _ = time.Parse(time.RFC3339, text)
		}
	}
	key := strings.Join(n.Groups, "\x00") + "\x00" + n.Start.UTC().String()
	n.Events += sums[key].Events
	sums[key] = n
	return nil
}
