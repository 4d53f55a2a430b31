package format

import (
	"bytes"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
	"github.com/rtev/rtev/internal/term"
)

// putWords puts what happened, and then what still fits.
func (t *Text) putWords(ev *event.Event, k *kind) {
	t.words = term.Style{}
	if k.level == low {
		t.words = t.styles.Faint
	}
	if ev.Folded == 0 {
		k.words(t, ev, k)
	} else { // the words may be cut, this number may not
		folded, end := "+"+strconv.Itoa(ev.Folded), t.line.End
		t.line.End = max(t.line.Col, end-len(folded)-1)
		k.words(t, ev, k)
		t.line.End = end
		putWord(t, t.words, folded)
	}
	t.reserveID()
	t.putConfidence()
	t.putPicture(k)
	t.putBox()
	t.putExtras(ev)
}

// eventWords puts who did what, where, in which direction and for how long.
func (t *Text) eventWords(ev *event.Event, k *kind) {
	m := &t.members
	n, who := t.crowd()
	if c := m.classOf(ev); c != nil {
		who = c
	}
	t.putClass(who)
	putWord(t, t.words, k.verb)
	if n > 0 && k.verb == "crowd" {
		t.part = strconv.AppendInt(append(t.part[:0], "of "...), int64(n), 10)
		putWord(t, t.words, t.part)
	}
	t.putPlace(ev, k.at)
	t.putDirection()
	preposition := "for"
	if k.level == over {
		preposition = "after"
	}
	t.putDuration(preposition, m.duration)
}

// trackWords puts what moves, and since when.
func (t *Text) trackWords(ev *event.Event, _ *kind) {
	m := &t.members
	t.putClass(m.classOf(ev))
	if raw := m.moving; raw != nil {
		state := "still"
		if n, ok := jsonraw.Number(raw); ok && n != 0 || string(raw) == "true" {
			state = "moving"
		}
		putWord(t, t.words, state)
	}
	t.putDuration("for", m.age)
}

// cropWords puts what a crop shows, and where that was.
func (t *Text) cropWords(ev *event.Event, k *kind) {
	m := &t.members
	putWord(t, t.words, k.verb)
	switch class := m.classOf(ev); {
	case class != nil:
		putWord(t, t.words, "of")
		t.putValue(t.words, class, 2*classCells)
	case present(m.refEvent):
		putWord(t, t.words, "of event")
	case first(m.refTrack, m.trackID) != nil:
		putWord(t, t.words, "of track")
	}
	t.putPlace(ev, k.at)
}

// attributeWords puts an attribute as name=value.
func (t *Text) attributeWords(*event.Event, *kind) {
	if name := t.members.attrName; name != nil {
		t.putValue(t.words, name, valueMost)
		put(t, t.words, "=")
		term.Put(&t.line, t.styles.Bold, jsonraw.Text(t.members.attrValue, &t.text), valueMost)
	}
}

// statisticsWords puts how an instance runs.
func (t *Text) statisticsWords(ev *event.Event, _ *kind) {
	m := &t.members
	if n, ok := jsonraw.Number(m.fps); ok {
		t.part = term.AppendDecimal(t.part[:0], n)
		if of, ok := jsonraw.Number(m.sourceFPS); ok {
			t.part = term.AppendDecimal(append(t.part, " of "...), of)
		}
		putWord(t, t.words, append(t.part, " fps"...))
	}
	t.putDropped(ev)
	t.putReading("latency ", m.latency, " ms")
	t.putReading("queue ", m.queue, "")
}

// put puts text, cut where the line ends.
func put[T term.Text](t *Text, s term.Style, text T) { term.Put(&t.line, s, text, term.NoLimit) }

// putWord puts a word, after a space if needed.
func putWord[T term.Text](t *Text, s term.Style, word T) { putCut(t, s, word, term.NoLimit) }

// putValue puts a value as a word of at most so many cells.
func (t *Text) putValue(s term.Style, raw []byte, cells int) {
	putCut(t, s, jsonraw.Text(raw, &t.text), cells)
}

func putCut[T term.Text](t *Text, s term.Style, word T, cells int) {
	if len(word) > 0 {
		if t.line.AfterText() {
			t.line.Gap(1)
		}
		term.Put(&t.line, s, word, cells)
	}
}

// putOption puts text of this program, apart from the words, if it fits whole.
// Its characters take one cell each.
func (t *Text) putOption(s term.Style, text []byte) {
	if n := utf8.RuneCount(text); n > 0 && n+t.layout.apart <= t.line.End-t.line.Col {
		t.putGap()
		t.line.PutKnown(s, text, n)
	}
}

// putGap puts the space between the words and what follows.
func (t *Text) putGap() {
	if t.line.AfterText() {
		t.line.Gap(t.layout.apart)
	}
}

// putClass puts the object's class, as a column if the line is wide enough.
func (t *Text) putClass(raw []byte) {
	if raw == nil {
		return
	}
	end := t.line.Col + classCells
	term.Put(&t.line, t.words, jsonraw.Text(raw, &t.text), 2*classCells)
	if !t.layout.sentences {
		t.line.Pad(end + 1)
	}
}

// putPlace puts where it happened, after a word such as "in". In a narrow line
// the place matters more than that word.
func (t *Text) putPlace(ev *event.Event, preposition string) {
	place := t.members.placeOf(ev)
	left := t.line.End - t.line.Col
	if place == nil || left < placeLeast {
		return
	}
	if !t.layout.sentences || len(preposition)+2+term.Width(jsonraw.Text(place, &t.text)) <= left {
		putWord(t, t.words, preposition)
	}
	t.putValue(t.styles.Bold, place, nameMost)
}

// crowd returns the number of targets and the class that all of them have.
func (t *Text) crowd() (n int, shared []byte) {
	for target := range jsonraw.Elements(t.members.targets) {
		class, _ := jsonraw.Get(target, "object_class")
		if n++; n == 1 {
			shared = class
		} else if string(shared) != string(class) {
			shared = nil
		}
	}
	return n, shared
}

// arrows are shown before a direction.
var arrows = map[string]string{"up": "↑", "down": "↓", "left": "←", "right": "→"}

// putDirection puts the way across a line.
func (t *Text) putDirection() {
	if raw := t.members.direction; present(raw) {
		putWord(t, t.styles.Bold, arrows[string(jsonraw.Text(raw, &t.text))])
		t.putValue(t.words, raw, 2*classCells)
	}
}

// putDuration puts a number of milliseconds, after "for" or "after". The first
// update of a track has none. A number that was cut would be another one.
func (t *Text) putDuration(preposition string, raw []byte) {
	ms, ok := jsonraw.Number(raw)
	if !ok || ms == 0 {
		return
	}
	t.part = term.AppendMillis(append(append(t.part[:0], preposition...), ' '), ms)
	if len(t.part)+1 <= t.line.End-t.line.Col {
		putWord(t, t.words, t.part)
	}
}

// putReading puts a number of statistics.
func (t *Text) putReading(before string, raw []byte, after string) {
	if n, ok := jsonraw.Number(raw); ok {
		t.part = append(term.AppendDecimal(append(t.part[:0], before...), n), after...)
		t.putOption(t.words, t.part)
	}
}

// putDropped puts how many frames were lost since the statistics before: the
// server sends totals, which start again with the instance.
func (t *Text) putDropped(ev *event.Event) {
	total, ok := jsonraw.Number(t.members.dropped)
	if !ok {
		return
	}
	before, known := t.drops[ev.Instance]
	if !known && len(t.drops) >= maxTotals {
		clear(t.drops)
	}
	t.drops[ev.Instance] = total
	style, words := t.words, " dropped so far"
	if known && total >= before {
		total, words = total-before, " dropped"
		if total > 0 {
			style = t.styles.Alarm
		}
	}
	t.part = append(term.AppendDecimal(t.part[:0], total), words...)
	t.putOption(style, t.part)
}

// putConfidence puts a fraction as percent, and any other number as it is.
func (t *Text) putConfidence() {
	n, ok := jsonraw.Number(coarse(first(t.members.confidence, t.members.detection)))
	if !ok {
		return
	}
	if n >= 0 && n <= 1 {
		t.part = append(strconv.AppendInt(t.part[:0], int64(math.RoundToEven(n*100)), 10), '%')
	} else {
		t.part = term.AppendDecimal(t.part[:0], n)
	}
	t.putOption(t.styles.Faint, t.part)
}

// coarse cuts a fraction to the digits that percent and pixels need. Reading
// all of them takes a tenth of the time of a line.
func coarse(raw []byte) []byte {
	if len(raw) > len("0.123456") && raw[1] == '.' && bytes.IndexByte(raw, 'e') < 0 && bytes.IndexByte(raw, 'E') < 0 {
		return raw[:len("0.123456")]
	}
	return raw
}

// putPicture puts the size of a picture.
func (t *Text) putPicture(k *kind) {
	size, ok := imageSize(t.members.image, &t.text)
	if !ok {
		return
	}
	t.part = term.AppendSize(t.part[:0], float64(size))
	if k.verb != "picture" {
		t.part = append(t.part, " picture"...)
	}
	t.putOption(t.words, t.part)
}

// putBox puts where the object is, in pixels or in percent of the frame.
func (t *Text) putBox() {
	if t.members.location == nil {
		return
	}
	b := boxOf(t.members.location)
	frame, unit := t.o.Frame, " px"
	if frame.Width == 0 {
		frame, unit = Frame{100, 100}, "%"
	}
	t.part = t.part[:0]
	for i, before := range [...]string{"", ",", " ", "×"} {
		px, ok := frame.pixelsOf(i, coarse(b[i]))
		if !ok {
			return
		}
		t.part = strconv.AppendInt(append(t.part, before...), px, 10)
	}
	t.putOption(t.styles.Faint, append(t.part, unit...))
}

// putExtras puts the other members of an event as name=value, as many as fit.
func (t *Text) putExtras(ev *event.Event) {
	if t.members.others == 0 {
		return
	}
	l, start := &t.line, t.line.Col
	ev.EachMember(func(name, raw []byte) bool {
		if t.members.find(name) != nil {
			return true
		}
		if l.End-l.Col < extraLeast || l.Col-start > extrasMost {
			return false
		}
		t.putGap()
		term.Put(l, t.styles.Faint, name, valueMost)
		put(t, t.styles.Faint, "=")
		quote := ""
		if isString(raw) && bytes.IndexByte(raw, ' ') > 0 {
			quote = `"`
		}
		put(t, t.words, quote)
		term.Put(l, t.words, jsonraw.Text(raw, &t.text), valueMost)
		put(t, t.words, quote)
		return true
	})
}
