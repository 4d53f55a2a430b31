package stats

import (
	"fmt"
	"io"
	"sync"

	"github.com/rtev/rtev/internal/term"
)

// View draws each report over the one before on a terminal, cut to its window.
// It does not use the alternate screen: what was above stays there, and the
// total of the run, which is printed whole, stays when the program ends.
type View struct {
	w      io.Writer
	size   func() (width, height int)
	styles *term.Styles

	mu      sync.Mutex // guards the next two fields
	notices []string   // to be printed above the next frame
	ended   bool       // there is no next frame

	width, lines int // of the frame on the screen
	out          []byte
}

// maxNotices limits the notices that wait for the next frame.
const maxNotices = 100

// NewView returns a view on the terminal w. It calls size before each frame;
// size returns 0, 0 if the window is not known.
func NewView(w io.Writer, size func() (width, height int), color bool) *View {
	return &View{w: w, size: size, styles: term.NewStyles(color)}
}

// Notice prints a line above the next frame, or below the total. It does not
// wait for the terminal while frames are drawn, and is safe for concurrent use.
func (v *View) Notice(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.ended:
		_, _ = v.w.Write(append(term.AppendSafe(nil, text), '\n')) // a message: its failure cannot be reported
	case len(v.notices) == maxNotices:
		v.notices[maxNotices-1] = "more notices than can be shown"
	default:
		v.notices = append(v.notices, text)
	}
}

// takeNotices returns the notices that wait.
func (v *View) takeNotices(last bool) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	notices := v.notices
	v.notices, v.ended = nil, last
	return notices
}

// Print draws a frame in one write. Errors are *event.WriteError.
func (v *View) Print(s *Snapshot) error {
	width, height := v.size()
	if width <= 0 || height <= 0 {
		width, height = 80, 24
	}
	r := report{styles: v.styles, width: max(1, width-1), height: max(1, height-1)}
	if s.Total() {
		r.height = term.NoLimit
	}
	out := v.toStart(v.out[:0], width, height)
	for _, text := range v.takeNotices(s.Total()) {
		out = append(out, "\x1b[K"...)
		out = append(term.AppendSafe(out, text), '\n')
	}
	v.width, v.lines = width, 0
	for _, line := range r.frame(s) {
		out = append(out, "\x1b[K"...) // before the text: after it, a full line would lose its end
		out = append(out, line...)
		v.lines++
	}
	v.out = append(out, "\x1b[J"...)
	return write(v.w, v.out)
}

// toStart moves the cursor to the start of the last frame. Terminals wrap the
// lines of a frame differently when the window becomes narrower, so the start
// is not known then, and the window is cleared.
func (v *View) toStart(out []byte, width, height int) []byte {
	switch rows := min(v.lines, height-1); {
	case width < v.width:
		return append(out, "\x1b[H\x1b[J"...)
	case rows > 0:
		out = fmt.Appendf(out, "\x1b[%dA", rows)
	}
	return append(out, '\r')
}
