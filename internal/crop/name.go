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

// NameError reports a mistake in a name template.
type NameError struct {
	Template string
	Text     string // what is wrong, and what to write instead
}

// Error returns the template and what is wrong with it.
func (e *NameError) Error() string { return fmt.Sprintf("name template %q: %s", e.Template, e.Text) }

// Name makes file names from crops, as a template says. It is safe for
// concurrent use.
type Name struct {
	components [][]piece // folders, and the file's name without extension
	ext        string    // of a JPEG
}

// piece is a literal, or a field if that is not nil.
type piece struct {
	literal string
	field   field
}

// facts are what a name is made from.
type facts struct {
	ev       *event.Event // with Ref if the crop was joined
	instance string       // clean, and unique among the instances
	at       time.Time    // in the zone of the names; zero: not known
	n        int64        // number of the file in this run, from 1
}

// field returns a value that is not clean yet; "" if it is not known.
type field func(*facts) string

// fieldNames lists the fields as messages show them.
const fieldNames = "{instance} {id} {date} {time} {type} {class} {place} {track} {event} {confidence} {n}"

var (
	instanceName   = event.MustPath("_instance")
	instanceID     = event.MustPath("instance_id")
	confidencePath = event.MustPath("confidence")
)

var nameFields = map[string]field{
	"instance":   func(f *facts) string { return f.instance },
	"id":         idField,
	"date":       timeField("2006-01-02"),
	"time":       timeField("15-04-05.000"),
	"type":       pathField("_ref._type"),
	"class":      pathField("_class"),
	"place":      pathField("_place"),
	"track":      firstOf(pathField("_track"), pathField("_ref._track")),
	"event":      pathField("_event"),
	"confidence": confidenceField,
	"n":          func(f *facts) string { return strconv.FormatInt(f.n, 10) },
}

func idField(f *facts) string {
	if f.ev.Instance != nil {
		return f.ev.Instance.ID
	}
	return instanceID.Of(f.ev).String()
}

// timeField returns the crop's time in a layout without colons, which Windows
// refuses.
func timeField(layout string) field {
	return func(f *facts) string {
		if f.at.IsZero() {
			return ""
		}
		return f.at.Format(layout)
	}
}

func pathField(text string) field {
	p := event.MustPath(text)
	return func(f *facts) string { return p.Of(f.ev).String() }
}

func firstOf(a, b field) field {
	return func(f *facts) string {
		if v := a(f); v != "" {
			return v
		}
		return b(f)
	}
}

// confidenceField returns at most three decimals, because the server sends the
// rounding errors of a float.
func confidenceField(f *facts) string {
	n, ok := event.Number(confidencePath.Of(f.ev))
	if !ok {
		return ""
	}
	return strconv.FormatFloat(math.Round(n*1000)/1000, 'f', -1, 64)
}

// ParseName reads a template: text with fields in braces, and "/" between
// folders. Pictures that are no JPEG get an extension of their own. Every error
// is a *NameError.
func ParseName(template string) (*Name, error) {
	bad := func(format string, args ...any) (*Name, error) {
		return nil, &NameError{template, fmt.Sprintf(format, args...)}
	}
	text, ext := cutExt(template)
	if strings.ContainsFunc(template, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) {
		return bad(`it must not contain control characters or backslashes; use "/" between folders`)
	}
	if strings.HasPrefix(template, "/") || len(template) > 1 && template[1] == ':' {
		return bad("it must be relative; --dir says where the folder is")
	}
	n := &Name{ext: ext}
	for c := range strings.SplitSeq(text, "/") {
		switch c {
		case "":
			return bad("the name of a folder or of the file is empty")
		case ".", "..":
			return bad("it must not contain %q: nothing is written outside of --dir", c)
		}
		pieces, err := parsePieces(c)
		if err != "" {
			return bad("%s", err)
		}
		n.components = append(n.components, pieces)
	}
	return n, nil
}

// cutExt cuts the extension of a picture off; ext is the one of a JPEG.
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
// file's name without extension. Whatever the crop says, neither leads out of
// the folder it is used in.
func (n *Name) of(f *facts) (folder, base string) {
	names := make([]string, 0, 8)
	for _, c := range n.components {
		var b strings.Builder
		for _, p := range c {
			if p.field == nil {
				b.WriteString(p.literal)
			} else {
				b.WriteString(cleanValue(p.field(f)))
			}
		}
		names = append(names, cleanComponent(b.String()))
	}
	last := len(names) - 1
	return path.Join(".", path.Join(names[:last]...)), names[last]
}
