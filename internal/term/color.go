package term

import (
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// UseColor decides whether to use colour, in the order that the command line
// promises: when, the value of --color; NO_COLOR (https://no-color.org);
// FORCE_COLOR or CLICOLOR_FORCE (https://bixense.com/clicolors; 0 does not
// force); CLICOLOR=0 or TERM=dumb; and at last whether the output is a
// terminal. A value of when that is not auto, always, never or "" is an error.
func UseColor(when string, getenv func(string) string, terminal bool) (bool, error) {
	switch when {
	case "always":
		return true, nil
	case "never":
		return false, nil
	case "auto", "":
	default:
		return false, fmt.Errorf("color %q is none of auto, always, never", when)
	}
	switch {
	case getenv("NO_COLOR") != "":
		return false, nil
	case forces(getenv("FORCE_COLOR")), forces(getenv("CLICOLOR_FORCE")):
		return true, nil
	case getenv("CLICOLOR") == "0", getenv("TERM") == "dumb":
		return false, nil
	}
	return terminal, nil
}

func forces(value string) bool { return value != "" && value != "0" && value != "false" }

// Style is the escape sequences around styled text. The zero Style is plain.
type Style struct{ on, off string }

// Styles are the looks of text, one for each meaning. The words must carry each
// meaning too: without colour all of them are plain. They use the sixteen
// colours of a terminal, and of those the ones that can be read on light and
// dark backgrounds.
type Styles struct {
	Alarm Style // alarms and lost data, and nothing else: the only red
	Good  Style // running, connected, or over
	Warn  Style // needs a look, but nothing was lost
	Bold  Style
	Faint Style

	sources []Style
}

// NewStyles returns the styles, all of them plain without color. It makes the
// escape sequences once, because rendering each value costs more than encoding
// an event, and never asks the terminal for anything.
func NewStyles(color bool) *Styles {
	if !color {
		return &Styles{sources: []Style{{}}}
	}
	r := lipgloss.NewRenderer(io.Discard)
	r.SetColorProfile(termenv.ANSI)
	r.SetHasDarkBackground(true)
	const red, green, magenta, cyan, brightBlue, brightMagenta = "1", "2", "5", "6", "12", "13"
	plain, bold := r.NewStyle(), r.NewStyle().Bold(true)
	in := func(color lipgloss.Color, s lipgloss.Style) Style { return sequences(s.Foreground(color)) }
	return &Styles{
		Alarm: in(red, bold),
		Good:  in(green, plain),
		Warn:  in(magenta, bold),
		Bold:  sequences(bold),
		Faint: sequences(r.NewStyle().Faint(true)),
		// No two neighbours are alike. Red and green mean something. Yellow, white
		// and the other bright colours cannot be read on white, black and blue not
		// on black. Bold cyan is missing because some terminals show bold as bright.
		sources: []Style{
			in(cyan, plain), in(magenta, plain), in(brightBlue, plain),
			in(brightMagenta, bold), in(brightBlue, bold), in(brightMagenta, plain),
		},
	}
}

// Source returns the style for the name of source number i, which may be any
// number.
func (s *Styles) Source(i int) Style { return s.sources[uint(i)%uint(len(s.sources))] }

func sequences(s lipgloss.Style) Style {
	on, off, _ := strings.Cut(s.Render("x"), "x")
	return Style{on, off}
}
