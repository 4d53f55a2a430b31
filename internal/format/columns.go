package format

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
)

// Columns are named values of events in the order in which they are written:
// csv columns, or keys of ndjson. Safe for concurrent use.
type Columns []column

type column struct {
	name string
	path event.Path
	text []byte // of the path
}

// defaultList are the csv columns unless --columns is given, in an order that
// scripts rely on.
const defaultList = "time=_time,type=_type,instance=_instance,object_class=_class,place=_place," +
	"crossing_direction,event_duration_ms,confidence,x=location.x,y=location.y,width=location.width," +
	"height=location.height,event_id=_event,tracking_id=_track,event_timestamp_ms"

// ParseColumns reads a list of columns separated by commas: PATH, or NAME=PATH
// for another name than the path itself. PATH is a gjson path, a computed field
// or the name of a default csv column. Commas and equal signs inside brackets
// and quotes or after a backslash belong to the path.
func ParseColumns(list string) (Columns, error) {
	var all Columns
	for item, rest, more := "", list, true; more; {
		item, rest, more = cutOutside(rest, ',')
		name, path, named := cutOutside(item, '=')
		if !named {
			path = name
		}
		c, err := newColumn(strings.TrimSpace(name), strings.TrimSpace(path))
		if err == nil && slices.ContainsFunc(all, func(other column) bool { return other.name == c.name }) {
			err = fmt.Errorf("%q appears twice; rename one of them with NAME=PATH", c.name)
		}
		if err != nil {
			return nil, fmt.Errorf("columns: %q: %w", list, err)
		}
		all = append(all, c)
	}
	return all, nil
}

func newColumn(name, path string) (column, error) {
	if name == "" || path == "" {
		return column{}, errors.New("a path is missing")
	}
	for item := range strings.SplitSeq(defaultList, ",") {
		if name, full, renamed := strings.Cut(item, "="); renamed && name == path {
			path = full
		}
	}
	parsed, err := event.ParsePath(path)
	return column{name: name, path: parsed, text: []byte(path)}, err
}

// appendValue appends the column's value as JSON on one line: as sent, and for
// computed fields a string or a number. It appends nothing if there is no value.
func (c *column) appendValue(dst []byte, ev *event.Event) []byte {
	start := len(dst)
	v := c.path.Of(ev)
	if v.Raw == "" && v.Exists() {
		if n, ok := event.Number(v); ok && v.Str == "" {
			return strconv.AppendFloat(dst, n, 'f', -1, 64)
		}
		return jsonraw.AppendQuoted(dst, v.Str)
	}
	dst = append(dst, v.Raw...)
	for i := start; i < len(dst); i++ { // gjson may build JSON with line ends
		if dst[i] == '\n' || dst[i] == '\r' {
			dst[i] = ' '
		}
	}
	return dst
}

// cutOutside is strings.Cut at the first c that is not inside brackets or quotes
// and not escaped.
func cutOutside(s string, c byte) (before, after string, found bool) {
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch b := s[i]; {
		case b == '\\':
			i++
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == c && depth <= 0:
			return s[:i], s[i+1:], true
		case b == '(' || b == '[' || b == '{':
			depth++
		case b == ')' || b == ']' || b == '}':
			depth--
		}
	}
	return s, "", false
}
