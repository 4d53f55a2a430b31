package format

import (
	"bytes"
	"math"
	"strconv"

	"github.com/rtev/rtev/internal/event"
)

// happened tells an event as a sentence: who, what, where, which way, for how
// long.
func (t *Text) happened(ev *event.Event, k *kind) {
	l, f := &t.l, &t.f
	n, who := t.crowd()
	if c := f.class(ev); c != nil {
		who = c
	}
	t.class(style{}, who)
	word(l, style{}, k.verb)
	if n > 0 && k.verb == "crowd" {
		t.part = strconv.AppendInt(append(t.part[:0], "of "...), int64(n), 10)
		word(l, style{}, t.part)
	}
	if place := f.place(ev); place != nil {
		word(l, style{}, k.at)
		t.value(t.s.strong, place, nameMost)
	}
	t.direction()
	t.duration(k)
	t.settle()
	t.confidence(t.s.faint, 0)
	t.picture()
	t.box()
	t.extras(ev, k)
}

// moved tells a track: short, and in columns of its own.
func (t *Text) moved(ev *event.Event, k *kind) {
	l, f, quiet := &t.l, &t.f, t.s.faint
	t.class(quiet, f.class(ev))
	start := l.col
	if f.raw[moving] != nil {
		state := "still"
		if n, ok := number(f.raw[moving]); ok && n != 0 || string(f.raw[moving]) == "true" {
			state = "moving"
		}
		word(l, quiet, state)
	}
	l.pad(start + 8)
	t.settle()
	t.confidence(quiet, 4)
	l.pad(start + 14)
	if ms, ok := number(f.raw[age]); ok {
		t.part = appendSpan(append(t.part[:0], "for "...), ms)
		l.option(quiet, t.part)
	}
	l.pad(start + 28)
	t.box()
	if f.others > 0 {
		t.extras(ev, k)
	}
}

// pictured tells a crop by its size and what it belongs to.
func (t *Text) pictured(ev *event.Event, k *kind) {
	l, f := &t.l, &t.f
	t.class(style{}, f.class(ev))
	if size, ok := imageSize(f.raw[image], &t.unesc); ok {
		t.part = appendBytes(t.part[:0], float64(size))
		word(l, style{}, t.part)
	}
	word(l, style{}, "picture")
	if ref := f.raw[refEvent]; given(ref) {
		word(l, style{}, "of event")
		word(l, style{}, shortID(unquoted(ref, &t.unesc)))
	} else if ref := f.first(refTrack, trackID); ref != nil {
		word(l, style{}, "of track")
		word(l, style{}, shortID(unquoted(ref, &t.unesc)))
	}
	if place := f.place(ev); place != nil {
		word(l, style{}, "in")
		t.value(t.s.strong, place, nameMost)
	}
	t.settle()
	t.confidence(t.s.faint, 0)
	t.box()
	t.extras(ev, k)
}

// attributed tells an attribute as name=value.
func (t *Text) attributed(ev *event.Event, k *kind) {
	l, f := &t.l, &t.f
	if f.raw[attrName] != nil {
		t.value(style{}, f.raw[attrName], valueMost)
		put(l, style{}, "=")
		putCut(l, t.s.strong, unquoted(f.raw[attrValue], &t.unesc), valueMost)
	}
	t.settle()
	t.confidence(t.s.faint, 0)
	t.extras(ev, k)
}

// ran tells an instance's health.
func (t *Text) ran(ev *event.Event, k *kind) {
	if n, ok := number(t.f.raw[fps]); ok {
		t.part = appendShort(t.part[:0], n)
		if of, ok := number(t.f.raw[sourceFPS]); ok {
			t.part = appendShort(append(t.part, " of "...), of)
		}
		word(&t.l, style{}, append(t.part, " fps"...))
	}
	t.settle()
	t.dropped(ev)
	t.reading("latency ", latency, " ms")
	t.reading("queue ", queue, "")
	if t.f.others > 0 {
		t.extras(ev, k)
	}
}

func (t *Text) reading(before string, k key, after string) {
	if n, ok := number(t.f.raw[k]); ok {
		t.part = append(appendShort(append(t.part[:0], before...), n), after...)
		t.l.option(style{}, t.part)
	}
}

// maxTotals bounds of how many instances the totals are remembered.
const maxTotals = 4096

// dropped tells how many frames were lost since the statistics before: the
// server sends totals, which start again when the instance does.
func (t *Text) dropped(ev *event.Event) {
	total, ok := number(t.f.raw[dropped])
	if !ok {
		return
	}
	before, known := t.drops[ev.Instance]
	if !known && len(t.drops) >= maxTotals {
		clear(t.drops)
	}
	t.drops[ev.Instance] = total
	s, words := style{}, " dropped"
	switch {
	case !known || total < before:
		words = " dropped so far"
	case total > before:
		s = t.s.warn
		fallthrough
	default:
		total -= before
	}
	t.part = append(appendShort(t.part[:0], total), words...)
	t.l.option(s, t.part)
}

// value appends a value as a word of at most so many cells.
func (t *Text) value(s style, raw []byte, cells int) {
	if v := unquoted(raw, &t.unesc); len(v) > 0 {
		t.l.space()
		putCut(&t.l, s, v, cells)
	}
}

// class appends the object's class as a column.
func (t *Text) class(s style, raw []byte) {
	if raw == nil {
		return
	}
	end := t.l.col + classCells
	putCut(&t.l, s, unquoted(raw, &t.unesc), 2*classCells)
	t.l.pad(end + 1)
}

// crowd counts the targets of a crowd, and tells the class they share.
func (t *Text) crowd() (n int, shared []byte) {
	eachElement(t.f.raw[targets], func(target []byte) {
		n++
		eachField(target, func(name, raw []byte) {
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
	word(&t.l, t.s.strong, arrow)
	t.l.gap(1)
	putCut(&t.l, style{}, way, 2*classCells)
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
	word(&t.l, style{}, how)
	t.part = appendSpan(t.part[:0], ms)
	word(&t.l, t.s.strong, t.part)
}

// confidence appends a share as percent, any other number as it is, set to the
// right in so many cells.
func (t *Text) confidence(s style, cells int) {
	n, ok := number(t.f.first(confidence, detection))
	if !ok {
		return
	}
	t.part = t.part[:0]
	if n >= 0 && n <= 1 {
		t.part = append(strconv.AppendFloat(t.part, n*100, 'f', 0, 64), '%')
	} else {
		t.part = appendShort(t.part, n)
	}
	t.l.gap(cells - len(t.part))
	t.l.option(s, t.part)
}

// picture appends the size of a picture that came with an event.
func (t *Text) picture() {
	if size, ok := imageSize(t.f.raw[image], &t.unesc); ok {
		t.part = append(appendBytes(t.part[:0], float64(size)), " picture"...)
		t.l.option(style{}, t.part)
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
	t.l.option(t.s.faint, append(t.part, unit...))
}

// appendShort appends a number with at most one decimal.
func appendShort(dst []byte, n float64) []byte {
	if math.Abs(n) >= 1e15 {
		return strconv.AppendFloat(dst, n, 'g', 3, 64)
	}
	if r := math.Round(n*10) / 10; r == math.Trunc(r) {
		return strconv.AppendFloat(dst, r, 'f', 0, 64)
	}
	return strconv.AppendFloat(dst, n, 'f', 1, 64)
}

// extras appends what else an event holds as name=value, as far as it goes.
func (t *Text) extras(ev *event.Event, k *kind) {
	l, start := &t.l, t.l.col
	ev.EachMember(func(name, raw []byte) bool {
		if k.tells(keyOf(name)) {
			return true
		}
		if l.end-l.col < extraLeast || l.col-start > extrasMost {
			return false
		}
		l.apart()
		putCut(l, t.s.faint, name, valueMost)
		put(l, t.s.faint, "=")
		quotes := isString(raw) && bytes.IndexByte(raw, ' ') > 0
		if quotes {
			put(l, style{}, `"`)
		}
		putCut(l, style{}, unquoted(raw, &t.unesc), valueMost)
		if quotes {
			put(l, style{}, `"`)
		}
		return true
	})
}
