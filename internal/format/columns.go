package format

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
)

// Column is a named value of an event: a csv column, or a key of ndjson.
type Column struct {
	Name string
	Path event.Path

	path []byte // the path's text
	side []byte // of a number of a location, its name; else nil
}

// Columns is a list of columns in the order in which they are written.
type Columns []Column

// defaultColumns are the csv columns unless --columns is given, in an order that
// scripts rely on, and the paths that have the same values.
var defaultColumns = [...]struct{ name, path string }{
	{"time", "_time"},
	{"type", "_type"},
	{"instance", "_instance"},
	{"object_class", "_class"},
	{"place", "_place"},
	{"crossing_direction", "crossing_direction"},
	{"event_duration_ms", "event_duration_ms"},
	{"confidence", "confidence"},
	{"x", "location.x"},
	{"y", "location.y"},
	{"width", "location.width"},
	{"height", "location.height"},
	{"event_id", "_event"},
	{"tracking_id", "_track"},
	{"event_timestamp_ms", "event_timestamp_ms"},
}

// ParseColumns reads a list of columns separated by commas: PATH, or NAME=PATH
// for another name than the path itself. PATH is a gjson path, a computed field
// or the name of a default csv column. Commas and equal signs inside brackets
// and quotes or after a backslash belong to the path.
func ParseColumns(list string) (Columns, error) {
	var all Columns
	for i, rest, more := 1, list, true; more; i++ {
		item := rest
		var end int
		if end, more = outside(rest, ','); more {
			item, rest = rest[:end], rest[end+1:]
		}
		name, path, err := splitName(item)
		if err != nil {
			return nil, fmt.Errorf("columns: item %d of %q %w", i, list, err)
		}
		if slices.ContainsFunc(all, func(c Column) bool { return c.Name == name }) {
			return nil, fmt.Errorf("columns: %q appears twice in %q; rename one of them with NAME=PATH", name, list)
		}
		c, err := newColumn(name, path)
		if err != nil {
			return nil, fmt.Errorf("columns: item %d of %q: %w", i, list, err)
		}
		all = append(all, c)
	}
	return all, nil
}

// splitName splits PATH or NAME=PATH.
func splitName(item string) (name, path string, err error) {
	name, path = item, item
	if i, ok := outside(item, '='); ok {
		name, path = item[:i], item[i+1:]
	}
	name, path = strings.TrimSpace(name), strings.TrimSpace(path)
	switch {
	case name == "" && path == "":
		return "", "", errors.New("is empty; give PATH or NAME=PATH")
	case name == "" || path == "":
		return "", "", errors.New("lacks one half of NAME=PATH")
	}
	return name, path, nil
}

func newColumn(name, path string) (Column, error) {
	for _, d := range defaultColumns {
		if d.name == path {
			path = d.path
		}
	}
	parsed, err := event.ParsePath(path)
	c := Column{Name: name, Path: parsed, path: []byte(path)}
	if side, ok := bytes.CutPrefix(c.path, []byte("location.")); ok {
		c.side = side
	}
	return c, err
}

// appendValue appends the column's value as JSON on one line: as sent, and for
// computed fields a string or a number. It appends nothing if there is no value.
func (c *Column) appendValue(dst []byte, ev *event.Event) []byte {
	start := len(dst)
	v := c.Path.Of(ev)
	switch n, isNumber := event.Number(v); {
	case !v.Exists():
	case v.Raw != "":
		dst = append(dst, v.Raw...)
		for i := start; i < len(dst); i++ { // gjson may build JSON with line ends
			if dst[i] == '\n' || dst[i] == '\r' {
				dst[i] = ' '
			}
		}
	case v.Str == "" && isNumber:
		dst = strconv.AppendFloat(dst, n, 'f', -1, 64)
	default:
		dst = jsonraw.AppendQuoted(dst, v.Str)
	}
	return dst
}

// outside finds the first c in s that is not inside brackets or quotes and not
// escaped.
func outside(s string, c byte) (i int, ok bool) {
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch b := s[i]; {
		case b == '\\':
			i++
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == c && depth <= 0:
			return i, true
		case b == '(' || b == '[' || b == '{':
			depth++
		case b == ')' || b == ']' || b == '}':
			depth--
		}
	}
	return 0, false
}
