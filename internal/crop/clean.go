package crop

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Bounds in bytes. File systems take names of 255 bytes; a number, the
// extension and the ".json" beside the picture need some of them.
const (
	maxValue     = 80  // of a field's value
	maxComponent = 200 // of the name of a folder or a file
)

// unknown replaces a value that is missing or has no character a name may hold.
const unknown = "unknown"

// cleanValue returns the part of a value from the server that a file name may
// hold: letters and digits of any script in NFC, ".", "_" and "-". Every run of
// "-" and other characters becomes one "-". The result has 1 to maxValue bytes, begins
// and ends with neither "." nor "-", and is no device name of Windows.
func cleanValue(v string) string {
	v = v[:min(len(v), 4*maxValue)]
	var b strings.Builder
	dash := false // a "-" is due before the next character
	for _, r := range norm.NFC.String(strings.ToValidUTF8(v, " ")) {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '_', r == '.' && b.Len() > 0, unicode.IsMark(r) && b.Len() > 0 && !dash:
			if dash && b.Len() > 0 {
				b.WriteByte('-')
			}
			dash = false
			b.WriteRune(r)
		default:
			dash = true
		}
	}
	clean := strings.TrimRight(cut(b.String(), maxValue), ".-")
	switch {
	case clean == "":
		return unknown
	case isDeviceName(clean):
		return "_" + clean
	}
	return clean
}

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

// cleanComponent makes the name of a folder or a file acceptable to every
// system: not too long, with nothing at its end that Windows drops, and no
// device name.
func cleanComponent(c string) string {
	c = strings.TrimRight(cut(c, maxComponent), ". ")
	switch {
	case c == "":
		return unknown
	case isDeviceName(c):
		return "_" + c
	}
	return c
}

// isDeviceName reports whether Windows takes the name for a device, as it does
// whatever follows a dot.
func isDeviceName(c string) bool {
	stem, _, _ := strings.Cut(c, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	port, ok := strings.CutPrefix(stem, "COM")
	if !ok {
		port, ok = strings.CutPrefix(stem, "LPT")
	}
	return ok && utf8.RuneCountInString(port) == 1 && strings.Contains("0123456789¹²³", port)
}

// maxInstances bounds how many instances get a short name; a recording may
// name any number.
const maxInstances = 10_000

// instanceNames gives every instance a name that no other instance has, also
// where file systems ignore case. The zero value is ready.
type instanceNames struct {
	names  map[string]string // by id
	owners map[string]string // ids by name, in lower case
}

// name returns the clean name of the instance with that id and display name.
// The first instance of a name gets it as it is; for others the first eight
// characters of the id are added, or more if those are equal, too.
func (n *instanceNames) name(id, display string) string {
	if known, ok := n.names[id]; ok {
		return known
	}
	if n.names == nil {
		n.names, n.owners = map[string]string{}, map[string]string{}
	}
	name := cleanValue(display)
	if len(n.names) >= maxInstances {
		return withSuffix(name, cleanValue(id))
	}
	full := cleanValue(id)
	for _, suffix := range []string{"", cut(full, 8), full} {
		try := withSuffix(name, suffix)
		folded := strings.ToLower(strings.ToUpper(try))
		if _, taken := n.owners[folded]; taken {
			continue
		}
		n.names[id], n.owners[folded] = try, id
		return try
	}
	return withSuffix(name, full+"_")
}

func withSuffix(name, suffix string) string {
	if suffix == "" {
		return name
	}
	return cut(name, max(0, maxValue-len(suffix)-1)) + "-" + suffix
}
