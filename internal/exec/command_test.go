package exec

import (
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for text, want := range map[string][]string{
		"cat":                              {"cat"},
		"  cat\t b\n c ":                   {"cat", "b", "c"},
		`cat 'b c' "d e"`:                  {"cat", "b c", "d e"},
		`c'a't'' b"" ''`:                   {"cat", "b", ""},
		`cat\ b \'c`:                       {"cat b", "'c"},
		`cat "a\"b\\c\$d\e" 'a\b"c' \\ \|`: {"cat", `a"b\c$d\e`, `a\b"c`, `\`, "|"},
		"cat a\\\nb \"c\\\nd\" \\\n":       {"cat", "ab", "cd"},
		`sh -c 'x=$1; a | b >&2'`:          {"sh", "-c", "x=$1; a | b >&2"},
		`cat ~/b *.c #d {e} $f | &g`:       {"cat", "~/b", "*.c", "#d", "{e}", "$f", "|", "&g"},
		`cat "'" '"' ä"ö"ü`:                {"cat", "'", `"`, "äöü"},
		`cat http://h/?a=b&c=d`:            {"cat", "http://h/?a=b&c=d"},
	} {
		if got, err := Parse(text); err != nil && want[0] == "cat" || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestParseReportsMistakes(t *testing.T) {
	for text, want := range map[string]string{
		"":                   "no command",
		" \n":                "no command",
		"ä 'b c":             "no end of the quotation 'b c",
		`a "b \"`:            `no end of the quotation "b \"`,
		"no-such-program -x": "\"no-such-program\": executable file not found in $PATH",
		"./no-such-program":  "no such file or directory",
	} {
		if _, err := Parse(text); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v; want %s", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`a 'b' "c\"" \d`)
	f.Fuzz(func(t *testing.T, text string) {
		words, err := Parse(text)
		if err == nil && len(words) == 0 {
			t.Errorf("%q: no words and no error", text)
		}
	})
}
