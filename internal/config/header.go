package config

import (
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"
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
		if !httpguts.ValidHeaderFieldName(name) {
			return nil, &Error{From: from, Msg: `the text before the colon is not a header name; want "Name: value" or "Name: @FILE"`}
		}
		from = "header " + name
		value = strings.Trim(value, " \t")
		if file, ok := strings.CutPrefix(value, "@"); ok {
			data, err := readFile(file)
			if err != nil {
				return nil, &Error{From: from, Msg: fmt.Sprintf("file %s: %v", file, cause(err)), Err: err}
			}
			if value = strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r"); value == "" {
				return nil, &Error{From: from, Msg: fmt.Sprintf("file %s is empty", file)}
			}
		}
		if !httpguts.ValidHeaderFieldValue(value) {
			return nil, &Error{From: from, Msg: "a line end or control character in the value"}
		}
		header.Add(name, value)
	}
	return header, nil
}
