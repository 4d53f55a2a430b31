package format

import (
	"bytes"
	"cmp"
	"errors"
	"strconv"
	"unicode/utf8"

	"github.com/rtev/rtev/internal/term"
)

// CSVRecord writes records of comma-separated values: RFC 4180, but with LF
// instead of CRLF, which cut, awk and sort would take for a part of the last
// field. The zero CSVRecord is ready to use, by one goroutine at a time.
//
// Bad UTF-8 becomes U+FFFD. Text that starts with = + - @, tab or CR gets a
// leading ' so that no spreadsheet evaluates it, unless all of it is a number.
type CSVRecord struct {
	Delimiter rune // between fields; 0 is a comma. See ParseDelimiter
	Terminal  bool // text is made safe to show

	text []byte // a field that cannot be copied as it is
}

// Append appends a record of these fields and its line end.
func (r *CSVRecord) Append(dst []byte, fields ...string) []byte {
	start := len(dst)
	for i, field := range fields {
		if i > 0 {
			dst = r.delimit(dst)
		}
		dst = r.appendField(dst, []byte(field))
	}
	return endRecord(dst, start)
}

// endRecord ends the record that begins at start: readers skip an empty line, so
// a single empty field is written as "".
func endRecord(dst []byte, start int) []byte {
	if len(dst) == start {
		dst = append(dst, `""`...)
	}
	return append(dst, '\n')
}

func (r *CSVRecord) delimit(dst []byte) []byte {
	if r.Delimiter == 0 {
		return append(dst, ',')
	}
	return utf8.AppendRune(dst, r.Delimiter)
}

// appendField appends text as a field.
func (r *CSVRecord) appendField(dst, s []byte) []byte {
	guard := isFormula(s)
	quotes := false
	if !isPlain(s) || r.Delimiter != 0 && r.Delimiter != ',' {
		if r.Terminal {
			r.text = term.AppendSafe(reuse(r.text), s)
			s = r.text
		} else if !utf8.Valid(s) {
			s = bytes.ToValidUTF8(s, []byte("\uFFFD"))
		}
		quotes = bytes.ContainsAny(s, "\"\r\n") || bytes.ContainsRune(s, cmp.Or(r.Delimiter, ','))
	}
	if quotes {
		dst = append(dst, '"')
	}
	if guard {
		dst = append(dst, '\'')
	}
	if !quotes {
		return append(dst, s...)
	}
	for _, b := range s {
		if b == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, b)
	}
	return append(dst, '"')
}

// isPlain reports whether s can be copied between commas as it is.
func isPlain(s []byte) bool {
	for _, b := range s {
		if b-' ' >= 0x7f-' ' || b == ',' || b == '"' {
			return false
		}
	}
	return true
}

// isFormula reports whether a spreadsheet could evaluate s as something other
// than a number: a decimal number, perhaps with a fraction and an exponent.
func isFormula(s []byte) bool {
	if len(s) == 0 || bytes.IndexByte([]byte("=+-@\t\r"), s[0]) < 0 {
		return false
	}
	_, err := strconv.ParseFloat(string(s), 64)
	return len(bytes.Trim(s, "+-.0123456789eE")) > 0 || err != nil && !errors.Is(err, strconv.ErrRange)
}
