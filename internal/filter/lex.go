package filter

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Characters that end a bare word or a path, besides white space and control
// characters. Inside queries, multipaths and quotes they do not end a path.
const (
	endsWord = `()&|<>=!'"`
	endsPath = `()&<>=!'"%,`
)

// space skips white space.
func (p *parser) space() {
	p.pos += len(p.in[p.pos:]) - len(strings.TrimLeftFunc(p.in[p.pos:], unicode.IsSpace))
}

// take skips s and the white space after it, if s comes next.
func (p *parser) take(s string) bool {
	if !strings.HasPrefix(p.in[p.pos:], s) {
		return false
	}
	p.pos += len(s)
	p.space()
	return true
}

// word returns the bare word that comes next without skipping it.
func (p *parser) word() string {
	rest := p.in[p.pos:]
	if end := strings.IndexFunc(rest, func(r rune) bool { return ends(r, endsWord) }); end >= 0 {
		return rest[:end]
	}
	return rest
}

// ends reports whether a word ends before r.
func ends(r rune, stop string) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(stop, r)
}

// path reads a gjson path, with the operators and quotes inside its queries and
// multipaths (https://github.com/tidwall/gjson/blob/master/SYNTAX.md).
func (p *parser) path() (string, error) {
	start := p.pos
	for more := true; more; {
		var err error
		if more, err = p.pathPiece(start); err != nil {
			return "", err
		}
	}
	path := p.in[start:p.pos]
	switch {
	case path == "":
		return "", p.noPath()
	case literal(path).kind != text:
		return "", p.fail(start, "expected a field: write the field on the left and the value on the right")
	}
	p.space()
	return path, nil
}

// pathPiece skips the next piece of a path that began at start. more is false if
// the path ends here.
func (p *parser) pathPiece(start int) (more bool, err error) {
	if p.pos == len(p.in) {
		return false, nil
	}
	rest, before := p.in[p.pos:], byte(0)
	if p.pos > start {
		before = p.in[p.pos-1]
	}
	r, size := utf8.DecodeRuneInString(rest)
	switch {
	case r == '\\' && len(rest) == 1:
		return false, p.fail(p.pos, "nothing after this \\")
	case r == '\\':
		size += runeLen(rest[1:])
	case r == '(' && before == '#', r == '[', r == '{':
		return true, p.brackets()
	case r == '"' && before == ':':
		return true, p.skipQuoted()
	case r == '|':
		next, _ := utf8.DecodeRuneInString(rest[1:])
		if before == 0 || len(rest) == 1 || ends(next, endsPath+"|") {
			return false, nil
		}
	case ends(r, endsPath):
		return false, nil
	}
	p.pos += size
	return true, nil
}

// noPath returns the error for input that is not a field.
func (p *parser) noPath() error {
	rest := p.in[p.pos:]
	switch {
	case strings.TrimSpace(p.in) == "":
		return p.fail(p.pos, "the expression is empty")
	case rest != "" && strings.ContainsAny(rest[:1], `'"`):
		return p.fail(p.pos, "expected a field without quotes: the value comes on the right")
	}
	return p.fail(p.pos, "expected a field, ! or (")
}

// brackets skips a query or multipath from its opening to its closing bracket.
func (p *parser) brackets() error {
	start := p.pos
	var closing []byte
	for p.pos < len(p.in) {
		switch c := p.in[p.pos]; c {
		case '\\':
			p.pos = min(p.pos+2, len(p.in))
			continue
		case '"':
			if err := p.skipQuoted(); err != nil {
				return err
			}
			continue
		case '\'':
			return p.fail(p.pos, `inside a path use double quotes: "…"`)
		case '(', '[', '{':
			if len(closing) == maxDepth {
				return p.fail(p.pos, "nested deeper than %d", maxDepth)
			}
			closing = append(closing, map[byte]byte{'(': ')', '[': ']', '{': '}'}[c])
		case ')', ']', '}':
			if c != closing[len(closing)-1] {
				return p.fail(p.pos, "expected %c before this %c", closing[len(closing)-1], c)
			}
			closing = closing[:len(closing)-1]
		}
		p.pos++
		if len(closing) == 0 {
			return nil
		}
	}
	return p.fail(start, "this %c is not closed", p.in[start])
}

// skipQuoted skips a string in double quotes inside a path.
func (p *parser) skipQuoted() error {
	start := p.pos
	for p.pos++; p.pos < len(p.in); p.pos++ {
		switch p.in[p.pos] {
		case '\\':
			p.pos++
		case '"':
			p.pos++
			return nil
		}
	}
	p.pos = len(p.in)
	return p.fail(start, "this quote is not closed")
}

// value reads the VALUE after op.
func (p *parser) value(op string) (value, error) {
	rest := p.in[p.pos:]
	switch {
	case rest != "" && (rest[0] == '\'' || rest[0] == '"'):
		s, err := p.quoted()
		return value{text, 0, s}, err
	case strings.IndexAny(rest, "“”‘’") == 0:
		return value{}, p.fail(p.pos, `typographic quotes; write '…' or "…"`)
	}
	w := p.word()
	if w == "" {
		return value{}, p.fail(p.pos, "expected a value after %s", op)
	}
	p.take(w)
	return literal(w), nil
}

// quoted reads a string in single or double quotes.
func (p *parser) quoted() (string, error) {
	start, quote := p.pos, p.in[p.pos]
	var s []byte
	for p.pos++; p.pos < len(p.in); {
		switch c := p.in[p.pos]; c {
		case quote:
			p.pos++
			p.space()
			return string(s), nil
		case '\\':
			s = p.escape(s)
		default:
			s = append(s, c)
			p.pos++
		}
	}
	return "", p.fail(start, "this quote is not closed")
}

// escape appends the character of the escape at pos. A backslash before any other
// character is literal.
func (p *parser) escape(s []byte) []byte {
	rest := p.in[p.pos+1:]
	if rest == "" {
		p.pos++
		return s
	}
	p.pos += 2
	switch c := rest[0]; c {
	case '\\', '\'', '"':
		return append(s, c)
	case 'n':
		return append(s, '\n')
	case 'r':
		return append(s, '\r')
	case 't':
		return append(s, '\t')
	case 'u':
		if len(rest) >= 5 {
			if r, err := strconv.ParseUint(rest[1:5], 16, 16); err == nil {
				p.pos += 4
				return utf8.AppendRune(s, rune(r))
			}
		}
	}
	return append(s, '\\', rest[0])
}
