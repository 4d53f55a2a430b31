package exec

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	for text, want := range map[string][]string{
		"a":                               {"a"},
		"  a\t b\n c ":                    {"a", "b", "c"},
		`a 'b c' "d e"`:                   {"a", "b c", "d e"},
		`a''b "" ''`:                      {"ab", "", ""},
		`a\ b \'c \\ \| \$HOME`:           {"a b", "'c", `\`, "|", "$HOME"},
		`"a\"b\\c\$d\e" 'a\b"c'`:          {`a"b\c$d\e`, `a\b"c`},
		"a\\\nb \"c\\\nd\" \\\n":          {"ab", "cd"},
		`sh -c 'x=$1; a | b >&2'`:         {"sh", "-c", "x=$1; a | b >&2"},
		`a ~/b *.c #d {e} $ $5 !`:         {"a", "~/b", "*.c", "#d", "{e}", "$", "$5", "!"},
		"/bin/sh -c \"a \\\"$b\\\" `c`\"": {"/bin/sh", "-c", "a \"$b\" `c`"},
		`"'" '"' ä"ö"ü`:                   {"'", `"`, "äöü"},
		`curl 'http://h/?a=b&c=d'`:        {"curl", "http://h/?a=b&c=d"},
	} {
		if got, err := split(text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestSplitNamesThePlaceOfAMistake(t *testing.T) {
	for text, want := range map[string]string{
		"":                  "character 1: no command",
		" \n":               "character 1: no command",
		"ä 'b":              "character 3: no closing ' for this one",
		`a "b \"`:           `character 3: no closing " for this one`,
		`a \`:               `character 3: nothing after this \`,
		"a | b":             "character 3: no shell reads | here: put it in single quotes, or run sh -c '...'",
		"a http://h/?b&c":   "character 14: no shell reads & here: put it in single quotes, or run sh -c '...'",
		"a >b":              "character 3: no shell reads > here: put it in single quotes, or run sh -c '...'",
		`a "$RTEV_PLACE"`:   "character 4: no shell reads $ here: put it in single quotes, or run sh -c '...'",
		"a sh -c \"$b\"":    "character 10: no shell reads $ here: put it in single quotes, or run sh -c '...'",
		`sh -c "a" | b`:     "character 11: no shell reads | here: put it in single quotes, or run sh -c '...'",
		"a ${x}":            "character 3: no shell reads $ here: put it in single quotes, or run sh -c '...'",
		`a "` + "`b`" + `"`: "character 4: no shell reads ` here: put it in single quotes, or run sh -c '...'",
		"a $(b)":            "character 3: no shell reads $ here: put it in single quotes, or run sh -c '...'",
	} {
		_, err := Parse(text)
		if _, ok := errors.AsType[*SyntaxError](err); !ok || err.Error() != want {
			t.Errorf("%s: %v; want %s", text, err, want)
		}
	}
}

func TestParseFindsTheProgram(t *testing.T) {
	for text, want := range map[string]string{
		"no-such-program -x": `no program "no-such-program" in PATH`,
		"./no-such-program":  "./no-such-program cannot be run: ",
		"/":                  "/ cannot be run: ",
	} {
		if _, err := Parse(text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzSplit(f *testing.F) {
	f.Add(`a 'b' "c\"" \d`)
	f.Fuzz(func(t *testing.T, text string) {
		words, err := split(text)
		var wrong *SyntaxError
		if err == nil && len(words) == 0 || err != nil && (!errors.As(err, &wrong) || wrong.At < 1 || wrong.At > len(text)+1) {
			t.Errorf("%q: %q, %v", text, words, err)
		}
	})
}
