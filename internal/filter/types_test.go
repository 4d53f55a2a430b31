package filter

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

func TestTypes(t *testing.T) {
	for _, tc := range []struct {
		list, in, out string // types that are wanted and not wanted
		query         string
	}{
		{"", "track crop new-type", "", "[]"},
		{"  ", "track", "", "[]"},
		{"track", "track", "Track track2 trac crop", "[track]"},
		{"track, crop ,track", "track crop", "event-intrusion", "[track crop]"},
		{"event-*", "event-intrusion event-", "track my-event-x", "[]"},
		{"track,event-*", "track event-x", "crop", "[]"},
		{"event-*,!event-intrusion", "event-crowd-detection", "event-intrusion crop", "[]"},
		{"!event-intrusion,event-*", "event-crowd-detection", "event-intrusion crop", "[]"},
		{"!track", "crop new-type", "track", "[]"},
		{"!track, !*-end", "crop", "track event-intrusion-end", "[]"},
		{"track,!track", "", "track crop", "[]"},
		{"*", "track crop", "", "[]"},
		{"event-?????ing,[x]", "event-dwelling [x]", "event-loitering x", "[]"},
		{"intrusion,line-crossing", "event-intrusion event-line-crossing", "intrusion line-crossing event-intrusion-end",
			"[event-intrusion event-line-crossing]"},
		{"intrusion, event-intrusion", "event-intrusion", "intrusion", "[event-intrusion]"},
		{"!intrusion", "intrusion track", "event-intrusion", "[]"},
		{"track,crop", "track", "event-track", "[track crop]"},
		{"new-type,Intrusion", "new-type Intrusion", "event-intrusion", "[new-type Intrusion]"},
		{"intrusion,crop*", "event-intrusion crop", "intrusion", "[]"},
		{`\*`, "*", "track", "[]"},
		{"前門,*-門", "前門 x-門", "門", "[]"},
	} {
		types, err := ParseTypes(tc.list)
		if err != nil {
			t.Errorf("%q: %v", tc.list, err)
			continue
		}
		for _, typ := range strings.Fields(tc.in) {
			if !types.Match(typ) {
				t.Errorf("%q leaves %s out", tc.list, typ)
			}
		}
		for _, typ := range strings.Fields(tc.out) {
			if types.Match(typ) {
				t.Errorf("%q lets %s through", tc.list, typ)
			}
		}
		if got := fmt.Sprint(types.Query()); got != tc.query || (got == "[]") != (types.Query() == nil) {
			t.Errorf("%q asks the server for %s, want %s", tc.list, got, tc.query)
		}
	}
}

func TestTypesDoubts(t *testing.T) {
	for list, want := range map[string]string{
		"":                               "[]",
		"track,event-*,intrusion,!*-end": "[]",
		"trak, evnt-*":                   "[{trak track} {evnt-* event-*}]",
		"intrusoin,!statistic":           "[{intrusoin event-intrusion} {statistic statistics}]",
		"Intrusion":                      "[{Intrusion event-intrusion}]",
		"something-else,?":               "[{something-else } {? }]",
		"*-ned":                          "[{*-ned *-end}]",
	} {
		types, err := ParseTypes(list)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(types.Doubts()); got != want {
			t.Errorf("%q: doubts %s, want %s", list, got, want)
		}
	}
}

func TestTypesErrors(t *testing.T) {
	for list, want := range map[string]string{
		"track,":      "empty item",
		",":           "empty item",
		"a,,b":        "empty item",
		"track, ,a":   "empty item",
		"!":           "! without a name",
		"a,! ":        "! without a name",
		"track crop":  "commas",
		"! track":     "commas",
		"track\tcrop": "commas",
	} {
		if _, err := ParseTypes(list); err == nil || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "\t") {
			t.Errorf("%q: %v, want something with %q", list, err, want)
		}
	}
}

func TestTypesMatchAllocatesNothing(t *testing.T) {
	types, err := ParseTypes("event-*,crop,!event-crowd-*")
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { types.Match("event-intrusion-end") }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestGlob(t *testing.T) {
	for pattern, cases := range map[string][2][]string{
		"":          {{""}, {"a"}},
		"*":         {{"", "a", "a\nb", "\xff"}, nil},
		"?":         {{"a", "é", "門", "\xff"}, {"", "ab"}},
		"*?":        {{"a", "é", "ab"}, {""}},
		"a*b*c":     {{"abc", "axbxc", "abbcc", "abcbc"}, {"ab", "abcd", "xabc"}},
		`\*\?\\a\b`: {{`*?\ab`}, {`x?\ab`, `**\ab`}},
		`a\`:        {{`a\`}, {"a"}},
		"[a-c]{x}":  {{"[a-c]{x}"}, {"a{x}", "ax"}},
		"*é?x":      {{"éyx", "éééx"}, {"éx"}},
		"Front*":    {{"Front gate"}, {"front gate", "the Front"}},
	} {
		for _, s := range cases[0] {
			if !glob(pattern, s) {
				t.Errorf("%q does not fit %q", s, pattern)
			}
		}
		for _, s := range cases[1] {
			if glob(pattern, s) {
				t.Errorf("%q fits %q", s, pattern)
			}
		}
	}
}

// TestGlobIsNotExponential would take years if every star were tried again.
func TestGlobIsNotExponential(t *testing.T) {
	if glob(strings.Repeat("*a", 1000)+"b", strings.Repeat("a", 10_000)) {
		t.Error("it matches")
	}
}

func FuzzGlob(f *testing.F) {
	for _, s := range [][2]string{{"a*b?c", "aXbYc"}, {`\*?`, "*é"}, {"*\xff*", "a\xffb"}, {"**a*", ""}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, pattern, s string) {
		var re strings.Builder
		for i := 0; i < len(pattern); i++ {
			switch c := pattern[i]; {
			case c == '*':
				re.WriteString(".*")
			case c == '?':
				re.WriteString(".")
			case c == '\\' && i+1 < len(pattern):
				i++
				fallthrough
			default:
				re.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
			}
		}
		if !isASCII(pattern) || !isASCII(s) || len(pattern)+len(s) > 200 {
			glob(pattern, s)
			return
		}
		want := regexp.MustCompile(`\A(?s:` + re.String() + `)\z`).MatchString(s)
		if glob(pattern, s) != want {
			t.Errorf("glob(%q, %q) is %v", pattern, s, !want)
		}
	})
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func FuzzTypes(f *testing.F) {
	for _, s := range []string{"", "track,crop", "event-*,!event-x", "!", ",,", "a b"} {
		f.Add(s, "track")
	}
	f.Fuzz(func(t *testing.T, list, typ string) {
		types, err := ParseTypes(list)
		if err != nil {
			return
		}
		types.Match(typ)
		for _, name := range types.Query() {
			if name == "" || !types.Match(name) || strings.Contains(name, ",") {
				t.Errorf("%q asks the server for %q", list, name)
			}
		}
	})
}
