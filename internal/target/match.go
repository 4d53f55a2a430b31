package target

import (
	"path"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/rtev/rtev/internal/rtapi"
)

// sameName reports whether names are equal, ignoring case and Unicode
// normalization: file systems and browsers write the same name in different forms.
func sameName(a, b string) bool { return strings.EqualFold(norm.NFC.String(a), norm.NFC.String(b)) }

func isGlob(name string) bool { return strings.ContainsAny(name, "*?[") }

// matches reports whether pattern, a name or a glob, selects in. A malformed glob
// only matches itself.
func matches(pattern string, in rtapi.Instance) bool {
	if sameName(pattern, in.Name) || strings.EqualFold(pattern, in.ID) {
		return true
	}
	if !isGlob(pattern) {
		return false
	}
	// path.Match treats a slash as a separator; in a display name it is like a letter
	flat := func(s string) string {
		return strings.ReplaceAll(strings.ToLower(norm.NFC.String(s)), "/", "\x00")
	}
	ok, err := path.Match(flat(pattern), flat(in.Name))
	return ok && err == nil
}
