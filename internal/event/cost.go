package event

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// cheap lists the gjson modifiers whose cost in time and memory is proportional to
// the payload. Of the others, @pretty, @dig and @flatten with an argument grow with the
// square of the depth, @valid and @fromstr recurse as deep as a string is nested,
// @join, @group and @reverse need 70 to 200 bytes per byte, and @tostr doubles.
var cheap = []string{"this", "keys", "values", "ugly", "flatten"}

// checkCost refuses the parts of a gjson path that a payload could make
// expensive. It also checks text inside quotes, because gjson does not treat
// quotes the same everywhere.
func checkCost(path string) error {
	for before, text, found := strings.Cut(path, "@"); found; before, text, found = strings.Cut(text, "@") {
		name := text[:len(text)-len(strings.TrimLeft(text, "abcdefghijklmnopqrstuvwxyz"))]
		switch {
		case strings.HasSuffix(before, `\`) || !gjson.ModifierExists(name, nil):
		case !slices.Contains(cheap, name) || strings.HasPrefix(text, "flatten:"):
			const refusal = "the modifier @%s is not allowed: it could cost far more than the payload (allowed: @%s)"
			return fmt.Errorf(refusal, name, strings.Join(cheap, ", @"))
		}
	}
	multipaths := 0
	for i, c := range path {
		if (c == '[' || c == '{') && (i == 0 || strings.IndexByte(".|,:([{ ", path[i-1]) >= 0) {
			multipaths++
		}
	}
	if multipaths > 1 {
		return errors.New("only one multipath ([…] or {…}) is allowed: several could grow without limit")
	}
	return nil
}
