package format

import (
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// UseColor decides about colour: when is --color, getenv the environment, tty
// whether stdout is a terminal. The order is that of docs/cli.md: --color, else
// NO_COLOR (https://no-color.org), else FORCE_COLOR or CLICOLOR_FORCE
// (https://bixense.com/clicolors; 0 does not force), else CLICOLOR=0 or
// TERM=dumb, else the terminal.
func UseColor(when string, getenv func(string) string, tty bool) (bool, error) {
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
	return tty, nil
}

func forces(value string) bool { return value != "" && value != "0" && value != "false" }

// style is what stands before and behind a styled text; empty without colour.
type style struct{ on, off string }

// styles are the meanings that text shows. Each is also in the words: an alarm
// has its mark, what is over says after how long, what was lost is named.
type styles struct {
	alarm, over, strong, faint, warn style
	sources                          []style // by Instance.Order
}

// palette are colours for instances: of the 16 of a terminal, no two
// neighbours alike, and neither red nor green, which mean something.
var palette = [...]string{"6", "5", "3", "12", "14", "13", "11"}

// newStyles makes the escape sequences once; rendering each value costs more
// than encoding the event. The terminal is never asked for anything.
func newStyles(color bool) styles {
	if !color {
		return styles{sources: make([]style, len(palette))}
	}
	r := lipgloss.NewRenderer(io.Discard, termenv.WithProfile(termenv.ANSI))
	r.SetColorProfile(termenv.ANSI)
	r.SetHasDarkBackground(true)
	s := styles{
		alarm:  sequences(r.NewStyle().Bold(true).Foreground(lipgloss.Color("1"))),
		over:   sequences(r.NewStyle().Foreground(lipgloss.Color("2"))),
		warn:   sequences(r.NewStyle().Foreground(lipgloss.Color("3"))),
		strong: sequences(r.NewStyle().Bold(true)),
		faint:  sequences(r.NewStyle().Faint(true)),
	}
	for _, c := range palette {
		s.sources = append(s.sources, sequences(r.NewStyle().Foreground(lipgloss.Color(c))))
	}
	return s
}

func sequences(s lipgloss.Style) style {
	on, off, _ := strings.Cut(s.Render("x"), "x")
	return style{on, off}
}
