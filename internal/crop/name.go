package crop

import (
	"errors"
	"fmt"
	"math"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/rtev/rtev/internal/event"
)

// Name makes file names from crops, as a template says. It is safe for
// concurrent use.
type Name struct {
	components []string // folders, and the file's name without extension; with fields
	ext        string   // of a JPEG
}

// facts are what a name is made from.
type facts struct {
	ev       *event.Event // with Ref if the crop was joined
	instance string       // clean, and unique among the instances
	at       time.Time    // in the zone of the names; zero: not known
	n        int64        // number of the file in this run, from 1
}

// fields matches the fields of a template; fieldNames lists them as messages show them.
var fields = regexp.MustCompile(`\{[^}]*\}`)

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
	"{type}": event.MustPath("_ref._type"), "{class}": classPath, "{place}": placePath,
	"{track}": event.MustPath("_track"), "{event}": event.MustPath("_event"),
}

// value returns the value of a field, given with its braces. It is not clean yet,
// and "" if it is not known.
func (f *facts) value(field string) string {
	switch field {
	case "{instance}":
		return f.instance
	case "{id}":
		return idOf(f.ev)
	case "{date}":
		return f.time("2006-01-02")
	case "{time}": // Windows refuses colons
		return f.time("15-04-05.000")
	case "{confidence}": // the server sends the rounding errors of a float
		n, ok := event.Number(confidencePath.Of(f.ev))
		if !ok {
			return ""
		}
		return strconv.FormatFloat(math.Round(n*1000)/1000, 'f', -1, 64)
	case "{n}":
		return strconv.FormatInt(f.n, 10)
	}
	path := fieldPaths[field]
	value := path.Of(f.ev).String()
	if value == "" && field == "{track}" {
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
		for _, field := range fields.FindAllString(c, -1) {
			if !strings.Contains(fieldNames, field) {
				return nil, fmt.Errorf("there is no field %s; the fields are %s", field, fieldNames)
			}
		}
		if strings.ContainsAny(fields.ReplaceAllString(c, ""), "{}") {
			return nil, errors.New("a brace is not closed or not opened")
		}
		n.components = append(n.components, c)
	}
	return n, nil
}

// of returns the folder ("." for none), with "/" between its parts, and the
// file's name without extension. Whatever the crop says, neither leads out of
// the folder it is used in.
func (n *Name) of(f *facts) (folder, base string) {
	value := func(field string) string { return cleanValue(f.value(field)) }
	names := make([]string, 0, 8)
	for _, c := range n.components {
		names = append(names, cleanComponent(fields.ReplaceAllStringFunc(c, value)))
	}
	last := len(names) - 1
	return path.Join(".", path.Join(names[:last]...)), names[last]
}

// Bounds in bytes. File systems take names of 255 bytes, some of which a number
// and an extension need.
const (
	maxValue     = 80  // of a field's value
	maxComponent = 200 // of the name of a folder or a file
)

// unknown replaces a value that is missing or has no character a name may hold.
const unknown = "unknown"

// cleanValue returns the part of a value from the server that a file name may
// hold: letters and digits of any script in NFC, ".", "_" and "-". Every run of
// other characters becomes one "-". The result has 1 to maxValue bytes, begins
// and ends with neither "." nor "-", and is no device name of Windows.
func cleanValue(v string) string {
	v = v[:min(len(v), 4*maxValue)]
	var b strings.Builder
	dash := false // a "-" is due before the next character
	for _, r := range norm.NFC.String(strings.ToValidUTF8(v, " ")) {
		first := b.Len() == 0
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '_', r == '.' && !first, unicode.IsMark(r) && !first && !dash:
			if dash && !first {
				b.WriteByte('-')
			}
			dash = false
			b.WriteRune(r)
		default:
			dash = true
		}
	}
	return portable(strings.TrimRight(cut(b.String(), maxValue), ".-"))
}

// cleanComponent makes the name of a folder or a file acceptable to every
// system: not too long, and with nothing at its end that Windows drops.
func cleanComponent(c string) string {
	return portable(strings.TrimRight(cut(c, maxComponent), ". "))
}

// portable replaces a name that is empty, or that Windows takes for a device.
func portable(name string) string {
	switch {
	case name == "":
		return unknown
	case isDeviceName(name):
		return "_" + name
	}
	return name
}

// isDeviceName reports whether Windows takes the name for a device, as it does
// whatever follows a dot.
var isDeviceName = regexp.MustCompile(`^(?i:con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³]) *(\.|$)`).MatchString

// cut returns s cut to at most n bytes, at the start of a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// maxInstances bounds how many instances get a short name; a recording may
// name any number.
const maxInstances = 10_000

// instanceNames gives every instance a name that no other instance has, also
// where file systems ignore case. The zero value is ready.
type instanceNames struct {
	names map[string]string // by id
	taken map[string]bool   // names in lower case
}

// name returns the clean name of the instance with that id and display name.
// The first instance of a name gets it as it is; for others the first eight
// characters of the id are added, or the whole id.
func (n *instanceNames) name(id, display string) string {
	if known, ok := n.names[id]; ok {
		return known
	}
	if n.names == nil {
		n.names, n.taken = map[string]string{}, map[string]bool{}
	}
	name, suffix := cleanValue(display), cleanValue(id)
	if len(n.names) >= maxInstances {
		return withSuffix(name, suffix)
	}
	for _, try := range []string{name, withSuffix(name, cut(suffix, 8)), withSuffix(name, suffix)} {
		if lower := strings.ToLower(strings.ToUpper(try)); !n.taken[lower] {
			n.names[id], n.taken[lower] = try, true
			return try
		}
	}
	return withSuffix(name, suffix+"_")
}

func withSuffix(name, suffix string) string {
	return cut(name, max(0, maxValue-len(suffix)-1)) + "-" + suffix
}
