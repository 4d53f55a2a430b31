//go:build ignore

// Ansisvg turns a screen with colours, as tmux capture-pane -e prints it, into
// an SVG picture. It knows the sixteen colours, bold and dim.
//
//	go run scripts/ansisvg.go 'rtev tail --demo' < screen > picture.svg
package main

import (
	"bufio"
	"fmt"
	"html"
	"log"
	"os"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	cell, line     = 8.4, 18.0 // of 14 px type
	margin, header = 16.0, 40.0
	plain          = "#d8dee9"
)

var colours = [16]string{
	"#4c566a", "#f7768e", "#9ece6a", "#e0af68", "#7aa2f7", "#bb9af7", "#7dcfff", "#c0caf5",
	"#6b7394", "#ff8fa3", "#b5e38a", "#f2c98a", "#9ab8ff", "#d0b6ff", "#a4e0ff", "#ffffff",
}

// style is how the next letters look.
type style struct {
	colour    string
	bold, dim bool
}

var sgr = regexp.MustCompile("\x1b\\[([0-9;]*)m")

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: ansisvg TITLE < screen")
	}
	var rows []string
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		rows = append(rows, in.Text())
	}
	for len(rows) > 0 && strings.TrimSpace(sgr.ReplaceAllString(rows[len(rows)-1], "")) == "" {
		rows = rows[:len(rows)-1]
	}
	if len(rows) == 0 {
		log.Fatal("the screen is empty")
	}
	columns := utf8.RuneCountInString(os.Args[1]) + 12
	for _, row := range rows {
		columns = max(columns, utf8.RuneCountInString(sgr.ReplaceAllString(row, "")))
	}
	draw(os.Args[1], rows, columns)
}

func draw(title string, rows []string, columns int) {
	width, height := float64(columns)*cell+2*margin, header+float64(len(rows))*line+margin
	fmt.Printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" role="img" aria-label="%s">`+"\n", width, height, width, height, html.EscapeString(title))
	fmt.Print(`<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}</style>` + "\n")
	fmt.Printf(`<rect width="100%%" height="100%%" rx="8" fill="#1a1b26"/>` + "\n")
	for i, c := range []string{"#f7768e", "#e0af68", "#9ece6a"} {
		fmt.Printf(`<circle cx="%d" cy="18" r="5.5" fill="%s"/>`+"\n", 22+18*i, c)
	}
	fmt.Printf(`<text x="%.0f" y="23" text-anchor="middle" fill="#a9b1d6">%s</text>`+"\n", width/2, html.EscapeString(title))
	now := style{colour: plain}
	for i, row := range rows {
		fmt.Printf(`<text y="%.1f" fill="%s" xml:space="preserve">`, header+float64(i)*line+13, plain)
		now = drawRow(row, now)
		fmt.Print("</text>\n")
	}
	fmt.Println("</svg>")
}

// drawRow draws one row, each run of one style at its own place, so that the
// columns stand whatever the font, and returns the style at its end.
func drawRow(row string, now style) style {
	column, from := 0, 0
	put := func(text string) {
		words := strings.TrimLeft(text, " ")
		x := margin + cell*float64(column+len(text)-len(words))
		if words = strings.TrimRight(words, " "); words != "" {
			fmt.Printf(`<tspan x="%.1f"%s>%s</tspan>`, x, now.attributes(), html.EscapeString(words))
		}
		column += utf8.RuneCountInString(text)
	}
	for _, at := range sgr.FindAllStringSubmatchIndex(row, -1) {
		put(row[from:at[0]])
		now = now.after(row[at[2]:at[3]])
		from = at[1]
	}
	put(row[from:])
	return now
}

func (s style) attributes() (list string) {
	if s.colour != plain {
		list += ` fill="` + s.colour + `"`
	}
	if s.bold {
		list += ` font-weight="bold"`
	}
	if s.dim {
		list += ` fill-opacity=".6"`
	}
	return list
}

// after is the style after the numbers of an escape.
func (s style) after(numbers string) style {
	for _, number := range strings.Split(numbers, ";") {
		n, _ := strconv.Atoi(number) // none is 0
		switch {
		case n == 0:
			s = style{colour: plain}
		case n == 1:
			s.bold = true
		case n == 2:
			s.dim = true
		case n == 22:
			s.bold, s.dim = false, false
		case n == 39:
			s.colour = plain
		case n >= 30 && n <= 37:
			s.colour = colours[n-30]
		case n >= 90 && n <= 97:
			s.colour = colours[n-90+8]
		}
	}
	return s
}
