package stats

import (
	"fmt"
	"io"
	"sync"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/format"
)

// Text prints a block of lines a report, for a pipe or a log.
type Text struct {
	w   io.Writer
	pen pen
}

// NewText prints to w.
func NewText(w io.Writer, color bool) *Text { return &Text{w, pen{color: color}} }

// Print prints a block and an empty line behind it. Errors are *event.WriteError.
func (t *Text) Print(s *Snapshot) error {
	var out []byte
	for _, part := range t.pen.layout(s, false) {
		for _, l := range part.lines {
			out = append(append(out, l.text...), '\n')
		}
	}
	if !s.Total() {
		out = append(out, '\n')
	}
	return write(t.w, out)
}

// write writes a whole report at once.
func write(w io.Writer, out []byte) error {
	if _, err := w.Write(out); err != nil {
		return &event.WriteError{Err: err}
	}
	return nil
}

// View draws reports over one another on a terminal, cut to its window. It
// uses neither the alternate screen nor more lines than the window has: what
// stood above stays, and the last frame stays when the program ends.
type View struct {
	w     io.Writer
	size  func() (width, height int)
	color bool

	mu    sync.Mutex
	said  []string // notices to be put above the next frame
	over  bool     // there is no next frame
	drawn []int    // cells of the lines on the screen
	out   []byte
}

// maxSaid is how many notices wait for the next frame at most.
const maxSaid = 100

// NewView draws to w. size is asked before each frame; it returns 0, 0 where
// nothing is known.
func NewView(w io.Writer, size func() (width, height int), color bool) *View {
	return &View{w: w, size: size, color: color}
}

// Notice puts a line above the next frame, or below the last, where it stays.
// It does not wait for the terminal while frames are drawn, and is safe for
// concurrent use.
func (v *View) Notice(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.over {
		_, _ = v.w.Write(append(format.AppendSafe(nil, text), '\n')) // talk: nobody to tell that it failed
		return
	}
	if len(v.said) == maxSaid {
		v.said = append(v.said[:maxSaid-1], "more notices than can be shown")
		return
	}
	v.said = append(v.said, text)
}

func (v *View) notices(last bool) []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.over = last
	said := v.said
	v.said = nil
	return said
}

// Print draws a frame in one write. Errors are *event.WriteError.
func (v *View) Print(s *Snapshot) error {
	width, height := v.size()
	if width <= 0 || height <= 0 {
		width, height = 80, 24
	}
	p := pen{width: max(1, width-1), height: max(1, height-1), color: v.color}
	if s.Total() { // nothing is drawn over it: it may scroll
		p.height = noLimit
	}
	lines := p.frame(s)
	out := v.up(v.out[:0], width, height)
	for _, text := range v.notices(s.Total()) {
		out = append(out, "\x1b[K"...)
		out = append(format.AppendSafe(out, text), '\n')
	}
	v.drawn = v.drawn[:0]
	for _, l := range lines {
		out = append(out, "\x1b[K"...) // before the text: behind it, a full line would lose its end
		out = append(append(out, l.text...), '\n')
		v.drawn = append(v.drawn, l.cells)
	}
	v.out = append(out, "\x1b[J"...)
	return write(v.w, v.out)
}

// up moves the cursor to where the last frame began. Its lines are as long as
// the window was wide then: in a narrower one they take more rows.
func (v *View) up(out []byte, width, height int) []byte {
	rows := 0
	for _, cells := range v.drawn {
		rows += max(1, (cells+width-1)/width)
	}
	if rows = min(rows, height-1); rows > 0 {
		out = fmt.Appendf(out, "\x1b[%dA", rows)
	}
	return append(out, '\r')
}

// frame is a snapshot in the lines of a window.
func (p pen) frame(s *Snapshot) (lines []line) {
	parts := p.layout(s, true)
	p.shrink(parts)
	spaced := count(parts)+len(parts)-1 <= p.height
	for i, part := range parts {
		if i > 0 && spaced {
			lines = append(lines, line{})
		}
		lines = append(lines, part.lines...)
	}
	return lines[:min(len(lines), p.height)]
}

func count(parts []section) (lines int) {
	for _, part := range parts {
		lines += len(part.lines)
	}
	return lines
}

// shrink cuts sections, the last first, until all fits.
func (p pen) shrink(parts []section) {
	for i := len(parts) - 1; i > 0; i-- {
		over := count(parts) - p.height
		if over <= 0 {
			return
		}
		part := &parts[i]
		keep := max(part.least, len(part.lines)-over)
		if keep >= len(part.lines) {
			continue
		}
		left := len(part.lines) - (keep - 1)
		part.lines = append(part.lines[:keep-1:keep-1], p.say(fmt.Sprintf("… %d more", left), faint))
	}
}
