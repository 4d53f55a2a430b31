package crop

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

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
