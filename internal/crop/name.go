package crop

import (
	"fmt"
	"math"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// Bounds in bytes. A file system's name holds 255: room is left for a number,
// the extension, and the ".json" beside it.
const (
	maxValue     = 100 // of a field's value
	maxComponent = 200 // of a folder's or a file's name
)

// unknown stands for a value that is missing or has no character that may stay.
const unknown = "unknown"

// NameError says what is wrong with a name template.
type NameError struct {
	Template string
	Text     string
}

// Error names the template and what to change in it.
func (e *NameError) Error() string { return fmt.Sprintf("name template %q: %s", e.Template, e.Text) }

// Name makes file names from crops, as its template says. Safe for concurrent
// use.
type Name struct {
	components [][]piece // folders, and the file's name without extension
	ext        string    // for a JPEG
}

// piece is a literal, or a field where that is not nil.
type piece struct {
	literal string
	field   field
}

// facts is what a name is made of.
type facts struct {
	ev *event.Event // with Ref where the crop was joined
	at time.Time    // in the zone of the names; zero: not known
	n  int64        // number of the file in this run, from 1
}

type field func(*facts) string

func lookup(text string) field {
	p := event.ParsePath(text)
	return func(f *facts) string { return p.Of(f.ev).String() }
}

// clockField is the crop's time in a layout without colons, which Windows refuses.
func clockField(layout string) field {
	return func(f *facts) string {
		if f.at.IsZero() {
			return ""
		}
		return f.at.Format(layout)
	}
}

// fieldNames are the fields in the order in which they are told.
const fieldNames = "{instance} {date} {time} {type} {class} {place} {track} {event} {confidence} {n}"

var nameFields = map[string]field{
	"instance":   either(lookup("_instance"), lookup("instance_id")),
	"date":       clockField("2006-01-02"),
	"time":       clockField("15-04-05.000"),
	"type":       lookup("_ref._type"),
	"class":      lookup("_class"),
	"place":      lookup("_place"),
	"track":      either(lookup("_track"), lookup("_ref._track")),
	"event":      lookup("_event"),
	"confidence": confidence,
	"n":          func(f *facts) string { return strconv.FormatInt(f.n, 10) },
}

func either(a, b field) field {
	return func(f *facts) string {
		if v := a(f); v != "" {
			return v
		}
		return b(f)
	}
}

var confidencePath = event.ParsePath("confidence")

// confidence has at most three decimals: the server sends the noise of a float.
func confidence(f *facts) string {
	n, ok := event.Number(confidencePath.Of(f.ev))
	if !ok {
		return ""
	}
	return strconv.FormatFloat(math.Round(n*1000)/1000, 'f', -1, 64)
}

// ParseName reads a template: text with fields in braces, "/" between folders.
// The extension is the picture's own where the template's is another's. Any
// error is a *NameError.
func ParseName(template string) (*Name, error) {
	bad := func(format string, args ...any) (*Name, error) {
		return nil, &NameError{template, fmt.Sprintf(format, args...)}
	}
	text, ext := cutExt(template)
	if strings.ContainsFunc(template, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) {
		return bad(`control characters and backslashes cannot stand in it; use "/" between folders`)
	}
	if strings.HasPrefix(template, "/") || len(template) > 1 && template[1] == ':' {
		return bad("it must be relative; --dir says where the folder is")
	}
	n := &Name{ext: ext}
	for _, c := range strings.Split(text, "/") {
		switch c {
		case "":
			return bad("a folder's or the file's own name is empty")
		case ".", "..":
			return bad("%q cannot stand in it: nothing is written outside --dir", c)
		}
		pieces, err := parsePieces(c)
		if err != "" {
			return bad("%s", err)
		}
		n.components = append(n.components, pieces)
	}
	return n, nil
}

// cutExt takes a picture's extension off; ext is the one for a JPEG.
func cutExt(template string) (text, ext string) {
	for _, ext := range []string{".jpg", ".jpeg", ".png", ".webp"} {
		if at := len(template) - len(ext); at >= 0 && strings.EqualFold(template[at:], ext) {
			if strings.HasPrefix(ext, ".j") {
				return template[:at], template[at:]
			}
			return template[:at], ".jpg"
		}
	}
	return template, ".jpg"
}

func parsePieces(c string) (pieces []piece, err string) {
	for c != "" {
		open := strings.IndexAny(c, "{}")
		if open < 0 {
			return append(pieces, piece{literal: c}), ""
		}
		end := strings.IndexByte(c, '}')
		if c[open] == '}' || end < 0 {
			return nil, "a brace is not closed or not opened"
		}
		f, ok := nameFields[c[open+1:end]]
		if !ok {
			return nil, fmt.Sprintf("there is no field %s; the fields are %s", c[open:end+1], fieldNames)
		}
		if open > 0 {
			pieces = append(pieces, piece{literal: c[:open]})
		}
		pieces = append(pieces, piece{field: f})
		c = c[end+1:]
	}
	return pieces, ""
}

// of returns the folder ("." for none), with "/" between its parts, and the
// file's name without extension. Neither can leave the folder it is used in,
// whatever the crop says.
func (n *Name) of(f *facts) (folder, base string) {
	var names []string
	var b []byte
	for _, c := range n.components {
		b = b[:0]
		for _, p := range c {
			if p.field == nil {
				b = append(b, p.literal...)
			} else {
				b = appendClean(b, p.field(f))
			}
		}
		names = append(names, whole(string(b)))
	}
	last := len(names) - 1
	return path.Join(".", path.Join(names[:last]...)), names[last]
}

// appendClean appends what may stay of a value: [A-Za-z0-9._-], other
// characters as one dash; no dot or dash at its ends.
func appendClean(dst []byte, v string) []byte {
	start := len(dst)
	for i := 0; i < len(v) && len(dst)-start < maxValue; i++ {
		c := v[i]
		switch {
		case c|0x20-'a' < 26, c-'0' < 10, c == '_':
			dst = append(dst, c)
		case len(dst) == start: // nothing but a letter, a digit or "_" comes first
		case c == '.' || dst[len(dst)-1] != '-':
			if c != '.' {
				c = '-'
			}
			dst = append(dst, c)
		}
	}
	for len(dst) > start && (dst[len(dst)-1] == '.' || dst[len(dst)-1] == '-') {
		dst = dst[:len(dst)-1]
	}
	if len(dst) == start {
		dst = append(dst, unknown...)
	}
	return dst
}

// whole makes a component one that every system takes: not too long, nothing
// at its end that Windows drops, none of its device names.
func whole(c string) string {
	if len(c) > maxComponent {
		c = strings.ToValidUTF8(c[:maxComponent], "")
	}
	if c = strings.TrimRight(c, ". "); c == "" {
		return unknown
	}
	if reserved(c) {
		return "_" + c
	}
	return c
}

// reserved tells whether Windows takes the name for a device, with or without
// something behind a dot.
func reserved(c string) bool {
	stem, _, _ := strings.Cut(c, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	port := strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT")
	return port && len(stem) == 4 && stem[3]-'0' < 10
}
