package term

import (
	"regexp"
	"strings"
	"testing"
)

var escapes = regexp.MustCompile("\x1b\\[[0-9;]*m")

func sample(s *Styles) *Table {
	return &Table{
		Title: s.Faint,
		Columns: []Column{{Title: "NAME", Most: 12}, {Title: "STATE"}, {Title: "GROUP"}, {Title: "FPS", Right: true},
			{Title: "ID"}},
		Rows: [][]Cell{
			{{Text: "停车场 北"}, {"running", s.Good}, {}, {Text: "24.9"}, {Text: "899c89f9"}},
			{{Text: "Loading dock north"}, {"loaded", s.Faint}, {}, {Text: "0"}, {Text: "196accbc"}},
			{{Text: "Loading dock south"}, {"\x1b[2J\u202e", s.Warn}, {}, {}, {Text: "0f82"}},
		},
	}
}

func TestTableAlignsWideCharactersAndFits(t *testing.T) {
	for width, want := range map[int]string{
		0: `
NAME          STATE           FPS  ID
停车场 北     running        24.9  899c89f9
Loading…orth  loaded            0  196accbc
Loading…outh  \x1b[2J\u202e        0f82
`,
		40: `
NAME          STATE           FPS
停车场 北     running        24.9
Loading…orth  loaded            0
Loading…outh  \x1b[2J\u202e
`,
		20: `
NAME
停车场 北
Loading…orth
Loading…outh
`,
		8: `
NAME
停车场 …
Loading…
Loading…
`,
	} {
		for _, color := range []bool{false, true} {
			got := "\n" + string(sample(NewStyles(color)).Append(nil, width))
			if plain := escapes.ReplaceAllString(got, ""); plain != want {
				t.Errorf("%d cells:%s\nwant%s", width, plain, want)
			}
			if strings.Contains(got, "\x1b[") != color {
				t.Errorf("color %v: %q", color, got)
			}
		}
	}
}

func TestTableWithoutRowsShowsAllTitles(t *testing.T) {
	table := Table{Columns: []Column{{Title: "NAME"}, {Title: "FPS", Right: true}}}
	if got := string(table.Append(nil, 0)); got != "NAME  FPS\n" {
		t.Errorf("%q", got)
	}
}

func TestLine(t *testing.T) {
	s := NewStyles(true)
	l := NewLine([]byte("before\n"), 12)
	Put(&l, s.Bold, "Gate", NoLimit)
	l.Pad(6)
	if l.AfterText() || l.Col != 6 {
		t.Errorf("after padding: %+v", l)
	}
	Put(&l, s.Faint, []byte("停车场"), 5)
	if !l.AfterText() || l.Col != 11 {
		t.Errorf("after text: %+v", l)
	}
	l.Gap(1)
	Put(&l, Style{}, "x", NoLimit)
	Put(&l, Style{}, "y", NoLimit)
	l.Pad(100)
	if got, want := string(l.Bytes()), "before\n\x1b[1mGate  \x1b[0m\x1b[2m停车…\x1b[0mx"; got != want || l.Col != 12 {
		t.Errorf("%q, %d cells, want %q", got, l.Col, want)
	}
}
