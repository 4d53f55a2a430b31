package stream

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
)

// padding may precede a record on its line: white space, the record separator of
// RFC 7464, and NULs. A log starts with NULs if it was truncated while its writer
// kept its position (logrotate's copytruncate).
const padding = " \t\r\n\x00\x1e"

// embedded returns the record on a line of a saved stream: the JSON at its start
// or after a log prefix. For any other line it returns the line, which then counts
// as skipped. It returns nil for an empty line and for a field of an event stream,
// which it applies.
func (d *Decoder) embedded(line []byte) []byte {
	if isField(line) {
		if !d.field(line) && d.refuse(line) {
			return line
		}
		return nil
	}
	line = bytes.TrimLeft(line, padding)
	switch {
	case len(line) == 0:
		return nil
	case line[0] == '{' || line[0] == '[' && isArray(line):
		return line
	}
	if i := bytes.Index(line, []byte(`{"`)); i > 0 {
		return line[i:]
	}
	return line
}

// isArray reports whether a line that starts with [ is JSON and not a log
// prefix such as [INFO] or [12].
func isArray(line []byte) bool {
	i := bytes.IndexAny(line, `{"]`)
	if i < 0 || line[i] != ']' {
		return true
	}
	rest := bytes.TrimLeft(line[i+1:], padding)
	return json.Valid(line[:i+1]) && !bytes.HasPrefix(rest, []byte("{"))
}

// records is a source of records: a *Decoder, elements, or a recording.
type records interface {
	Next() (Record, error)
	Unfinished() int64 // bytes after the last complete record
}

// elements returns the elements of JSON arrays as records.
type elements struct {
	*jsonraw.Splitter
	rows  bool // they are rows of the server's database, in {"data":[…]}
	index jsonraw.Index
	text  []byte
}

func newElements(in io.Reader, rows bool) *elements {
	return &elements{Splitter: jsonraw.NewSplitter(in, event.MaxPayload), rows: rows}
}

func (e *elements) Next() (Record, error) {
	data, err := e.Splitter.Next()
	if !e.rows || err != nil {
		return Record{Data: data}, err
	}
	if string(data) == "}" { // the end of the wrapper
		return e.Next()
	}
	return Record{Type: e.rowType(data), Data: data}, nil
}

func (e *elements) Unfinished() int64 { return e.Rest() }

// rowType returns the type of a row that does not have $id, or nil.
func (e *elements) rowType(row []byte) []byte {
	if e.index.Scan(row) != nil {
		return nil
	}
	_, named := e.index.Get("$id")
	kind, _ := e.index.Get("event_type")
	if named || len(kind) == 0 || kind[0] != '"' {
		return nil
	}
	return jsonraw.Text(kind, &e.text)
}

// recording returns the records of saved input, without the wrappers
// {"events":[…]} and {"data":[…]}, and separates objects that share a line.
type recording struct {
	records
	parts *elements // of the current record; nil: none
	bad   func(data []byte)
}

func (r *recording) Next() (Record, error) {
	for {
		if r.parts == nil {
			rec, err := r.records.Next()
			if err == nil && isBare(rec.Data) && rec.Data[0] == '[' && !isArray(rec.Data) {
				r.bad(rec.Data) // text, which would count as several elements
				continue
			}
			if err != nil || !r.unwrap(rec.Data) {
				return rec, err
			}
		}
		rec, err := r.parts.Next()
		if err == nil {
			return rec, nil
		}
		if err == io.ErrUnexpectedEOF {
			r.bad([]byte("the rest of a line that is cut off"))
		}
		r.parts = nil
	}
}

// wrapper matches the start of a record that unwrap splits.
var wrapper = regexp.MustCompile(`^\s*\{\s*"(events|data)"\s*:\s*(\[)\s*[{\]]`)

// unwrap prepares the parts of a record that is a wrapper: an object with one
// member, which is an array of objects. With more members it is a payload.
func (r *recording) unwrap(data []byte) bool {
	if !startsWrapper(data) {
		return false
	}
	var x jsonraw.Index
	m := wrapper.FindSubmatch(data)
	if m == nil || x.Scan(data) != nil || x.Len() != 1 {
		return false
	}
	name := string(m[1])
	list, _ := x.Get(name)
	for item := range jsonraw.Elements(list) {
		if item[0] != '{' {
			return false
		}
	}
	r.parts = newElements(bytes.NewReader(list), name == "data")
	return true
}

// startsWrapper reports whether data may match wrapper, by its first name.
// Matching the regular expression every time would take a third of a replay's
// time.
func startsWrapper(data []byte) bool {
	_, name, _ := bytes.Cut(data[:min(len(data), 64)], []byte(`"`))
	return bytes.HasPrefix(name, []byte("events")) || bytes.HasPrefix(name, []byte("data"))
}

// split splits a record that consists of several objects on one line. The last
// one may be cut off.
func (r *recording) split(data []byte) bool {
	if r.parts != nil || len(data) == 0 || data[0] != '{' {
		return false
	}
	elems, whole := jsonraw.NewSplitter(bytes.NewReader(data), event.MaxPayload), 0
	for {
		elem, err := elems.Next()
		switch {
		case err == io.EOF && whole < 2, errors.Is(err, io.ErrUnexpectedEOF) && whole < 1:
			return false
		case err != nil:
			r.parts = newElements(bytes.NewReader(bytes.Clone(data)), false)
			return true
		case elem[0] != '{':
			return false
		}
		whole++
	}
}
