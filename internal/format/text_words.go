package format

import (
	"bytes"
	"math"
	"strconv"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/jsonraw"
	"github.com/rtev/rtev/internal/term"
)

// putWords puts what happened, then what still fits, and at the right the id.
func (t *Text) putWords(ev *event.Event, k *kind) {
	m, l, end := &t.members, &t.line, t.line.End
	t.words = term.Style{}
	if k.level == faint {
		t.words = t.styles.Faint
	}
	folded := ""
	if ev.Folded > 0 { // the words may be cut, this number may not
		folded = "+" + strconv.Itoa(ev.Folded)
		l.End = max(l.Col, end-len(folded)-1)
	}
	switch {
	case k.verb == "picture":
		t.putCrop(ev, k)
	case ev.Type == "attribute":
		t.putAttribute(ev)
	case ev.Type == "statistics":
		t.putStatistics(ev)
	default:
		t.putAction(ev, k)
	}
	l.End = end
	putWord(t, t.words, folded, term.NoLimit)

	id := first(m.eventID, m.refEvent, m.trackID, m.refTrack)
	hasID := id != nil && l.Col < end-idCells
	if hasID {
		l.End = end - idCells - 1
	}
	t.putConfidence()
	t.putPicture()
	t.putBox()
	t.putMembers(ev, k)
	if hasID {
		t.putID(id, end)
	}
}

// putAction puts who did what, where, in which direction and for how long.
func (t *Text) putAction(ev *event.Event, k *kind) {
	m, verb, duration := &t.members, k.verb, t.members.duration
	if ev.Type == "track" {
		duration = member(ev, "age_ms")
		if n, ok := jsonraw.Number(member(ev, "is_moving")); ok && n != 0 {
			verb = "moving"
		} else if ok {
			verb = "still"
		}
	}
	t.putClass(m.classOf(ev))
	putWord(t, t.words, verb, term.NoLimit)
	t.putPlace(ev, k.at)
	if present(m.direction) {
		t.putValue(t.words, m.direction, 2*classCells)
	}
	t.putDuration(k, duration)
}

// putCrop puts what a crop shows, and where that was.
func (t *Text) putCrop(ev *event.Event, k *kind) {
	putWord(t, t.words, k.verb, term.NoLimit)
	if class := t.members.classOf(ev); class != nil {
		putWord(t, t.words, "of", term.NoLimit)
		t.putValue(t.words, class, 2*classCells)
	}
	t.putPlace(ev, k.at)
}

// putAttribute puts an attribute as name=value.
func (t *Text) putAttribute(ev *event.Event) {
	t.putValue(t.words, member(ev, "name"), valueMost)
	put(t, t.words, "=")
	term.Put(&t.line, t.styles.Bold, jsonraw.Text(member(ev, "value"), &t.text), valueMost)
}

// readings are what statistics say, the most interesting first.
var readings = [...]struct{ name, before, after string }{
	{"current_framerate", "", " fps"},
	{"latency", "latency ", " ms"},
	{"input_queue_size", "queue ", ""},
}

// putStatistics puts how an instance runs.
func (t *Text) putStatistics(ev *event.Event) {
	for _, r := range readings {
		if n, ok := jsonraw.Number(member(ev, r.name)); ok {
			t.part = append(term.AppendDecimal(append(t.part[:0], r.before...), n), r.after...)
			t.putOption(t.words, t.part, len(t.part))
		}
	}
}

// put puts text, cut where the line ends.
func put[T term.Text](t *Text, s term.Style, text T) { term.Put(&t.line, s, text, term.NoLimit) }

// putWord puts a word of at most so many cells, after a space if needed.
func putWord[T term.Text](t *Text, s term.Style, word T, cells int) {
	if len(word) > 0 {
		if t.line.AfterText() {
			t.line.Gap(1)
		}
		term.Put(&t.line, s, word, cells)
	}
}

// putValue puts a value as a word of at most so many cells.
func (t *Text) putValue(s term.Style, raw []byte, cells int) {
	putWord(t, s, jsonraw.Text(raw, &t.text), cells)
}

// putOption puts text of this program that takes so many cells, apart from the
// words, if it fits whole.
func (t *Text) putOption(s term.Style, text []byte, cells int) {
	if cells+t.layout.gap <= t.line.End-t.line.Col {
		t.putGap()
		t.line.PutKnown(s, text, cells)
	}
}

// putGap puts the space between the words and what follows.
func (t *Text) putGap() {
	if t.line.AfterText() {
		t.line.Gap(t.layout.gap)
	}
}

// putClass puts the object's class, as a column if the type is one.
func (t *Text) putClass(raw []byte) {
	if raw == nil {
		return
	}
	end := t.line.Col + classCells
	term.Put(&t.line, t.words, jsonraw.Text(raw, &t.text), 2*classCells)
	if t.layout.typ > 0 {
		t.line.Pad(end + 1)
	}
}

// putPlace puts where it happened, after a word such as "in", which is left out
// if both do not fit.
func (t *Text) putPlace(ev *event.Event, preposition string) {
	place := t.members.placeOf(ev)
	if place == nil {
		return
	}
	if len(preposition)+len(place) <= t.line.End-t.line.Col {
		putWord(t, t.words, preposition, term.NoLimit)
	}
	t.putValue(t.styles.Bold, place, nameMost)
}

// putDuration puts a number of milliseconds, except the 0 of a new track. It is
// never cut, because that would make it another number.
func (t *Text) putDuration(k *kind, raw []byte) {
	ms, ok := jsonraw.Number(raw)
	if !ok || ms == 0 {
		return
	}
	preposition := "for "
	if k.level == over {
		preposition = "after "
	}
	t.part = term.AppendMillis(append(t.part[:0], preposition...), ms)
	if len(t.part) < t.line.End-t.line.Col {
		putWord(t, t.words, t.part, term.NoLimit)
	}
}

// putConfidence puts a fraction as percent.
func (t *Text) putConfidence() {
	n, ok := fraction(first(t.members.confidence, t.members.detection))
	if ok && n >= 0 && n <= 1 {
		t.part = append(strconv.AppendInt(t.part[:0], int64(math.RoundToEven(n*100)), 10), '%')
		t.putOption(t.styles.Faint, t.part, len(t.part))
	}
}

// fraction is jsonraw.Number, but of a fraction of 1 it reads only the digits that
// percent and pixels need, which saves an eighth of the time of a line.
func fraction(raw []byte) (n float64, ok bool) {
	digits, found := bytes.CutPrefix(raw, []byte("0."))
	part, scale := 0, 1
	for i, c := range digits {
		if c > '9' { // an exponent
			found = false
		} else if i < 6 {
			part, scale = part*10+int(c-'0'), scale*10
		}
	}
	if !found {
		return jsonraw.Number(raw)
	}
	return float64(part) / float64(scale), true
}

// putPicture puts the size of a picture.
func (t *Text) putPicture() {
	if size, ok := imageSize(t.members.image, &t.text); ok {
		t.part = term.AppendSize(t.part[:0], float64(size))
		t.putOption(t.words, t.part, len(t.part))
	}
}

// putBox puts where the object is, in pixels or in percent of the frame.
func (t *Text) putBox() {
	if t.members.location == nil {
		return
	}
	frame, unit := t.o.Frame, " px"
	if frame.Width == 0 {
		frame, unit = Frame{100, 100}, "%"
	}
	t.part = t.part[:0]
	for i, raw := range t.boxes.of(t.members.location) {
		n, ok := fraction(raw)
		px, fits := frame.pixels(i, n)
		if !ok || !fits {
			return
		}
		t.part = strconv.AppendInt(append(t.part, [...]string{"", ",", " ", "×"}[i]...), px, 10)
	}
	t.part = append(t.part, unit...)
	t.putOption(t.styles.Faint, t.part, len(t.part)-len("×")+1)
}

// unshown are members that say nothing to people, or what other parts of a line
// say.
var unshown = map[string]bool{
	"$id": true, "$version": true, "instance_id": true, "system_datetime": true, "area_id": true, "tripwire_id": true,
	"targets": true, "id": true, "event_type": true, "trigger_name": true,
}

// putMembers puts the other members of a type without words as name=value, as
// many as fit.
func (t *Text) putMembers(ev *event.Event, k *kind) {
	if k != other {
		return
	}
	l := &t.line
	ev.EachMember(func(name, raw []byte) bool {
		if unshown[string(name)] || t.members.find(name) != nil {
			return true
		}
		if l.End-l.Col < extraLeast {
			return false
		}
		t.putGap()
		term.Put(l, t.styles.Faint, name, valueMost)
		put(t, t.styles.Faint, "=")
		term.Put(l, t.words, raw, valueMost)
		return true
	})
}

// putID puts the first digits of an id where the line ends.
func (t *Text) putID(raw []byte, end int) {
	t.line.End = end
	if end == term.NoLimit {
		t.putGap()
	} else {
		t.line.Pad(end - idCells)
	}
	id := jsonraw.Text(raw, &t.text)
	term.Put(&t.line, t.styles.Faint, id[:min(len(id), idCells)], idCells)
}
