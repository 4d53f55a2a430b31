package filter

import "unicode/utf8"

// glob reports whether all of s matches the pattern: * is any text, ? one
// character, and \ takes the next character literally. It retries only the last
// *, so the time is at most the product of the two lengths.
func glob(pattern, s string) bool {
	p, i := 0, 0
	star, from := -1, 0 // after the last *, and where in s the rest was tried last
	for i < len(s) {
		if p < len(pattern) && pattern[p] == '*' {
			p++
			star, from = p, i
			continue
		}
		if np, ns := matchOne(pattern[p:], s[i:]); np > 0 {
			p, i = p+np, i+ns
			continue
		}
		if star < 0 {
			return false
		}
		from += runeLen(s[from:])
		p, i = star, from
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// matchOne matches the first item of the pattern, which is not *, with the start
// of s, which is not empty. It returns the lengths of both, or zeros.
func matchOne(pattern, s string) (np, ns int) {
	switch {
	case pattern == "":
		return 0, 0
	case pattern[0] == '?':
		return 1, runeLen(s)
	case pattern[0] == '\\' && len(pattern) > 1:
		np, pattern = 1, pattern[1:]
	}
	if pattern[0] != s[0] {
		return 0, 0
	}
	return np + 1, 1
}

func runeLen(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}
