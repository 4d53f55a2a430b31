package event

import (
	"fmt"
	"strings"

	"github.com/tidwall/gjson"
)

// cheap lists the gjson modifiers whose cost in time and memory is proportional to
// the payload. The others are refused: @pretty and @dig grow with the square of
// the depth, @valid and @fromstr recurse as deep as a string demands, @join, @group
// and @reverse need 70 to 200 bytes per byte of the payload, and @tostr doubles its
// input each time.
var cheap = []string{"this", "keys", "values", "ugly", "flatten"}

// checkCost refuses the parts of a gjson path that a payload could make
// expensive. It also checks text inside quotes, because gjson does not treat
// quotes the same everywhere.
func checkCost(path string) error {
	multipaths, chained := 0, false
	for i := range len(path) {
		before := byte('.')
		if i > 0 {
			before = path[i-1]
		}
		switch c := path[i]; {
		case c == '@' && before != '\\':
			if err := checkModifier(path[i+1:]); err != nil {
				return err
			}
		case (c == '[' || c == '{') && strings.IndexByte(".|,:([{ ", before) >= 0:
			multipaths++
		case (c == '.' || c == '|') && (before == ']' || before == '}'):
			chained = true
		}
	}
	if multipaths > 1 && chained {
		return fmt.Errorf("a multipath ([…] or {…}) that is read further cannot be combined with another: the result could grow without limit")
	}
	return nil
}

// checkModifier refuses a modifier that is not cheap. text follows its "@".
func checkModifier(text string) error {
	end := strings.IndexFunc(text, func(r rune) bool { return r < 'a' || r > 'z' })
	if end < 0 {
		end = len(text)
	}
	name, rest := text[:end], text[end:]
	if !gjson.ModifierExists(name, nil) {
		return nil
	}
	for _, c := range cheap {
		if name == c && (name != "flatten" || !strings.HasPrefix(rest, ":")) {
			return nil
		}
	}
	if name == "flatten" {
		return fmt.Errorf("@flatten takes no argument here: flattening all levels could cost far more than the payload's size")
	}
	return fmt.Errorf("the modifier @%s is not allowed: its cost could far exceed the payload's size (allowed: @%s)", name, strings.Join(cheap, ", @"))
}
