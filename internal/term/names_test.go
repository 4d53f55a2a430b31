package term

import (
	"strings"
	"testing"
)

func TestShorten(t *testing.T) {
	for _, tc := range []struct {
		names string
		cells int
		want  string
	}{
		{"Gate,Dock", 4, "Gate,Dock"},
		{"Loading dock,Gate", 8, "Loadi…ck,Gate"},
		{"Loading dock north,Loading dock south", 12, "Loading…orth,Loading…outh"},
		{"Parking lot 1,Parking lot 2", 6, "Par… 1,Par… 2"},
		{"停车场 北,停车场 南", 7, "停车…北,停车…南"},
		{"aaaae\u0301,aaaao\u0301", 3, "a…e\u0301,a…o\u0301"},
		{"aaaa\x1b,aaaab", 4, "aaa…,aa…b"},
		{"ab,ac", 1, "…,…"},
		{"ab", 0, ""},
	} {
		var got []string
		for name := range strings.SplitSeq(tc.names, ",") {
			got = append(got, Shorten(name, tc.cells))
		}
		if got := strings.Join(got, ","); got != tc.want {
			t.Errorf("%q in %d cells: %q, want %q", tc.names, tc.cells, got, tc.want)
		}
	}
}

func FuzzShorten(f *testing.F) {
	f.Add("Loading dock north", 12)
	f.Add("停车场 北", 7)
	f.Add("\\x1b\x1b\\", 5)
	f.Add("e\u0301\u0301\u0301\u0301\u0301\u0301", 5)
	f.Fuzz(func(t *testing.T, name string, cells int) {
		cells = max(0, cells%50)
		short := Shorten(name, cells)
		if Width(short) > cells && short != "" {
			t.Fatalf("%q in %d cells is %q", name, cells, short)
		}
		if Width(name) <= cells && short != name {
			t.Fatalf("%q is cut though it fits in %d cells: %q", name, cells, short)
		}
	})
}

func TestNearest(t *testing.T) {
	known := []string{"tail", "poll", "crops", "event-intrusion", "statistics", "Gate", "Zürich"}
	for word, want := range map[string]string{
		"tial": "tail", "TAIL": "tail", "pol": "poll", "event-intrusoin": "event-intrusion",
		"statistcs": "statistics", "gatee": "Gate", "zurich": "Zürich",
		"tl": "", "x": "", "": "", "intrusion": "", "garage": "", "dock": "", strings.Repeat("tail", 1_000_000): "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("%.20q: %q, want %q", word, got, want)
		}
	}
	if got := Nearest("gatx", []string{"gate", "gata"}); got != "gate" {
		t.Errorf("of words equally close: %q", got)
	}
	if got := Nearest("x", nil); got != "" {
		t.Errorf("of none: %q", got)
	}
}
