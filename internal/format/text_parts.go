package format

import (
	"bytes"
	"strconv"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/term"
)

// value appends a value as a word of at most so many cells.
func (t *Text) value(s term.Style, raw []byte, cells int) {
	if v := unquoted(raw, &t.unesc); len(v) > 0 {
		t.l.space()
		putCut(&t.l, s, v, cells)
	}
}

// class appends the object's class as a column.
func (t *Text) class(s term.Style, raw []byte) {
	if raw == nil {
		return
	}
	end := t.l.Col + classCells
	putCut(&t.l, s, unquoted(raw, &t.unesc), 2*classCells)
	t.l.Pad(end + 1)
}

// crowd counts the targets of a crowd, and tells the class they share.
func (t *Text) crowd() (n int, shared []byte) {
	event.EachElement(t.f.raw[targets], func(target []byte) {
		n++
		event.EachField(target, func(name, raw []byte) {
			switch {
			case string(name) != "object_class":
			case n == 1:
				shared = raw
			case string(shared) != string(raw):
				shared = nil
			}
		})
	})
	return n, shared
}

// direction appends the way across a line, with an arrow where it is one.
func (t *Text) direction() {
	raw := t.f.raw[direction]
	if !given(raw) {
		return
	}
	way := unquoted(raw, &t.unesc)
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
	word(&t.l, t.s.Bold, arrow)
	t.l.space()
	putCut(&t.l, term.Style{}, way, 2*classCells)
}

func (t *Text) duration(k *kind) {
	ms, ok := number(t.f.raw[duration])
	if !ok {
		return
	}
	how := "for"
	if k.level == over {
		how = "after"
	}
	word(&t.l, term.Style{}, how)
	t.part = term.AppendMillis(t.part[:0], ms)
	word(&t.l, t.s.Bold, t.part)
}

// confidence appends a share as percent, any other number as it is, set to the
// right in so many cells.
func (t *Text) confidence(s term.Style, cells int) {
	n, ok := number(t.f.first(confidence, detection))
	if !ok {
		return
	}
	t.part = t.part[:0]
	if n >= 0 && n <= 1 {
		t.part = append(strconv.AppendFloat(t.part, n*100, 'f', 0, 64), '%')
	} else {
		t.part = term.AppendDecimal(t.part, n)
	}
	t.l.Gap(cells - len(t.part))
	t.l.option(s, t.part)
}

// picture appends the size of a picture that came with an event.
func (t *Text) picture() {
	if size, ok := imageSize(t.f.raw[image], &t.unesc); ok {
		t.part = append(term.AppendSize(t.part[:0], float64(size)), " picture"...)
		t.l.option(term.Style{}, t.part)
	}
}

// box appends where the object is, in pixels or in percent of the frame.
func (t *Text) box() {
	b := boxOf(t.f.raw[location])
	frame, unit := t.o.Frame, " px"
	if frame.Width == 0 {
		frame, unit = Frame{100, 100}, "%"
	}
	t.part = t.part[:0]
	for i, before := range [...]string{"", ",", " ", "×"} {
		n, ok := number(b[i])
		px, fits := frame.pixels(i, n)
		if !ok || !fits {
			return
		}
		t.part = strconv.AppendInt(append(t.part, before...), px, 10)
	}
	t.l.option(t.s.Faint, append(t.part, unit...))
}

// extras appends what else an event holds as name=value, as far as it goes.
func (t *Text) extras(ev *event.Event, k *kind) {
	l, start := &t.l, t.l.Col
	ev.EachMember(func(name, raw []byte) bool {
		if k.tells(keyOf(name)) {
			return true
		}
		if l.End-l.Col < extraLeast || l.Col-start > extrasMost {
			return false
		}
		l.apart()
		putCut(l, t.s.Faint, name, valueMost)
		put(l, t.s.Faint, "=")
		quotes := isString(raw) && bytes.IndexByte(raw, ' ') > 0
		if quotes {
			put(l, term.Style{}, `"`)
		}
		putCut(l, term.Style{}, unquoted(raw, &t.unesc), valueMost)
		if quotes {
			put(l, term.Style{}, `"`)
		}
		return true
	})
}
