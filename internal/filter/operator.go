package filter

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
)

// operators lists all operators, longer ones first.
var operators = [...]string{"==", "!=", "<=", ">=", "=~", "!~", "!%", "<", ">", "%"}

// newTest returns the test of a field's value against a wanted value.
func newTest(op string, want value) (func(value) bool, error) {
	switch op {
	case "%", "!%":
		return textTest(op == "%", func(s string) bool { return glob(want.text, s) }), nil
	case "=~", "!~":
		re, err := regexp.Compile(want.text)
		if s, ok := errors.AsType[*syntax.Error](err); ok {
			return nil, fmt.Errorf("bad regular expression: %s: %q", s.Code, s.Expr)
		}
		if err != nil {
			return nil, err
		}
		return textTest(op == "=~", re.MatchString), nil
	case "!=":
		return func(v value) bool { c, ok := compare(v, want); return !ok || c != 0 }, nil
	}
	if op != "==" && (want.kind == boolean || want.kind == null) {
		return nil, fmt.Errorf("%s has no order: compare it with == or !=", want.text)
	}
	passes := map[string]func(c int) bool{
		"==": func(c int) bool { return c == 0 },
		"<":  func(c int) bool { return c < 0 },
		"<=": func(c int) bool { return c <= 0 },
		">":  func(c int) bool { return c > 0 },
		">=": func(c int) bool { return c >= 0 },
	}[op]
	return func(v value) bool { c, ok := compare(v, want); return ok && passes(c) }, nil
}

// textTest returns a test that is true if fits returns want for the text of a field.
// It is false for a field without a text.
func textTest(want bool, fits func(string) bool) func(value) bool {
	return func(v value) bool {
		s, ok := v.asText()
		return (ok && fits(s)) == want
	}
}
