package config

import (
	"maps"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// ParseHeaders parses "Name: value" and "Name: @FILE". The content of a file is
// the value, without one line end after it. Names and values are what RFC 9110
// section 5 allows, without line ends and control characters, so that no value can
// forge a header. A list replaces headers of the same name in the lists before it.
// Errors are *Error and never hold a value, nor a name that may be part of one.
func ParseHeaders(lists ...[]string) (http.Header, error) {
	all := http.Header{}
	for _, list := range lists {
		header, err := parseList(list)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, header)
	}
	return all, nil
}

func parseList(list []string) (http.Header, error) {
	header := http.Header{}
	for i, line := range list {
		name, value, ok := strings.Cut(line, ":")
		if !ok || !httpguts.ValidHeaderFieldName(name) {
			return nil, &Error{From: "header " + strconv.Itoa(i+1), Msg: `want "Name: value" or "Name: @FILE"`}
		}
		from := "header " + name
		value = strings.Trim(value, " \t")
		if file, ok := strings.CutPrefix(value, "@"); ok {
			data, err := readFile(file, from)
			if err != nil {
				return nil, err
			}
			value = strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
		}
		if !httpguts.ValidHeaderFieldValue(value) {
			return nil, &Error{From: from, Msg: "a line end or control character in the value"}
		}
		header.Add(name, value)
	}
	return header, nil
}
