package format

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/term"
)

// TextOptions say how text looks. Zero is plain, without a limit.
type TextOptions struct {
	Color       bool
	Width       func() int // the terminal's columns, asked for each line; nil or 0: no limit
	SourceWidth func() int // cells of the source column, asked for each line; nil or 0: no such column. See Width
	Time        TimeFormat
	Zone        *time.Location // of Clock and RFC3339; nil is the local one
	Frame       Frame          // boxes in pixels; zero: in percent
}

// Text encodes an event as a line for people: time, source, a mark and the
// type, then what happened, and at the end the first digits of the event's or
// track's id, by which an event, its picture and its end find each other.
//
// A line is never wider than the terminal. What does not fit is left out, the
// least important first: other fields, the box, the confidence, the id; what
// still does not fit is cut. Nothing from the server is shown unsafe.
type Text struct {
	o     TextOptions
	s     *term.Styles
	f     fields
	stamp stamp
	last  int64 // the line before's time, for Delta
	timed bool  // there was one
	drops map[*event.Instance]float64
	part  []byte // a piece of a line
	unesc []byte // a string without its JSON escapes

	l           line // the line at hand, and how it is laid out
	full, tight bool
	cells       struct{ source, typ, gap int }
	right       [2]id
}

// Cells of columns, and from which width of a terminal on (without its source
// column) a line has more.
const (
	idCells     = 8
	classCells  = 7
	sourceMost  = 24
	sourceTight = 12
	typeCells   = 17 // without "event-"
	tightCells  = 14
	fullCells   = 23 // with it
	typeMost    = 40
	fullFrom    = 96
	narrowBelow = 84
	tightBelow  = 72
	bothIDsFrom = 130 // the event's id and the track's, of the whole width
	nameMost    = 80
	valueMost   = 48
	extraLeast  = 8 // what another name=value needs
	extrasMost  = 400
)

// id is an id and the column that it is set to.
type id struct {
	raw []byte
	at  int
}

// NewText returns an encoder. What one source's lines are compared with, the
// time of the line before and the totals of statistics, is the encoder's own.
func NewText(o TextOptions) *Text {
	if o.Zone == nil {
		o.Zone = time.Local
	}
	return &Text{
		o: o, s: term.NewStyles(o.Color), drops: map[*event.Instance]float64{},
		stamp: stamp{date: o.Time == RFC3339, zone: o.Zone},
	}
}

// AppendHeader appends nothing.
func (t *Text) AppendHeader(dst []byte) []byte { return dst }

// AppendEvent appends the event as one line.
func (t *Text) AppendEvent(dst []byte, ev *event.Event) []byte {
	t.f.load(ev)
	k := kindOf(ev.Type)
	width := term.NoLimit
	if t.o.Width != nil {
		if w := t.o.Width(); w > 0 {
			width = w
		}
	}
	t.l = line{term.NewLine(dst, width), width}
	t.layout()
	t.time(ev)
	t.source(ev)
	t.head(ev.Type, k)
	k.say(t, ev, k)
	t.ids()
	dst = append(t.l.Bytes(), '\n')
	t.l = line{}
	return dst
}

// layout decides how much the columns in front may take of the line.
func (t *Text) layout() {
	t.cells.source = 0
	if t.o.SourceWidth != nil {
		t.cells.source = min(t.o.SourceWidth(), sourceMost)
	}
	room := t.l.max - t.cells.source
	t.full, t.tight = room >= fullFrom, room < tightBelow
	t.cells.gap, t.cells.typ = 2, typeCells
	switch {
	case t.full:
		t.cells.typ = fullCells
	case t.tight:
		t.cells.gap, t.cells.typ, t.cells.source = 1, tightCells, min(t.cells.source, sourceTight)
	case room < narrowBelow:
		t.cells.typ = tightCells
	}
}

func (t *Text) time(ev *event.Event) {
	if t.o.Time == Off {
		return
	}
	ms, ok := millis(ev, t.f.raw[systemTime])
	if !ok && !ev.Received.IsZero() { // an old server's statistics carry no time
		ms, ok = ev.Received.UnixMilli(), true
	}
	t.part = t.part[:0]
	if ok {
		t.part = t.appendTime(t.part, ms)
	}
	cells := [...]int{Clock: 12, RFC3339: 24, Delta: 10}[t.o.Time]
	switch {
	case t.o.Time == RFC3339 && t.o.Zone != time.UTC:
		cells = 29
	case t.o.Time == Clock && t.tight:
		cells = 8
		t.part = t.part[:min(cells, len(t.part))]
	case t.o.Time == Delta:
		t.l.Pad(cells - len(t.part))
	}
	put(&t.l, t.s.Faint, t.part)
	t.l.Pad(cells + t.cells.gap)
}

func (t *Text) appendTime(dst []byte, ms int64) []byte {
	if t.o.Time != Delta {
		return t.stamp.append(dst, ms)
	}
	since := ms - t.last
	if !t.timed {
		since = 0
	}
	t.last, t.timed = ms, true
	if since >= 0 {
		dst = append(dst, '+')
	}
	return strconv.AppendFloat(dst, float64(since)/1000, 'f', 3, 64)
}

// source appends the instance's name in its colour.
func (t *Text) source(ev *event.Event) {
	if t.cells.source <= 0 {
		return
	}
	end := t.l.Col + t.cells.source
	if ev.Instance != nil {
		s := t.s.Source(ev.Instance.Order)
		putCut(&t.l, s, ev.Instance.Name, t.cells.source)
	}
	t.l.Pad(end + t.cells.gap)
}

// head appends the mark of an alarm and the type.
func (t *Text) head(typ string, k *kind) {
	l, tone, start := &t.l, t.tone(k), t.l.Col
	if k.level == alarm {
		put(l, tone, "!")
	}
	l.Pad(start + 2)
	end := l.Col + t.cells.typ
	name, isEvent := strings.CutPrefix(typ, "event-")
	if t.full && isEvent {
		put(l, t.s.Faint, "event-")
	}
	putCut(l, tone, name, typeMost)
	l.Pad(max(end, l.Col) + t.cells.gap)
}

// tone is the style of a kind's type.
func (t *Text) tone(k *kind) term.Style {
	switch k.level {
	case alarm:
		return t.s.Alarm
	case over:
		return t.s.Good
	case low, aside:
		return t.s.Faint
	}
	return term.Style{}
}

// settle ends the part of a line that nothing may take room from, and keeps
// room at the right end for ids where there is some left.
func (t *Text) settle() {
	l := &t.l
	ev, tr := t.f.first(eventID, refEvent), t.f.first(trackID, refTrack)
	t.right = [...]id{{ev, l.max - 2*idCells - 1}, {tr, l.max - idCells}}
	if l.max == term.NoLimit {
		return
	}
	if l.max < bothIDsFrom || l.Col >= t.right[0].at {
		if ev == nil {
			ev = tr
		}
		t.right = [...]id{{ev, l.max - idCells}, {}}
	}
	for i, id := range t.right {
		if id.at <= l.Col {
			t.right[i].raw = nil
		} else if id.raw != nil {
			l.End = min(l.End, id.at-1)
		}
	}
}

// ids appends the ids that settle kept room for.
func (t *Text) ids() {
	l := &t.l
	l.End = l.max
	for _, id := range t.right {
		if id.raw == nil {
			continue
		}
		if l.max == term.NoLimit {
			id.at = l.Col + 2
		}
		l.Pad(id.at)
		putCut(l, t.s.Faint, shortID(unquoted(id.raw, &t.unesc)), idCells)
	}
}

// shortID is an id's first bytes: enough to match by eye.
func shortID(id []byte) []byte {
	n := min(len(id), idCells)
	for n > 0 && n < len(id) && !utf8.RuneStart(id[n]) {
		n--
	}
	return id[:n]
}
