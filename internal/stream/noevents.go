package stream

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/rtev/rtev/internal/term"
)

// NoEventsError reports that recorded input contains bytes but no event.
type NoEventsError struct {
	Bytes int64  // size of the input, after decompression
	Looks string // what it looks like: "CSV", "an HTML page", "text", …
}

// Error returns one line.
func (e *NoEventsError) Error() string {
	return fmt.Sprintf("no event in %s of input, which looks like %s; give ndjson from rtev, or a saved stream or response of the server", term.Count(e.Bytes, "byte"), e.Looks)
}

// sample reads from r and remembers the start of the text.
type sample struct {
	r    io.Reader
	text []byte // at most sampleSize bytes
	size int64  // total bytes read
}

const sampleSize = 4 << 10

func (s *sample) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.size += int64(n)
	s.text = append(s.text, p[:min(n, sampleSize-len(s.text))]...)
	return n, err
}

// looksLike names the kind of file that starts with text.
func looksLike(text []byte) string {
	kind, _, _ := strings.Cut(http.DetectContentType(text), ";")
	plain := bytes.Trim(bytes.TrimPrefix(text, []byte(byteOrderMark)), padding)
	switch {
	case len(plain) == 0:
		return "empty lines"
	case kind == "text/html":
		return "an HTML page"
	case kind == "text/xml", bytes.HasPrefix(plain, []byte("<")):
		return "XML"
	case strings.HasPrefix(kind, "image/"):
		return "a picture (" + strings.TrimPrefix(kind, "image/") + ")"
	case kind == "application/pdf":
		return "a PDF file"
	case kind != "text/plain":
		return "binary data (" + kind + ")"
	case isField(plain):
		return "an event stream without events"
	case plain[0] == '{' || plain[0] == '[' && isArray(plain):
		return "JSON without events"
	}
	return columns(plain)
}

// columns returns CSV if the first two lines have the same separators.
func columns(text []byte) string {
	lines := bytes.SplitN(text, []byte("\n"), 3)
	for _, separator := range []string{",", ";", "\t"} {
		n := bytes.Count(lines[0], []byte(separator))
		if n > 0 && (len(lines) == 1 || n == bytes.Count(lines[1], []byte(separator))) {
			return "CSV"
		}
	}
	return "text"
}
