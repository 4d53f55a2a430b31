package filter

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/flowtest"
)

const sample = `{"$id":"track","instance_id":"i1","object_class":"Person","area_name":"Front gate",
"is_moving":1,"still":0,"detection_confidence":0.872,"age_ms":3600,"location":{"x":0.212,"y":0.634},
"events":["e1","e2"],"none":[],
"zeros":[0,""],
"targets":[{"object_class":"Person","location":{"x":0.2},"n":1},
{"object_class":"Vehicle","location":{"x":0.9},"n":"5"}],
"fps":"9.940000","zero":"0","id":"007","text":"true","yes":true,"no":false,"nil":null,"empty":"","huge":1e999999,
"quoted":"a \"b\" \\ c","lines":"a\nb","system_timestamp":1781889224026,"a.b":3,"not":1,"路径":"门","and":"x",
"big":9223372036854775056,"bigs":"9223372036854775056",
"minus":-9223372036854775056,"exp":1e21,"over":1e400,
"bignums":[18446744073709551615,"18446744073709551614"],"slashes":["a\\","b\"c","d"],
"mixed":[1,"Person",null,true,[7],{"k":8}]}`

func sampleEvent(t testing.TB) *event.Event {
	ev := flowtest.Event(t, "", sample)
	ev.Ref = flowtest.Event(t, "event-intrusion", `{"area_name":"Dock"}`)
	return ev
}

func TestExpressions(t *testing.T) {
	ev := sampleEvent(t)
	for _, tc := range []struct{ name, yes, no string }{ // an expression a line
		{"text", `
			object_class == Person
			object_class == "Person"
			object_class == 'Person'
			object_class==Person
			object_class != Vehicle
			area_name == 'Front gate'
			object_class > Animal
			$id == track
			路径 == 门
			lines == "a\nb"
			quoted == "a \"b\" \\ c"
			quoted == 'a "b" \\ c'
			路径 == "\u95e8"`, `
			object_class == person
			object_class == "Person "
			object_class != Person
			object_class < Animal`},
		{"numbers", `
			location.x == 0.212
			location.x==.212
			location.x < 0.3 && location.x >= 0.212 && location.x <= 0.212
			age_ms == 3.6e3
			age_ms == +3600
			age_ms > -1
			age_ms < 1e999999
			huge == 1e999999
			huge > 5
			system_timestamp > 1781889224025
			age_ms != 3601`, `
			age_ms > 3600
			age_ms == 3600.1
			huge < 5
			age_ms < -1e999999`},
		{"integers compare exactly", `
			big == 9223372036854775056
			big != 9223372036854775057
			big < 9223372036854775057
			big > 9223372036854775055
			big <= 9223372036854775056
			big == "9223372036854775056"
			big == 9223372036854775056.0
			big == 9223372036854775056e0
			bigs == 9223372036854775056
			bigs > 9223372036854775055
			minus < -9223372036854775055
			exp == 1000000000000000000000
			exp < 1000000000000000000001
			bigs > big || bigs == 9223372036854775056
			over > 1e399
			bignums.# == 2 && bignums == 18446744073709551614`, `
			big == 9223372036854775057
			big > 9223372036854775056
			big < 9223372036854775056
			bigs == 9223372036854775057
			bigs == "9223372036854775057"
			minus == -9223372036854775055
			exp == 1000000000000000000001
			over == 1e401
			bignums == 18446744073709551613`},
		{"three parts", `
			yes && is_moving && object_class == Person
			(yes && is_moving) && fps > 9`, `
			no && yes && yes
			yes && no && yes
			yes && yes && no
			yes && (yes && no)`},
		{"elements with escapes", `
			slashes == 'a\\'
			slashes == 'b"c'
			slashes == d`, `
			slashes == 'a'
			slashes == a\\`},
		{"numeric strings", `
			fps == 9.94
			fps > 9
			fps < 10
			fps != 9.95
			zero == 0
			zero <= 0
			age_ms == "3600"
			age_ms > "400"
			id == 007
			id == "007"
			id != 7`, `
			fps > 10
			fps == "9.94"
			zero != 0
			age_ms != "3600"
			id == 7`},
		{"numbers and texts do not compare", `
			object_class != 5
			age_ms != many`, `
			object_class == 5
			object_class < 5
			object_class >= 5
			age_ms == many
			age_ms < many
			age_ms > many`},
		{"true, false, null", `
			yes == true
			no == false
			yes != false
			is_moving == true
			still == false
			text == true
			yes == "true"
			yes == 1
			nil == null
			yes != null
			empty != null
			nil != 0
			nil != x
			nil !% *
			nil !~ x`, `
			yes == false
			no == true
			nil != null
			nil == 0
			nil == "null"
			nil == ""
			nil < 1
			nil >= x
			nil % *
			nil =~ .
			text == false
			zero == false`},
		{"missing", `
			!(missing == 1)
			!missing
			!(missing != 1)`, `
			missing
			missing == 1
			missing != 1
			missing == null
			missing != null
			missing !% x
			missing !~ x
			missing % *
			missing =~ .
			missing < 1
			missing >= 1
			location.z != 1
			text.x != 1
			none.x != 1`},
		{"there", `
			object_class
			is_moving
			yes
			zero
			location
			location.x
			events
			events.#
			not
			and
			huge
			targets.#.n`, `
			no
			nil
			still
			empty
			none
			none.#
			zeros
			targets.#.none
			!object_class`},
		{"globs", `
			area_name % Front*
			area_name % "Front*"
			area_name % *gate
			area_name % ?ront?gate
			area_name !% Back*
			area_name !% Front
			age_ms % 36*
			yes % t*
			location % *0.634*
			lines % a?b
			fps % 9.94*`, `
			area_name % front*
			area_name % Front
			area_name !% *
			age_ms !% 3600`},
		{"regular expressions", `
			area_name =~ ^Front
			area_name =~ gate$
			area_name =~ "(?i)FRONT (gate|dock)"
			area_name !~ ^gate
			age_ms =~ ^36..$
			id =~ '^\d{3}$'
			quoted =~ '"b" \\\\'
			lines =~ "a\nb"`, `
			area_name =~ ^gate
			area_name !~ .
			id =~ '^\d{2}$'`},
		{"arrays: one element is enough", `
			targets.#.object_class == Person
			targets.#.object_class == Vehicle
			targets.#.object_class != Person
			targets.#.object_class % Veh*
			targets.#.object_class =~ ^V
			targets.#.n > 4
			targets.#.location.x < 0.3
			events == e2
			mixed == 1
			mixed == Person
			mixed == null
			mixed == true
			mixed % *7*
			mixed % *k*
			zeros == 0
			zeros == ""`, `
			targets.#.object_class == Animal
			!(targets.#.object_class == Person)
			events == e3
			none == x
			none != x
			none !% x
			targets.#.none != 1
			mixed == 7`},
		{"gjson paths", `
			events.# == 2
			events.#>=2
			events.1 == e2
			a\.b == 3
			targets.#(object_class=="Person").location.x < 0.5
			targets.#(object_class=="Person").location.x<0.5
			targets.#(object_class == "Person" ).n == 1
			targets.#(location.x>0.5).object_class == Vehicle
			targets.#(object_class%"V*")#|# == 1
			targets.#(n>0)#.object_class == Vehicle
			location.@keys.# == 2
			location|@keys|0 == x
			loc*.x == 0.212
			@this|object_class == Person
			targets.#(object_class=="a)||&& b").n || yes
			[object_class,age_ms] == 3600
			{object_class}.object_class == Person
			location.@ugly:"==".x > 0.2
			(targets.#(object_class=="Person")) && !(none)`, `
			events.# > 2
			targets.#(object_class=="Animal").location.x < 0.5
			targets.#(object_class=="Animal").location.x != 0.5`},
		{"computed fields", `
			_type == track
			_class == Person
			_place == "Front gate"
			_instance == Gate
			_ref.area_name == Dock
			_ref._type % event-*
			_time >= 2026-06-19T17
			_time == 2026-06-19T17:13:44.026Z`, `
			_delay_ms
			_delay_ms < 1
			_ref.missing != 1
			_type == crop`},
		{"joined", `
			yes && yes
			a.b == 1 || yes || no && no
			no || yes
			yes || yes && no
			no && no || yes
			yes || no && no
			!no && yes
			!no
			!!yes
			!(yes && no)
			!(no || no)
			! no
			(no || yes) && yes
			((yes))
			yes&&yes||no
			!object_class == Vehicle
			yes &&	yes`, `
			yes && no
			no || no
			(yes || yes) && no
			!(no || yes)
			!yes || no
			!object_class == Person
			no && (yes || yes)
			no && yes || no`},
	} {
		for want, list := range map[bool]string{true: tc.yes, false: tc.no} {
			for line := range strings.SplitSeq(list, "\n") {
				if line = strings.TrimSpace(line); line != "" {
					matches(t, ev, line, want)
				}
			}
		}
	}
}

func matches(t *testing.T, ev *event.Event, expr string, want bool) {
	t.Helper()
	x, err := Parse(expr)
	if err != nil {
		t.Errorf("%s: %v\n%s", expr, err, err.(*SyntaxError).Caret())
		return
	}
	if x.Match(ev) != want {
		t.Errorf("%s: %v", expr, !want)
	}
}

// TestSyntaxErrors marks the place of the caret with ∑.
func TestSyntaxErrors(t *testing.T) {
	for in, want := range map[string]string{
		`∑`:                              "empty",
		`  ∑`:                            "empty",
		`a ==∑`:                          "expected a value after ==",
		`a == ∑`:                         "expected a value after ==",
		`a == ∑&& b`:                     "expected a value after ==",
		`a == ∑)`:                        "expected a value after ==",
		`a ∑= b`:                         "write ==",
		`a ∑=< 1`:                        "write <=",
		`a ∑=> 1`:                        "write >=",
		`a ∑~ x`:                         "write =~",
		`a ==∑= b`:                       "expected a value after ==",
		`a <∑> b`:                        "expected a value after <",
		`a == b ∑& c == d`:               "write &&",
		`a == b∑&c == d`:                 "write &&",
		`a ∑| b`:                         "write ||",
		`a == b∑|c`:                      "write ||",
		`a == b ∑and c == d`:             "write &&",
		`a ∑AND b`:                       "write &&",
		`a == b ∑or c`:                   "write ||",
		`∑not a`:                         "write !",
		`∑NOT (a)`:                       "write !",
		`a ∑b`:                           "expected an operator",
		`a ∑! b`:                         "expected an operator",
		`a == b ∑c`:                      "expected && or ||",
		`a == b∑"c"`:                     "expected && or ||",
		`a == b∑=c`:                      "expected && or ||",
		`(a) ∑b`:                         "expected && or ||",
		`a == f∑(x)`:                     "quotes",
		`a &&∑`:                          "expected a field",
		`a && ∑&& b`:                     "expected a field",
		`∑== b`:                          "expected a field",
		`(∑)`:                            "expected a field",
		`(a ∑b)`:                         "expected an operator",
		`(a == b∑`:                       "expected )",
		`((a) ∑`:                         "expected )",
		`a∑)`:                            "no ( for this",
		`∑"Person" == a`:                 "value comes on the right",
		`∑5 < a`:                         "the value on the right",
		`∑true`:                          "the value on the right",
		`a == ∑"b`:                       "not closed",
		`a == ∑'b\'`:                     "not closed",
		`a == ∑'b\`:                      "not closed",
		`a == ∑“b”`:                      "typographic",
		`a.#∑(b=="c"`:                    "not closed",
		`a.#(b==∑"c)`:                    "not closed",
		`a.#(b==∑'c')`:                   "double quotes",
		`a.#(b==[1∑).c`:                  "expected ]",
		`a∑\`:                            `after this \`,
		`a∑,b`:                           "expected an operator",
		`a =~ ∑"(b"`:                     "missing closing )",
		`a !~ ∑[`:                        "missing closing ]",
		`a =~ ∑a{1001}`:                  "invalid repeat count",
		`a && ∑_clas == x`:               "did you mean _class",
		`!∑a.@pretty`:                    "@pretty is not allowed",
		`a < ∑true`:                      "no order",
		`a >= ∑null`:                     "no order",
		"a == b∑\x01":                    "expected && or ||",
		"a∑\x1b[31m":                     "expected an operator",
		`门 == 门 ∑门`:                      "expected && or ||",
		strings.Repeat("(", 100) + "∑(a": "nested deeper",
		strings.Repeat("!", 100) + "∑a":  "nested deeper",
		"a.#" + strings.Repeat("(", 100) + "∑(": "nested deeper",
	} {
		at := strings.Index(in, "∑")
		expr := strings.Replace(in, "∑", "", 1)
		_, err := Parse(expr)
		var s *SyntaxError
		if !errors.As(err, &s) || s.Offset != at || !strings.Contains(s.Msg, want) || s.Expr != expr {
			t.Errorf("%.80q: %#v, want %q at %d", in, err, want, at)
			continue
		}
		if strings.ContainsAny(err.Error(), "\n\x01\x1b") {
			t.Errorf("%q: not one safe line: %q", in, err)
		}
	}
}

func TestLongExpressions(t *testing.T) {
	const n = 200_000
	for _, expr := range []string{
		strings.Repeat("(", n), strings.Repeat("!", n), strings.Repeat("a.#(", n), strings.Repeat("{", n),
		strings.Repeat("a", n) + " = b", strings.Repeat(`a\`, n), strings.Repeat("a:\"x\"", n) + ",", strings.Repeat("a|", n),
		strings.Repeat("é", n) + ",",
	} {
		if _, err := Parse(expr); err == nil {
			t.Errorf("%.20q… is taken", expr)
		}
	}
	x, err := Parse("a" + strings.Repeat(" || a && a", n))
	if err != nil || x.Match(sampleEvent(t)) {
		t.Error(err)
	}
}

func TestCaret(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"a == ∑", "a == \n     ^"},
		{"∑== b", "== b\n^"},
		{"门门 ∑= b", "门门 = b\n     ^"},
		{"a == b\n\x1b[1m∑ &\u202e\xff c", `a == b\x0a\x1b[1m &\u202e\xff c` + "\n                 ^"},
		{strings.Repeat("x", 100) + "∑" + strings.Repeat("y", 100),
			"…" + strings.Repeat("x", 39) + strings.Repeat("y", 23) + "…\n" + strings.Repeat(" ", 40) + "^"},
		{strings.Repeat("x", 100) + "∑ y", "…" + strings.Repeat("x", 39) + " y\n" + strings.Repeat(" ", 40) + "^"},
	} {
		e := &SyntaxError{Expr: strings.Replace(tc.in, "∑", "", 1), Offset: strings.Index(tc.in, "∑")}
		if got := e.Caret(); got != tc.want {
			t.Errorf("%q: got\n%s\nwant\n%s", tc.in, got, tc.want)
		}
	}
}

func TestMatchAllocatesNothing(t *testing.T) {
	ev := sampleEvent(t)
	for _, expr := range []string{
		"object_class == Person", "location.x > 0.1 && location.y < 0.7 && age_ms >= 3600", "fps > 5", "area_name % Front*",
		"area_name =~ ^Front",
		"id > 5", "area_name > 5", "missing || events == e2", "_type == track && _place == 'Front gate'", "_time > 2026",
		"age_ms == '3600'",
	} {
		x, err := Parse(expr)
		if err != nil {
			t.Fatal(err)
		}
		x.Match(ev)
		if n := testing.AllocsPerRun(100, func() { x.Match(ev) }); n != 0 {
			t.Errorf("%s: %v allocations", expr, n)
		}
	}
}

// TestLongArrayAllocatesNothing guards against a hostile array that becomes a
// hundred times its size.
func TestLongArrayAllocatesNothing(t *testing.T) {
	ev := flowtest.Event(t, "track", `{"a":[`+strings.Repeat("1,", 1<<20)+`1],"deep":[`+strings.Repeat("[", 100_000)+
		strings.Repeat("]", 100_000)+`]}`)
	x, err := Parse("a == 2 || deep == 1")
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(1, func() { x.Match(ev) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func events(t testing.TB) []*event.Event {
	all := []*event.Event{sampleEvent(t)}
	for _, s := range append(flowtest.Samples(t), flowtest.Hostile()...) {
		all = append(all, flowtest.Event(t, "", s.Payload))
	}
	return all
}

func FuzzParse(f *testing.F) {
	all := events(f)
	for _, s := range []string{
		`object_class == Person && (location.x > 0.5 || !is_moving)`,
		`targets.#(object_class=="Person").location.x < 1e999999`, `a =~ "^\d+$" || b !% 'x*\'y'`,
		`events.# >= 2`, `_ref.area_name != null`, `!(a == true)`, `[a,{"b":c}].0 % *`, `@this|@ugly:{"indent":"x"}|a|b`,
		`a\ b == "\u0041\n"`, `a == b & c`, `"x" == a`, `targets.#(n>0)#.n == 5`, `..#.a`, `!a.@values == 1`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, expr string) { holds(t, expr, all) })
}

// TestRandomTokens joins tokens at random, which reaches deeper than random bytes.
func TestRandomTokens(t *testing.T) {
	all := events(t)[:8]
	tokens := []string{
		"object_class", "location.x", "targets", "events", "_time", "_ref", "$id", "a", ".", "#", "#(", "(", ")", "[", "]",
		"{", "}", "|", "@values", "@keys", "@flatten", ":", ",", `\`,
		"==", "!=", "<", ">=", "%", "!%", "=~", "!~", "!", "&&", "||", " ", " ", "Person", `"Person"`, "'x'", `"`, "'", "1",
		"-0.5e3", "true", "null", "*", "?", "..", "门", "\xff", "\x00", "\n", `\u0041`,
	}
	random := rand.New(rand.NewPCG(1, 2))
	taken := 0
	for range 100_000 {
		expr := ""
		for range 1 + random.IntN(9) {
			expr += tokens[random.IntN(len(tokens))]
		}
		if holds(t, expr, all) {
			taken++
		}
	}
	if taken < 1000 {
		t.Errorf("only %d expressions were taken", taken)
	}
}

// holds checks that a text is an expression, or an error with a place. It returns
// which.
func holds(t *testing.T, expr string, all []*event.Event) (taken bool) {
	x, err := Parse(expr)
	if err != nil {
		var s *SyntaxError
		if !errors.As(err, &s) || s.Offset < 0 || s.Offset > len(expr) {
			t.Fatalf("%q: %#v", expr, err)
		}
		lines := strings.Split(s.Caret(), "\n")
		if len(lines) != 2 || !utf8.ValidString(lines[0]) || len(lines[1]) > 65 ||
			strings.ContainsAny(err.Error(), "\n\r\x1b") {
			t.Fatalf("%q: %q %q", expr, err, lines)
		}
		return false
	}
	for _, ev := range all {
		x.Match(ev) // must not panic
	}
	return true
}
