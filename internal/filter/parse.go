package filter

import (
	"fmt"
	"strings"

	"github.com/rtev/rtev/internal/event"
)

// maxDepth limits the nesting of parentheses, ! and the brackets of a path, so
// that no expression can exhaust the stack.
const maxDepth = 100

// Parse parses a field expression. The error is a *SyntaxError.
//
//	expression = PATH OP VALUE | PATH | "!" expression | "(" expression ")"
//	           | expression "&&" expression | expression "||" expression
//
// "!" binds tighter than "&&", and that tighter than "||"; "!a == b" is
// "!(a == b)". PATH is a gjson path or a computed field. VALUE is a number, true,
// false, null, a text in '…' or "…", or a bare word, which ends at white space
// and at any of ( ) & | < > = ! ' ". In quotes \\ \' \" \n \r \t and \u with four
// digits are escapes; before any other character a backslash is literal.
//
// Comparisons:
//   - A missing field satisfies no comparison, not even != !% !~.
//   - Two values compare as numbers if one of them is a number (a JSON number, or
//     a VALUE without quotes) and the other is or holds one: 9.9 equals "9.9",
//     and true is 1 and false 0, as is_moving has them. Integers compare exactly,
//     other numbers as float64. Otherwise values compare as texts, byte by byte:
//     "10" is less than "9". A number and another text are only ever !=.
//   - null equals null and nothing else, and has no text.
//   - % and !% are globs over the whole text (* is any text, ? one character, \
//     takes the next character literally); =~ and !~ search for an RE2 regular
//     expression anywhere in it. Case matters. The text of a value that is not a
//     string is its JSON.
//   - An array, such as targets.#.object_class, satisfies a condition if one
//     element does, also with != and for PATH alone; !(…) means that none does.
//     An empty array satisfies nothing.
func Parse(expr string) (*Expr, error) {
	p := &parser{in: expr}
	root, err := p.or()
	if err == nil && p.pos < len(p.in) {
		err = p.unexpected()
	}
	if err != nil {
		return nil, err
	}
	return &Expr{root}, nil
}

// parser reads an expression by recursive descent. Each of its methods leaves
// pos after white space.
type parser struct {
	in    string
	pos   int
	depth int
	alone bool // the last condition was a path without an operator
}

func (p *parser) fail(at int, format string, args ...any) error {
	return &SyntaxError{Expr: p.in, Offset: at, Msg: fmt.Sprintf(format, args...)}
}

func (p *parser) or() (node, error) {
	parts, err := p.joined("||", p.and)
	if len(parts) == 1 {
		return parts[0], err
	}
	return or(parts), err
}

func (p *parser) and() (node, error) {
	parts, err := p.joined("&&", p.unary)
	if len(parts) == 1 {
		return parts[0], err
	}
	return and(parts), err
}

// joined reads one or more parts with op between them.
func (p *parser) joined(op string, part func() (node, error)) ([]node, error) {
	var parts []node
	for {
		n, err := part()
		if err != nil {
			return nil, err
		}
		parts = append(parts, n)
		if !p.take(op) {
			return parts, nil
		}
	}
}

func (p *parser) unary() (node, error) {
	p.space()
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail(p.pos, "nested deeper than %d", maxDepth)
	}
	defer func() { p.depth-- }()
	switch {
	case p.take("("):
		inside, err := p.or()
		if err == nil && !p.take(")") {
			err = p.unexpected()
		}
		p.alone = false
		return inside, err
	case p.take("!"):
		part, err := p.unary()
		return not{part}, err
	}
	return p.condition()
}

func (p *parser) condition() (node, error) {
	start := p.pos
	path, err := p.path()
	if err != nil {
		return nil, err
	}
	c := &condition{test: isTrue}
	if c.path, err = event.ParsePath(path); err != nil {
		return nil, p.fail(start, "%v", err)
	}
	if c.op, err = p.operator(); err != nil {
		return nil, err
	}
	if p.alone = c.op == ""; p.alone {
		if strings.EqualFold(path, "not") && (p.word() != "" || strings.HasPrefix(p.in[p.pos:], "(")) {
			return nil, p.fail(start, "write ! for not")
		}
		return c, nil
	}
	at := p.pos
	if c.want, err = p.value(c.op); err != nil {
		return nil, err
	}
	if c.test, err = newTest(c.op, c.want); err != nil {
		return nil, p.fail(at, "%v", err)
	}
	return c, nil
}

// operator reads an operator if there is one.
func (p *parser) operator() (string, error) {
	for _, op := range operators {
		if p.take(op) {
			return op, nil
		}
	}
	for _, slip := range [...][2]string{{"=<", "<="}, {"=>", ">="}, {"=", "=="}, {"~", "=~"}} {
		if strings.HasPrefix(p.in[p.pos:], slip[0]) {
			return "", p.fail(p.pos, "no such operator; write %s", slip[1])
		}
	}
	return "", nil
}

// unexpected returns the error for input after a complete condition.
func (p *parser) unexpected() error {
	rest := p.in[p.pos:]
	next := p.word()
	switch {
	case rest == "":
		return p.fail(p.pos, "expected ) at the end")
	case rest[0] == ')':
		return p.fail(p.pos, "no ( for this )")
	case rest[0] == '&' || strings.EqualFold(next, "and"):
		return p.fail(p.pos, "write && for and")
	case rest[0] == '|' || strings.EqualFold(next, "or"):
		return p.fail(p.pos, "write || for or; put a value with | in quotes")
	case p.alone:
		return p.fail(p.pos, "expected an operator (== != < <= > >= %% !%% =~ !~), && or ||")
	}
	return p.fail(p.pos, "expected && or ||; put a value with spaces or any of ()&|<>=! in quotes")
}
