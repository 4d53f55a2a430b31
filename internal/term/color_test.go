package term

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

func TestUseColor(t *testing.T) {
	for _, tc := range []struct {
		when string
		env  map[string]string
		tty  bool
		want bool
	}{
		{"auto", nil, true, true},
		{"", nil, false, false},
		{"always", map[string]string{"NO_COLOR": "1", "TERM": "dumb"}, false, true},
		{"never", map[string]string{"FORCE_COLOR": "1"}, true, false},
		{"auto", map[string]string{"NO_COLOR": "0", "FORCE_COLOR": "1"}, true, false},
		{"auto", map[string]string{"FORCE_COLOR": "3", "CLICOLOR": "0", "TERM": "dumb"}, false, true},
		{"auto", map[string]string{"CLICOLOR_FORCE": "1", "TERM": "dumb"}, false, true},
		{"auto", map[string]string{"FORCE_COLOR": "0", "CLICOLOR_FORCE": "0"}, false, false},
		{"auto", map[string]string{"CLICOLOR": "0"}, true, false},
		{"auto", map[string]string{"CLICOLOR": "1"}, false, false},
		{"auto", map[string]string{"TERM": "dumb"}, true, false},
		{"auto", map[string]string{"TERM": "xterm"}, true, true},
	} {
		got, err := UseColor(tc.when, func(name string) string { return tc.env[name] }, tc.tty)
		if got != tc.want || err != nil {
			t.Errorf("%q %v tty %v: %v, %v", tc.when, tc.env, tc.tty, got, err)
		}
	}
	if _, err := UseColor("sometimes", nil, true); err == nil ||
		err.Error() != `color "sometimes" is none of auto, always, never` {
		t.Error(err)
	}
}

// references are what terminals show for the sixteen colours: xterm, VGA text
// mode, Windows (Campbell), macOS Terminal (Basic).
var references = map[string][16]uint32{
	"xterm": {0x000000, 0xcd0000, 0x00cd00, 0xcdcd00, 0x0000ee, 0xcd00cd, 0x00cdcd, 0xe5e5e5,
		0x7f7f7f, 0xff0000, 0x00ff00, 0xffff00, 0x5c5cff, 0xff00ff, 0x00ffff, 0xffffff},
	"VGA": {0x000000, 0xaa0000, 0x00aa00, 0xaa5500, 0x0000aa, 0xaa00aa, 0x00aaaa, 0xaaaaaa,
		0x555555, 0xff5555, 0x55ff55, 0xffff55, 0x5555ff, 0xff55ff, 0x55ffff, 0xffffff},
	"Windows": {0x0c0c0c, 0xc50f1f, 0x13a10e, 0xc19c00, 0x0037da, 0x881798, 0x3a96dd, 0xcccccc,
		0x767676, 0xe74856, 0x16c60c, 0xf9f1a5, 0x3b78ff, 0xb4009e, 0x61d6d6, 0xf2f2f2},
	"macOS": {0x000000, 0x990000, 0x00a600, 0x999900, 0x0000b2, 0xb200b2, 0x00a6b2, 0xbfbfbf,
		0x666666, 0xe50000, 0x00d900, 0xe5e500, 0x0000ff, 0xe500e5, 0x00e5e5, 0xe5e5e5},
}

// contrast returns the contrast ratio of WCAG 2 between two colours, 1 to 21.
func contrast(a, b uint32) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(rgb uint32) float64 {
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		c := float64(rgb>>(16-8*i)&0xff) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

// foreground returns the number of the colour that a style sets, -1 for none.
func foreground(s Style) int {
	m := regexp.MustCompile(`\b([39])([0-7])m`).FindStringSubmatch(s.on)
	if m == nil {
		return -1
	}
	n, _ := strconv.Atoi(m[2])
	if m[1] == "9" {
		n += 8
	}
	return n
}

func TestColoursAreReadableOnLightAndDark(t *testing.T) {
	s := NewStyles(true)
	styles := append([]Style{s.Alarm, s.Good, s.Warn}, s.sources[:]...)
	for _, style := range styles {
		n := foreground(style)
		if n < 0 {
			t.Errorf("%q sets no colour", style.on)
			continue
		}
		for name, palette := range references {
			for _, background := range []uint32{0, 0xffffff} {
				if c := contrast(palette[n], background); c < 1.9 {
					t.Errorf("%s: colour %d on %06x: contrast %.2f", name, n, background, c)
				}
			}
		}
	}
}

func TestSourceColoursDifferFromNeighboursAndMeanings(t *testing.T) {
	s := NewStyles(true)
	for i := range 40 {
		if s.Source(i) == s.Source(i+1) {
			t.Errorf("sources %d and %d look the same", i, i+1)
		}
		if n := foreground(s.Source(i)); slices.Contains([]int{0, 1, 2, 3, 7, 8, 9, 10, 11, 15}, n) {
			t.Errorf("source %d has colour %d", i, n)
		}
	}
	if s.Source(-7) == (Style{}) {
		t.Error("no style for a negative number")
	}
}

func TestOnlyAlarmIsRed(t *testing.T) {
	s := NewStyles(true)
	for _, style := range append([]Style{s.Good, s.Warn, s.Bold, s.Faint}, s.sources[:]...) {
		if n := foreground(style); n == 1 || n == 9 {
			t.Errorf("%q is red", style.on)
		}
	}
	if n := foreground(s.Alarm); n != 1 {
		t.Errorf("alarm has colour %d", n)
	}
}

func TestStylesWithoutColorArePlain(t *testing.T) {
	s := NewStyles(false)
	for _, style := range []Style{s.Alarm, s.Good, s.Warn, s.Bold, s.Faint, s.Source(0), s.Source(1)} {
		if style != (Style{}) {
			t.Errorf("%q", style)
		}
	}
}
