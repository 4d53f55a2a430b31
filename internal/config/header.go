package config

import (
	"fmt"
	"net/http"
	"strings"
)

// ParseHeaders parses "Name: value" and "Name: @FILE". The content of a file is
// the value, without one line end after it; readFile may be ReadFile.
// Names and values are what RFC 9110 section 5 allows, without line ends and
// control characters, so that no value can forge a header. Errors are *Error
// and never hold a value, nor a name that may be part of one.
func ParseHeaders(list []string, readFile func(string) ([]byte, error)) (http.Header, error) {
	header := http.Header{}
	for i, line := range list {
		name, value, ok := strings.Cut(line, ":")
		from := fmt.Sprintf("header %d", i+1)
		if !ok {
			return nil, &Error{From: from, Msg: `no colon; want "Name: value" or "Name: @FILE"`}
		}
		if !isToken(name) {
			return nil, &Error{From: from, Msg: `the text before the colon is not a header name; want "Name: value" or "Name: @FILE"`}
		}
		from = "header " + name
		value = strings.Trim(value, " \t")
		if file, ok := strings.CutPrefix(value, "@"); ok {
			data, err := readFile(file)
			if err != nil {
				return nil, &Error{From: from, Msg: fmt.Sprintf("file %s: %v", file, cause(err)), Err: err}
			}
			if value = withoutLineEnd(string(data)); value == "" {
				return nil, &Error{From: from, Msg: fmt.Sprintf("file %s is empty", file)}
			}
		}
		if strings.ContainsFunc(value, isForbidden) {
			return nil, &Error{From: from, Msg: "a line end or control character in the value"}
		}
		header.Add(name, value)
	}
	return header, nil
}

// withoutLineEnd removes one LF or CRLF at the end, as editors and echo write it.
func withoutLineEnd(s string) string {
	return strings.TrimSuffix(strings.TrimSuffix(s, "\n"), "\r")
}

// isForbidden reports whether a header value must not hold r.
func isForbidden(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// isToken reports whether s is a header name (RFC 9110 section 5.6.2).
func isToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}
