package term

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestAppendSafe(t *testing.T) {
	for in, want := range map[string]string{
		"":                                "",
		"Loading dock":                    "Loading dock",
		"Zürich 前門 🚪":                     "Zürich 前門 🚪",
		"a\u00a0b\u3000c":                 "a\u00a0b\u3000c",
		"e\u0301 ⚠\ufe0f":                 "e\u0301 ⚠\ufe0f",
		"\x1b[2J\a\r\n\t\x00\x7f":         `\x1b[2J\x07\x0d\x0a\x09\x00\x7f`,
		"\u0085\u009b31m":                 `\u0085\u009b31m`,
		"\u202egpj.exe\u2066\u061c":       `\u202egpj.exe\u2066\u061c`,
		"a\u200b\u200db\ufeff\u00ad":      `a\u200b\u200db\ufeff\u00ad`,
		"\u2028\u2029":                    `\u2028\u2029`,
		"\U000e0041\U000e0100":            `\U000e0041\U000e0100`,
		"\u3164\ufe00\ue000\uffff":        `\u3164\ufe00\ue000\uffff`,
		"\xff\xc0\xaf\xed\xa0\x80":        `\xff\xc0\xaf\xed\xa0\x80`,
		"\xf0\x9f\x9a":                    `\xf0\x9f\x9a`,
		"\ufffd":                          "\ufffd",
		`C:\Users\x \d\`:                  `C:\Users\x \d\`,
		"\\\x1b":                          `\\x1b`,
		"a" + strings.Repeat("\u0301", 6): "a" + strings.Repeat("\u0301", 4) + `\u0301` + "\u0301",
	} {
		got := string(AppendSafe([]byte("> "), in))
		if got != "> "+want {
			t.Errorf("%q: %q, want %q", in, got, "> "+want)
		}
		if w := Width(in); w != cellsOf(want) {
			t.Errorf("%q is %d cells, shown %d", in, w, cellsOf(want))
		}
	}
}

func TestAppendCut(t *testing.T) {
	for _, tc := range []struct {
		in    string
		width int
		want  string
		cells int
	}{
		{"Loading dock", 12, "Loading dock", 12},
		{"Loading dock", 11, "Loading do…", 11},
		{"Loading dock", 1, "…", 1},
		{"Loading dock", 0, "", 0},
		{"Loading dock", -3, "", 0},
		{"", 0, "", 0},
		{"前門前門", 8, "前門前門", 8},
		{"前門前門", 7, "前門前…", 7},
		{"前門前門", 6, "前門…", 5},
		{"前門", 1, "…", 1},
		{"ab\x1bcd", 8, `ab\x1bcd`, 8},
		{"ab\x1bcd", 7, `ab\x1b…`, 7},
		{"ab\x1bcd", 6, "ab…", 3},
		{"ab\x1b", 6, `ab\x1b`, 6},
		{"ae\u0301", 2, "ae\u0301", 2},
		{"ae\u0301x", 2, "a…", 2},
		{"⚠\ufe0f", 2, "⚠\ufe0f", 2},
		{`a\\\x1b`, 4, `a\\…`, 4},
	} {
		got, cells := AppendCut([]byte("> "), tc.in, tc.width)
		if string(got) != "> "+tc.want || cells != tc.cells {
			t.Errorf("%q in %d: %q, %d cells; want %q, %d", tc.in, tc.width, got, cells, tc.want, tc.cells)
		}
	}
}

// The cost of a cut depends on what is shown, not on the length of the text.
func TestCutOfGiantIsCheap(t *testing.T) {
	giant := strings.Repeat("\u202e", 10_000_000)
	buf := make([]byte, 0, 1000)
	if n := testing.AllocsPerRun(1000, func() { buf, _ = AppendCut(buf[:0], giant, 80) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// checkSafe fails the test unless text is safe to show.
func checkSafe(t *testing.T, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Fatalf("bad UTF-8: %q", text)
	}
	for _, r := range text {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) ||
			unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co) {
			t.Fatalf("%U in %q", r, text)
		}
	}
}

func FuzzSafe(f *testing.F) {
	for _, s := range []string{"", "Gate", `\x1b`, "\\\x1b", `\\u202e`, "\x1b[2J", "\u202e",
		"前門 e\u0301\u0301\u0301\u0301\u0301\u0301", "\xff\xfe", "👩‍👧", "⚠\ufe0f", "\\\U000e0001"} {
		f.Add(s, 10)
	}
	f.Fuzz(func(t *testing.T, s string, width int) {
		whole := string(AppendSafe(nil, s))
		checkSafe(t, whole)
		cut, cells := AppendCut(nil, s, width%200)
		checkSafe(t, string(cut))
		if cells > max(0, width%200) || cells != cellsOf(string(cut)) {
			t.Fatalf("%q cut to %d is %q: %d cells, says %d", s, width%200, cut, cellsOf(string(cut)), cells)
		}
		if head, short := strings.CutSuffix(string(cut), "…"); short && !strings.HasPrefix(whole, head) || !short &&
			width%200 > 0 && string(cut) != whole {
			t.Fatalf("%q cut to %d is %q", whole, width%200, cut)
		}
		if bytes, n := AppendCut(nil, []byte(s), width%200); string(bytes) != string(cut) || n != cells {
			t.Fatalf("%q as bytes is cut to %q", s, bytes)
		}
	})
}

// cellsOf is the width of text that is safe to show.
func cellsOf(s string) (cells int) {
	for _, r := range s {
		if r == 0xfe0f {
			cells++
		}
		cells += widths.RuneWidth(r)
	}
	return cells
}
