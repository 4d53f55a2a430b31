package filter

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
)

// operators are all operators, the longer ones first.
var operators = [...]string{"==", "!=", "<=", ">=", "=~", "!~", "!%", "<", ">", "%"}

// newTest makes the test of a field against a wanted value, once for all events.
func newTest(op string, want value) (func(value) bool, error) {
	switch op {
	case "%", "!%":
		return texts(op == "%", func(s string) bool { return glob(want.text, s) }), nil
	case "=~", "!~":
		re, err := regexp.Compile(want.text)
		if err != nil {
			return nil, badRegexp(err)
		}
		return texts(op == "=~", re.MatchString), nil
	case "==":
		return func(v value) bool { c, ok := order(v, want); return ok && c == 0 }, nil
	case "!=":
		return func(v value) bool { c, ok := order(v, want); return !ok || c != 0 }, nil
	}
	if want.kind == boolean || want.kind == null {
		return nil, fmt.Errorf("%s has no order: compare it with == or !=", want.text)
	}
	switch op {
	case "<":
		return func(v value) bool { c, ok := order(v, want); return ok && c < 0 }, nil
	case "<=":
		return func(v value) bool { c, ok := order(v, want); return ok && c <= 0 }, nil
	case ">":
		return func(v value) bool { c, ok := order(v, want); return ok && c > 0 }, nil
	}
	return func(v value) bool { c, ok := order(v, want); return ok && c >= 0 }, nil
}

// texts tests that a field's text fits, or that it does not.
func texts(yes bool, fits func(string) bool) func(value) bool {
	return func(v value) bool {
		s, ok := v.str()
		return (ok && fits(s)) == yes
	}
}

func badRegexp(err error) error {
	var s *syntax.Error
	if errors.As(err, &s) {
		return fmt.Errorf("bad regular expression: %s: %q", s.Code, s.Expr)
	}
	return err
}
