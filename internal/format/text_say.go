package format

import (
	"strconv"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/term"
)

// happened tells an event as a sentence: who, what, where, which way, for how
// long.
func (t *Text) happened(ev *event.Event, k *kind) {
	l, f := &t.l, &t.f
	n, who := t.crowd()
	if c := f.class(ev); c != nil {
		who = c
	}
	t.class(term.Style{}, who)
	word(l, term.Style{}, k.verb)
	if n > 0 && k.verb == "crowd" {
		t.part = strconv.AppendInt(append(t.part[:0], "of "...), int64(n), 10)
		word(l, term.Style{}, t.part)
	}
	if place := f.place(ev); place != nil {
		word(l, term.Style{}, k.at)
		t.value(t.s.Bold, place, nameMost)
	}
	t.direction()
	t.duration(k)
	t.settle()
	t.confidence(t.s.Faint, 0)
	t.picture()
	t.box()
	t.extras(ev, k)
}

// moved tells a track: short, and in columns of its own.
func (t *Text) moved(ev *event.Event, k *kind) {
	l, f, quiet := &t.l, &t.f, t.s.Faint
	t.class(quiet, f.class(ev))
	start := l.Col
	if f.raw[moving] != nil {
		state := "still"
		if n, ok := number(f.raw[moving]); ok && n != 0 || string(f.raw[moving]) == "true" {
			state = "moving"
		}
		word(l, quiet, state)
	}
	l.Pad(start + 8)
	t.settle()
	t.confidence(quiet, 4)
	l.Pad(start + 14)
	if ms, ok := number(f.raw[age]); ok {
		t.part = term.AppendMillis(append(t.part[:0], "for "...), ms)
		l.option(quiet, t.part)
	}
	if f.raw[location] != nil {
		l.Pad(start + 28)
	}
	t.box()
	if f.others > 0 {
		t.extras(ev, k)
	}
}

// pictured tells a crop by its size and what it belongs to.
func (t *Text) pictured(ev *event.Event, k *kind) {
	l, f := &t.l, &t.f
	t.class(term.Style{}, f.class(ev))
	if size, ok := imageSize(f.raw[image], &t.unesc); ok {
		t.part = term.AppendSize(t.part[:0], float64(size))
		word(l, term.Style{}, t.part)
	}
	word(l, term.Style{}, "picture")
	if ref := f.raw[refEvent]; given(ref) {
		word(l, term.Style{}, "of event")
		word(l, term.Style{}, shortID(unquoted(ref, &t.unesc)))
	} else if ref := f.first(refTrack, trackID); ref != nil {
		word(l, term.Style{}, "of track")
		word(l, term.Style{}, shortID(unquoted(ref, &t.unesc)))
	}
	if place := f.place(ev); place != nil {
		word(l, term.Style{}, "in")
		t.value(t.s.Bold, place, nameMost)
	}
	t.settle()
	t.confidence(t.s.Faint, 0)
	t.box()
	t.extras(ev, k)
}

// attributed tells an attribute as name=value.
func (t *Text) attributed(ev *event.Event, k *kind) {
	l, f := &t.l, &t.f
	if f.raw[attrName] != nil {
		t.value(term.Style{}, f.raw[attrName], valueMost)
		put(l, term.Style{}, "=")
		putCut(l, t.s.Bold, unquoted(f.raw[attrValue], &t.unesc), valueMost)
	}
	t.settle()
	t.confidence(t.s.Faint, 0)
	t.extras(ev, k)
}

// ran tells an instance's health.
func (t *Text) ran(ev *event.Event, k *kind) {
	if n, ok := number(t.f.raw[fps]); ok {
		t.part = term.AppendDecimal(t.part[:0], n)
		if of, ok := number(t.f.raw[sourceFPS]); ok {
			t.part = term.AppendDecimal(append(t.part, " of "...), of)
		}
		word(&t.l, term.Style{}, append(t.part, " fps"...))
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
		t.part = append(term.AppendDecimal(append(t.part[:0], before...), n), after...)
		t.l.option(term.Style{}, t.part)
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
	s, words := term.Style{}, " dropped"
	switch {
	case !known || total < before:
		words = " dropped so far"
	case total > before:
		s = t.s.Alarm
		fallthrough
	default:
		total -= before
	}
	t.part = append(term.AppendDecimal(t.part[:0], total), words...)
	t.l.option(s, t.part)
}
