package stats

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"sync"

	"github.com/rtev/rtev/internal/term"
)

// View draws each report over the one before on a terminal, cut to its window.
// It does not use the alternate screen: what was above stays there, and the
// total of the run, which is printed whole, stays when the program ends. All
// methods are safe for concurrent use.
type View struct {
	w      io.Writer
	size   func() (width, height int)
	styles *term.Styles

	mu    sync.Mutex // guards the fields below
	frame [][]byte   // lines on the screen that the next frame replaces
	width int        // of the window that they were drawn in
}

// NewView returns a view on the terminal w. It calls size before each frame;
// size returns 0, 0 if the window is not known.
func NewView(w io.Writer, size func() (width, height int), color bool) *View {
	return &View{w: w, size: size, styles: term.NewStyles(color)}
}

// Notice prints a line above the frame, or below the total.
func (v *View) Notice(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	_ = v.draw(append(term.AppendSafe(nil, text), '\n'), v.frame) // a message: its failure cannot be reported
}

// Print draws a frame in one write. Errors are *event.WriteError.
func (v *View) Print(s *Snapshot) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	width, height := v.window()
	l := layout{styles: v.styles, width: max(1, width-1), live: true}
	lines := slices.Collect(bytes.Lines(l.report(nil, s)))
	if s.Total() {
		err := v.draw(nil, lines)
		v.frame = nil
		return err
	}
	if most := max(1, height-1); len(lines) > most {
		more := l.line(nil, "", v.styles.Faint, fmt.Sprintf("… %d more lines", len(lines)-most+1))
		lines = append(lines[:most-1], more)
	}
	return v.draw(nil, lines)
}

func (v *View) window() (width, height int) {
	width, height = v.size()
	if width <= 0 || height <= 0 {
		return 80, 24
	}
	return width, height
}

// draw replaces the last frame by a notice and a frame. Terminals wrap the lines
// of a frame differently when the window becomes narrower, so the start is not
// known then, and the window is cleared.
func (v *View) draw(notice []byte, frame [][]byte) error {
	width, height := v.window()
	out := []byte("\r")
	switch rows := min(len(v.frame), height-1); {
	case width < v.width:
		out = []byte("\x1b[H\x1b[J")
	case rows > 0:
		out = fmt.Appendf(nil, "\x1b[%dA\r", rows)
	}
	for _, line := range append([][]byte{notice}, frame...) {
		out = append(out, "\x1b[K"...) // before the text: after it, a full line would lose its end
		out = append(out, line...)
	}
	v.frame, v.width = frame, width
	return write(v.w, append(out, "\x1b[J"...))
}
