package format

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
	"github.com/rtev/rtev/internal/term"
)

// put puts text, cut where the line ends.
func put[T term.Text](t *Text, s term.Style, text T) { term.Put(&t.line, s, text, term.NoLimit) }

// putWord puts a word, after a space if needed.
func putWord[T term.Text](t *Text, s term.Style, word T) {
	if len(word) > 0 {
		t.putSpace()
		put(t, s, word)
	}
}

// putSpace puts a space after text.
func (t *Text) putSpace() {
	if t.line.AfterText() {
		t.line.Gap(1)
	}
}

// padTo fills a column inside the words, unless the line is too narrow for
// columns.
func (t *Text) padTo(col int) {
	if !t.layout.sentences {
		t.line.Pad(col)
	}
}

// separation returns how many spaces go between the words and what follows.
func (t *Text) separation() int {
	if !t.line.AfterText() {
		return 0
	}
	return t.layout.gap
}

// putOption puts text of this program if it fits whole. Its characters take one
// cell each.
func (t *Text) putOption(s term.Style, text []byte) {
	if n := utf8.RuneCount(text); n > 0 && n+t.separation() <= t.line.End-t.line.Col {
		t.line.Gap(t.separation())
		put(t, s, text)
	}
}

// putValue puts a value as a word of at most so many cells.
func (t *Text) putValue(s term.Style, raw []byte, cells int) {
	if v := unquoted(raw, &t.text); len(v) > 0 {
		t.putSpace()
		term.Put(&t.line, s, v, cells)
	}
}

// putClass puts the object's class as a column.
func (t *Text) putClass(s term.Style, raw []byte) {
	if raw == nil {
		return
	}
	end := t.line.Col + classCells
	term.Put(&t.line, s, unquoted(raw, &t.text), 2*classCells)
	t.padTo(end + 1)
}

// putPlace puts where it happened, after a word such as "in".
func (t *Text) putPlace(ev *event.Event, preposition string) {
	if place := t.members.place(ev); place != nil {
		putWord(t, term.Style{}, preposition)
		t.putValue(t.styles.Bold, place, nameMost)
	}
}

// crowd returns the number of targets and the class that all of them have.
func (t *Text) crowd() (n int, shared []byte) {
	for target := range jsonraw.Elements(t.members.raw[targets]) {
		n++
		for name, raw := range jsonraw.Members(target) {
			switch {
			case string(name) != "object_class":
			case n == 1:
				shared = raw
			case string(shared) != string(raw):
				shared = nil
			}
		}
	}
	return n, shared
}

// putDirection puts the way across a line, with an arrow if there is one for it.
func (t *Text) putDirection() {
	raw := t.members.raw[direction]
	if !present(raw) {
		return
	}
	way := unquoted(raw, &t.text)
	arrow := ""
	switch string(way) {
	case "up":
		arrow = "↑"
	case "down":
		arrow = "↓"
	case "left":
		arrow = "←"
	case "right":
		arrow = "→"
	}
	putWord(t, t.styles.Bold, arrow)
	t.putSpace()
	term.Put(&t.line, term.Style{}, way, 2*classCells)
}

func (t *Text) putDuration(k *kind) {
	ms, ok := number(t.members.raw[duration])
	if !ok {
		return
	}
	word := "for"
	if k.level == over {
		word = "after"
	}
	putWord(t, term.Style{}, word)
	t.part = term.AppendMillis(t.part[:0], ms)
	putWord(t, t.styles.Bold, t.part)
}

// putConfidence puts a fraction as percent and any other number as it is, at
// the right of so many cells.
func (t *Text) putConfidence(s term.Style, cells int) {
	n, ok := number(t.members.first(confidence, detection))
	if !ok {
		return
	}
	if n >= 0 && n <= 1 {
		t.part = append(strconv.AppendFloat(t.part[:0], n*100, 'f', 0, 64), '%')
	} else {
		t.part = term.AppendDecimal(t.part[:0], n)
	}
	if !t.layout.sentences {
		t.line.Gap(cells - len(t.part))
	}
	t.putOption(s, t.part)
}

// putPicture puts the size of a picture that came with an event.
func (t *Text) putPicture() {
	if size, ok := imageSize(t.members.raw[image], &t.text); ok {
		t.part = append(term.AppendSize(t.part[:0], float64(size)), " picture"...)
		t.putOption(term.Style{}, t.part)
	}
}

// putBox puts where the object is, in pixels or in percent of the frame.
func (t *Text) putBox() {
	if t.members.raw[location] == nil {
		return
	}
	b := boxOf(t.members.raw[location])
	frame, unit := t.o.Frame, " px"
	if frame.Width == 0 {
		frame, unit = Frame{100, 100}, "%"
	}
	t.part = t.part[:0]
	for i, before := range [...]string{"", ",", " ", "×"} {
		px, ok := frame.pixelsOf(i, b[i])
		if !ok {
			return
		}
		t.part = strconv.AppendInt(append(t.part, before...), px, 10)
	}
	t.putOption(t.styles.Faint, append(t.part, unit...))
}

// putExtras puts the other members of an event as name=value, as many as fit.
func (t *Text) putExtras(ev *event.Event, k *kind) {
	if t.members.others == 0 && k.owns != [2]key{} {
		return
	}
	l, start := &t.line, t.line.Col
	ev.EachMember(func(name, raw []byte) bool {
		if k.shows(keyOf(name)) {
			return true
		}
		if l.End-l.Col < extraLeast || l.Col-start > extrasMost {
			return false
		}
		l.Gap(t.separation())
		term.Put(l, t.styles.Faint, name, valueMost)
		put(t, t.styles.Faint, "=")
		quote := ""
		if isString(raw) && bytes.IndexByte(raw, ' ') > 0 {
			quote = `"`
		}
		put(t, term.Style{}, quote)
		term.Put(l, term.Style{}, unquoted(raw, &t.text), valueMost)
		put(t, term.Style{}, quote)
		return true
	})
}
