package target

import (
	"path"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/rtev/rtev/internal/rtapi"
)

// sameName compares names in any case and in Unicode normal form C: file
// systems and browsers write the same name in different forms.
func sameName(a, b string) bool { return strings.EqualFold(norm.NFC.String(a), norm.NFC.String(b)) }

func isGlob(name string) bool { return strings.ContainsAny(name, "*?[") }

// matches reports whether pattern, a name or a glob, selects in. A pattern that
// is not a well-formed glob is only compared.
func matches(pattern string, in rtapi.Instance) bool {
	if sameName(pattern, in.Name) || strings.EqualFold(pattern, in.ID) {
		return true
	}
	if !isGlob(pattern) {
		return false
	}
	// path.Match treats a slash as a border; in a display name it is a letter
	flat := func(s string) string {
		return strings.ReplaceAll(strings.ToLower(norm.NFC.String(s)), "/", "\x00")
	}
	ok, err := path.Match(flat(pattern), flat(in.Name))
	return ok && err == nil
}
