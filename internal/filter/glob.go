package filter

import "unicode/utf8"

// glob tells whether all of s fits the pattern: * is any text, ? one
// character, \ takes the next character as it is. The time is at most the
// product of the two lengths: only the last * is ever tried again.
func glob(pattern, s string) bool {
	p, i := 0, 0
	star, from := -1, 0 // behind the last *, and where in s the text behind it is tried
	for i < len(s) {
		if p < len(pattern) && pattern[p] == '*' {
			p++
			star, from = p, i
			continue
		}
		if np, ns := step(pattern[p:], s[i:]); np > 0 {
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

// step fits the pattern's first item, no *, to the start of s and returns the
// lengths of both, or zeros. s is not empty.
func step(pattern, s string) (np, ns int) {
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
