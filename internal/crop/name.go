package crop

import (
	"errors"
	"fmt"
	"math"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/event"
)

// Name makes file names from crops, as a template says. It is safe for
// concurrent use.
type Name struct {
	components [][]piece // folders, and the file's name without extension
	ext        string    // of a JPEG
}

// piece is a literal, and a field after it if that is not "".
type piece struct{ literal, field string }

// facts are what a name is made from.
type facts struct {
	ev       *event.Event // with Ref if the crop was joined
	instance string       // clean, and unique among the instances
	at       time.Time    // in the zone of the names; zero: not known
	n        int64        // number of the file in this run, from 1
}

// fieldNames lists the fields as messages show them.
const fieldNames = "{instance} {id} {date} {time} {type} {class} {place} {track} {event} {confidence} {n}"

var (
	instanceName   = event.MustPath("_instance")
	instanceID     = event.MustPath("instance_id")
	confidencePath = event.MustPath("confidence")
	classPath      = event.MustPath("_class")
	placePath      = event.MustPath("_place")
	eventTrack     = event.MustPath("_ref._track")
)

// fieldPaths are the fields that are the value of a path.
var fieldPaths = map[string]event.Path{
	"type": event.MustPath("_ref._type"), "class": classPath, "place": placePath,
	"track": event.MustPath("_track"), "event": event.MustPath("_event"),
}

// value returns the value of a field, not clean yet; "" if it is not known.
func (f *facts) value(field string) string {
	switch field {
	case "instance":
		return f.instance
	case "id":
		return idOf(f.ev)
	case "date":
		return f.time("2006-01-02")
	case "time": // Windows refuses colons
		return f.time("15-04-05.000")
	case "confidence": // the server sends the rounding errors of a float
		n, ok := event.Number(confidencePath.Of(f.ev))
		if !ok {
			return ""
		}
		return strconv.FormatFloat(math.Round(n*1000)/1000, 'f', -1, 64)
	case "n":
		return strconv.FormatInt(f.n, 10)
	}
	path := fieldPaths[field]
	value := path.Of(f.ev).String()
	if value == "" && field == "track" {
		return eventTrack.Of(f.ev).String()
	}
	return value
}

func (f *facts) time(layout string) string {
	if f.at.IsZero() {
		return ""
	}
	return f.at.Format(layout)
}

// idOf returns the id of the event's instance.
func idOf(ev *event.Event) string {
	if ev.Instance != nil {
		return ev.Instance.ID
	}
	return instanceID.Of(ev).String()
}

// ParseName reads a template: text with fields in braces, and "/" between
// folders. Pictures that are no JPEG get an extension of their own.
func ParseName(template string) (*Name, error) {
	n, err := parseName(template)
	if err != nil {
		return nil, fmt.Errorf("name template %q: %w", template, err)
	}
	return n, nil
}

func parseName(template string) (*Name, error) {
	if strings.ContainsFunc(template, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }) {
		return nil, errors.New(`it must not contain control characters or backslashes; use "/" between folders`)
	}
	if strings.HasPrefix(template, "/") || len(template) > 1 && template[1] == ':' {
		return nil, errors.New("it must be relative; --dir says where the folder is")
	}
	n := &Name{ext: ".jpg"}
	switch ext := path.Ext(template); strings.ToLower(ext) {
	case ".jpg", ".jpeg":
		n.ext = ext
		fallthrough
	case ".png", ".webp":
		template = strings.TrimSuffix(template, ext)
	}
	for c := range strings.SplitSeq(template, "/") {
		switch c {
		case "":
			return nil, errors.New("the name of a folder or of the file is empty")
		case ".", "..":
			return nil, fmt.Errorf("it must not contain %q: nothing is written outside of --dir", c)
		}
		pieces, err := parsePieces(c)
		if err != nil {
			return nil, err
		}
		n.components = append(n.components, pieces)
	}
	return n, nil
}

func parsePieces(c string) (pieces []piece, err error) {
	for c != "" {
		literal, after, found := strings.Cut(c, "{")
		field, rest, closed := strings.Cut(after, "}")
		switch {
		case strings.Contains(literal, "}") || found && !closed:
			return nil, errors.New("a brace is not closed or not opened")
		case found && !strings.Contains(fieldNames, "{"+field+"}"):
			return nil, fmt.Errorf("there is no field {%s}; the fields are %s", field, fieldNames)
		}
		pieces = append(pieces, piece{literal, field})
		c = rest
	}
	return pieces, nil
}

// of returns the folder ("." for none), with "/" between its parts, and the
// file's name without extension. Whatever the crop says, neither leads out of
// the folder it is used in.
func (n *Name) of(f *facts) (folder, base string) {
	names := make([]string, 0, 8)
	for _, c := range n.components {
		var b strings.Builder
		for _, p := range c {
			b.WriteString(p.literal)
			if p.field != "" {
				b.WriteString(cleanValue(f.value(p.field)))
			}
		}
		names = append(names, cleanComponent(b.String()))
	}
	last := len(names) - 1
	return path.Join(".", path.Join(names[:last]...)), names[last]
}
