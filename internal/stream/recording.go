package stream

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
	"golang.org/x/text/encoding/unicode"
)

// maxLook is how many bytes of a recording are read to recognize its format. It is
// less than readBuffer, so that later reads need no copy.
const maxLook = 32 << 10

// padding may precede a record on its line: white space, the record separator of
// RFC 7464, and NULs. A log starts with NULs if it was truncated while its writer
// kept its position (logrotate's copytruncate).
const padding = " \t\r\n\x00\x1e"

// decode decompresses gzip and converts UTF-16, which it recognizes by its byte
// order mark.
func decode(in io.Reader) (*bufio.Reader, error) {
	text := bufio.NewReaderSize(in, maxLook)
	if startsWith(text, "\x1f\x8b") {
		zip, err := gzip.NewReader(text)
		if err != nil {
			return nil, err
		}
		text = bufio.NewReaderSize(zip, maxLook)
	}
	if startsWith(text, "\xff\xfe") || startsWith(text, "\xfe\xff") {
		utf16 := unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
		text = bufio.NewReaderSize(utf16.NewDecoder().Reader(text), maxLook)
	}
	return text, nil
}

func startsWith(text *bufio.Reader, mark string) bool {
	head, _ := text.Peek(len(mark)) // an error comes again with the next read
	return string(head) == mark
}

// look chooses how to cut text into records: line by line, where a broken line
// affects no other, or as JSON values that span lines. looks describes the text;
// it is empty if there is none.
func look(text *bufio.Reader) (from records, looks string) {
	for n := len(byteOrderMark); ; n = text.Buffered() + 1 {
		_, err := text.Peek(n)
		head, _ := text.Peek(text.Buffered())
		rest := bytes.TrimLeft(head, padding+byteOrderMark) // there may be any number of NULs
		if len(head) > 0 {
			looks = looksLike(rest)
		}
		_, _ = text.Discard(len(head) - len(rest))
		line, _, whole := bytes.Cut(rest, []byte("\n"))
		if err == nil && (len(rest) == 0 || isBare(rest) && !whole) {
			continue
		}
		open := isOpen(line) && (whole || err == io.EOF)
		switch list := wrapper.Find(rest); {
		case list != nil && len(head) == text.Size() && (open || !whole): // it may be larger than any record may be
			_, _ = text.Discard(len(list) - 1)
			return &elements{jsonraw.NewSplitter(text, event.MaxPayload), true}, looks
		case isJSON(rest) && (open || rest[0] == '[' && !whole):
			return &elements{jsonraw.NewSplitter(text, event.MaxPayload), false}, looks
		}
		d := newDecoder(text, event.MaxPayload)
		d.recorded = true
		return d, looks
	}
}

// elements returns the elements of JSON arrays, and values beside them, as records.
type elements struct {
	*jsonraw.Splitter
	wrapped bool // the first array is that of a wrapper
}

func (e *elements) next() (record, error) {
	data, err := e.Next()
	if e.wrapped && string(bytes.TrimSpace(data)) == "}" {
		data, err = e.Next()
	}
	return record{data: data}, err
}

func (e *elements) unfinished() int64 { return e.Rest() }

// embedded returns the record on a line that is not a field of an event stream:
// the JSON at its start or after a log prefix, or else all of it, which then
// counts as skipped. It returns nothing for an empty line.
func embedded(line []byte) []byte {
	line = bytes.TrimLeft(line, padding)
	if i := bytes.Index(line, []byte(`{"`)); i > 0 && !isJSON(line) {
		return line[i:]
	}
	return line
}

// isBare reports whether text may start with JSON.
func isBare(text []byte) bool { return len(text) > 0 && (text[0] == '{' || text[0] == '[') }

// isJSON reports whether text starts with a JSON object or an array of objects or
// strings, and not with a log prefix such as [INFO] or [12].
func isJSON(text []byte) bool {
	if !isBare(text) || text[0] == '{' {
		return isBare(text)
	}
	inside, _, closed := bytes.Cut(text[1:], []byte("]"))
	return !closed || len(bytes.TrimSpace(inside)) == 0 || bytes.ContainsAny(inside, `{"`)
}

// isOpen reports whether a line of JSON continues on the next line.
func isOpen(line []byte) bool {
	line = bytes.TrimSpace(line)
	return len(line) > 0 && bytes.IndexByte([]byte("{[,:"), line[len(line)-1]) >= 0
}

// wrapper matches the start of {"events":[…]} and {"data":[…]}.
var wrapper = regexp.MustCompile(`^\{\s*"(events|data)"\s*:\s*\[`)

// unwrap returns the array of a wrapper, or nil: a wrapper is an object with one
// member, which is an array of objects. With more members it is a payload.
func unwrap(data []byte) (list []byte) {
	_, name, _ := bytes.Cut(data[:min(len(data), 64)], []byte(`"`)) // faster than the regular expression
	if !bytes.HasPrefix(name, []byte("events")) && !bytes.HasPrefix(name, []byte("data")) {
		return nil
	}
	if !wrapper.Match(data) || !jsonraw.Valid(data) {
		return nil
	}
	for _, value := range jsonraw.Members(data) {
		if list != nil {
			return nil
		}
		list = value
	}
	for item := range jsonraw.Elements(list) {
		if item[0] != '{' {
			return nil
		}
	}
	return list
}

// looksLike names the kind of text that starts with start.
func looksLike(start []byte) string {
	kind, _, _ := strings.Cut(http.DetectContentType(start), ";")
	switch {
	case len(start) == 0:
		return "empty lines"
	case kind == "text/html":
		return "an HTML page"
	case kind != "text/plain":
		return kind
	case isJSON(start):
		return "JSON without events"
	case isField(start):
		return "an event stream without events"
	}
	row, _, _ := bytes.Cut(start, []byte("\n"))
	if bytes.ContainsAny(row, ",;\t") && !bytes.Contains(row, []byte(" ")) {
		return "CSV"
	}
	return "text"
}
