package format

import (
	"strconv"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/term"
)

// sayEvent puts who did what, where, in which direction and for how long.
func (t *Text) sayEvent(ev *event.Event, k *kind) {
	m := &t.members
	n, who := t.crowd()
	if c := m.class(ev); c != nil {
		who = c
	}
	t.putClass(term.Style{}, who)
	putWord(t, term.Style{}, k.verb)
	if n > 0 && k.verb == "crowd" {
		t.part = strconv.AppendInt(append(t.part[:0], "of "...), int64(n), 10)
		putWord(t, term.Style{}, t.part)
	}
	t.putPlace(ev, k.at)
	t.putDirection()
	t.putDuration(k)
	t.reserveIDs()
	t.putConfidence(t.styles.Faint, 0)
	t.putPicture()
	t.putBox()
	t.putExtras(ev, k)
}

// sayTrack puts a track: short, and in columns of its own.
func (t *Text) sayTrack(ev *event.Event, k *kind) {
	l, m, faint := &t.line, &t.members, t.styles.Faint
	t.putClass(faint, m.class(ev))
	start := l.Col
	if m.raw[moving] != nil {
		state := "still"
		if n, ok := number(m.raw[moving]); ok && n != 0 || string(m.raw[moving]) == "true" {
			state = "moving"
		}
		putWord(t, faint, state)
	}
	t.padTo(start + 8)
	t.reserveIDs()
	t.putConfidence(faint, 4)
	t.padTo(start + 14)
	if ms, ok := number(m.raw[age]); ok {
		t.part = term.AppendMillis(append(t.part[:0], "for "...), ms)
		t.putOption(faint, t.part)
	}
	if m.raw[location] != nil {
		t.padTo(start + 28)
	}
	t.putBox()
	t.putExtras(ev, k)
}

// sayCrop puts what a crop shows, its size, and what it belongs to.
func (t *Text) sayCrop(ev *event.Event, k *kind) {
	m := &t.members
	t.putClass(term.Style{}, m.class(ev))
	if size, ok := imageSize(m.raw[image], &t.text); ok {
		t.part = term.AppendSize(t.part[:0], float64(size))
		putWord(t, term.Style{}, t.part)
	}
	putWord(t, term.Style{}, "picture")
	owner, ref := "of event", m.raw[refEvent]
	if !present(ref) {
		owner, ref = "of track", m.first(refTrack, trackID)
	}
	if ref != nil {
		putWord(t, term.Style{}, owner)
		putWord(t, term.Style{}, shortID(unquoted(ref, &t.text)))
	}
	t.putPlace(ev, "in")
	t.reserveIDs()
	t.putConfidence(t.styles.Faint, 0)
	t.putBox()
	t.putExtras(ev, k)
}

// sayAttribute puts an attribute as name=value.
func (t *Text) sayAttribute(ev *event.Event, k *kind) {
	m := &t.members
	if m.raw[attrName] != nil {
		t.putValue(term.Style{}, m.raw[attrName], valueMost)
		put(t, term.Style{}, "=")
		term.Put(&t.line, t.styles.Bold, unquoted(m.raw[attrValue], &t.text), valueMost)
	}
	t.reserveIDs()
	t.putConfidence(t.styles.Faint, 0)
	t.putExtras(ev, k)
}

// sayStatistics puts an instance's frame rate and what slows it.
func (t *Text) sayStatistics(ev *event.Event, k *kind) {
	m := &t.members
	if n, ok := number(m.raw[fps]); ok {
		t.part = term.AppendDecimal(t.part[:0], n)
		if of, ok := number(m.raw[sourceFPS]); ok {
			t.part = term.AppendDecimal(append(t.part, " of "...), of)
		}
		putWord(t, term.Style{}, append(t.part, " fps"...))
	}
	t.reserveIDs()
	t.putDropped(ev)
	t.putReading("latency ", latency, " ms")
	t.putReading("queue ", queue, "")
	t.putExtras(ev, k)
}

func (t *Text) putReading(before string, k key, after string) {
	if n, ok := number(t.members.raw[k]); ok {
		t.part = append(term.AppendDecimal(append(t.part[:0], before...), n), after...)
		t.putOption(term.Style{}, t.part)
	}
}

// putDropped puts how many frames were lost since the statistics before: the
// server sends totals, which start again with the instance.
func (t *Text) putDropped(ev *event.Event) {
	total, ok := number(t.members.raw[dropped])
	if !ok {
		return
	}
	before, known := t.drops[ev.Instance]
	if !known && len(t.drops) >= maxTotals {
		clear(t.drops)
	}
	t.drops[ev.Instance] = total
	style, words := term.Style{}, " dropped"
	if !known || total < before {
		words = " dropped so far"
	} else {
		if total > before {
			style = t.styles.Alarm
		}
		total -= before
	}
	t.part = append(term.AppendDecimal(t.part[:0], total), words...)
	t.putOption(style, t.part)
}
