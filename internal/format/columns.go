package format

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/rtev/rtev/internal/event"
)

// Column is a named field: a csv column, or a key of ndjson.
type Column struct {
	Name string
	Path event.Path

	path []byte // the path's text
	side int    // which number of the location it is, for --frame; -1: none
}

// Columns are in the order asked for.
type Columns []Column

// ParseColumns reads a list of gjson paths and computed fields, separated by
// commas: PATH, or NAME=PATH for another name than the path itself. Commas and
// equal signs inside brackets, quotes or behind a backslash belong to the path.
func ParseColumns(list string) (Columns, error) {
	var all Columns
	for i, item := range splitList(list) {
		name, path, err := splitName(strings.TrimSpace(item))
		if err != nil {
			return nil, fmt.Errorf("columns: item %d of %q %w", i+1, list, err)
		}
		if slices.ContainsFunc(all, func(c Column) bool { return c.Name == name }) {
			return nil, fmt.Errorf("columns: %q stands twice in %q; name one of them with NAME=PATH", name, list)
		}
		c := Column{Name: name, Path: event.ParsePath(path), path: []byte(path), side: -1}
		if below, ok := bytes.CutPrefix(c.path, []byte("location.")); ok {
			c.side = sideOf(below)
		}
		all = append(all, c)
	}
	return all, nil
}

func splitName(item string) (name, path string, err error) {
	i := outside(item, '=')
	switch {
	case item == "":
		return "", "", fmt.Errorf("is empty; give PATH or NAME=PATH")
	case i < 0:
		return item, item, nil
	}
	name, path = strings.TrimSpace(item[:i]), strings.TrimSpace(item[i+1:])
	if name == "" || path == "" {
		return "", "", fmt.Errorf("lacks one half of NAME=PATH")
	}
	return name, path, nil
}

func splitList(list string) (items []string) {
	for {
		i := outside(list, ',')
		if i < 0 {
			return append(items, list)
		}
		items = append(items, list[:i])
		list = list[i+1:]
	}
}

// outside returns where c stands in s outside brackets, quotes and escapes,
// or -1.
func outside(s string, c byte) int {
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch b := s[i]; {
		case b == '\\':
			i++
		case b == '"':
			quoted = !quoted
		case quoted:
		case b == '(' || b == '[' || b == '{':
			depth++
		case b == ')' || b == ']' || b == '}':
			depth--
		case b == c && depth <= 0:
			return i
		}
	}
	return -1
}

// fixedColumns are the names of the columns that csv has when none are asked
// for; docs/cli.md names them in this order.
const fixedColumns = "time,type,instance,object_class,place,crossing_direction,event_duration_ms,confidence,x,y,width,height,event_id,tracking_id,event_timestamp_ms"
