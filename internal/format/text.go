package format

import (
	"strconv"
	"strings"
	"time"

	"github.com/rtev/rtev/internal/event"
	"github.com/rtev/rtev/internal/term"
)

// TextOptions configures Text. The zero value is plain and has no limit. Both
// functions are called once for each batch of lines.
type TextOptions struct {
	Color   bool
	Width   func() int      // the terminal's columns; nil or 0: no limit
	Sources func() []string // names of the instances so far; from two on, lines show theirs
	Time    TimeFormat
	Zone    *time.Location // of Clock and RFC3339; nil: local
	Frame   Frame          // boxes in pixels; zero: in percent
}

// Text encodes an event as a line for people: time, source, a mark and the
// type, what happened, and at the end the first digits of the id that an event,
// its picture and its end share.
//
// A line is never wider than the terminal. What does not fit is left out, the
// least important first: other fields, the box, the confidence, the id; the
// rest is cut. Everything from the server is made safe to show.
type Text struct {
	o       TextOptions
	styles  *term.Styles
	levels  [alarm + 1]term.Style // of the types
	layout  layout
	names   map[string]string // of sources, shortened
	members members
	boxes   boxes
	stamp   stamp
	last    int64 // the time of the previous line, for Delta; 0: none

	line  term.Line  // under construction
	words term.Style // of what happened
	part  []byte     // of a line
	text  []byte     // a string without its JSON escapes
}

// layout is how the columns at the start of a line share a width.
type layout struct {
	width  int // of the whole line
	source int // cells of the source column; 0: none
	typ    int // cells of the type column; 0: types are shown only where no words say as much
	gap    int // spaces between the parts; 1: times without milliseconds
}

const (
	idCells    = 8
	classCells = 7
	clockCells = 12
	sourceMost = 24
	typeMost   = 40
	nameMost   = 80 // of a place
	valueMost  = 48
	extraLeast = 8 // cells that another name=value needs
)

// NewText returns an encoder. It remembers the time of the line before.
func NewText(o TextOptions) *Text {
	if o.Zone == nil {
		o.Zone = time.Local
	}
	s := term.NewStyles(o.Color)
	t := &Text{
		o: o, styles: s, names: map[string]string{}, stamp: stamp{date: o.Time == RFC3339, zone: o.Zone},
		levels: [...]term.Style{faint: s.Faint, over: s.Good, alarm: s.Alarm},
	}
	t.startBatch()
	return t
}

// startBatch adapts the lines to come to the terminal's width and to the
// instances.
func (t *Text) startBatch() {
	width, source := 0, 0
	if t.o.Width != nil {
		width = t.o.Width()
	}
	if width <= 0 {
		width = term.NoLimit
	}
	var names []string
	if t.o.Sources != nil {
		names = t.o.Sources()
	}
	if len(names) > 1 {
		for _, name := range names {
			source = max(source, term.Width(name))
		}
	}
	l := layoutFor(width, min(source, sourceMost), t.o.timeCells())
	if l.source != t.layout.source {
		clear(t.names)
	}
	t.layout = l
}

func layoutFor(width, source, time int) layout {
	switch rest := width - source - max(0, time-clockCells); {
	case rest >= 84:
		return layout{width, source, len("object-left-removed"), 2}
	case rest >= 72:
		return layout{width, source, len("crowd-detection"), 2}
	case rest >= 52:
		return layout{width, min(source, 12), len("crowd-detection"), 1}
	}
	return layout{width, min(source, 8), 0, 1}
}

// AppendHeader appends nothing.
func (t *Text) AppendHeader(dst []byte) []byte { return dst }

// AppendEvent appends the event as one line.
func (t *Text) AppendEvent(dst []byte, ev *event.Event) []byte {
	k := kindOf(ev.Type)
	t.members.load(ev)
	t.line = term.NewLine(dst, t.layout.width)
	ms, ok := t.members.millis(ev)
	if !ok && !ev.Received.IsZero() { // statistics of old servers have no time
		ms, ok = ev.Received.UnixMilli(), true
	}
	t.putTime(ms, ok, ev.Stored)
	t.putSource(ev)
	t.putType(ev.Type, k)
	t.putWords(ev, k)
	return append(t.line.Bytes(), '\n')
}

// timeCells returns the width of the time column, which narrow lines shorten.
func (o *TextOptions) timeCells() int {
	if o.Time == RFC3339 && o.Zone == time.UTC {
		return len("2006-01-02T15:04:05.000Z")
	}
	return [...]int{Clock: clockCells, RFC3339: 29, Delta: 10, Off: 0}[o.Time]
}

// putTime puts a time in Unix milliseconds as a column, which is empty if it is
// not known, and ~ for a stored event.
func (t *Text) putTime(ms int64, known, stored bool) {
	cells := t.o.timeCells()
	t.part = t.part[:0]
	switch {
	case t.o.Time == Off && !stored:
		return
	case t.o.Time == Off || !known:
	case t.o.Time == Delta:
		t.part = t.appendDelta(t.part, ms)
		t.line.Pad(cells - len(t.part))
	default:
		t.part = t.stamp.append(t.part, ms)
	}
	if t.o.Time == Clock && t.layout.gap == 1 {
		cells = len(time.TimeOnly)
		t.part = t.part[:min(cells, len(t.part))]
	}
	put(t, t.styles.Faint, t.part)
	if stored {
		put(t, t.styles.Faint, "~")
	}
	t.line.Pad(cells + t.layout.gap)
}

// appendDelta appends the seconds since the previous line.
func (t *Text) appendDelta(dst []byte, ms int64) []byte {
	since := ms - t.last
	if t.last == 0 {
		since = 0
	}
	t.last = ms
	if since >= 0 {
		dst = append(dst, '+')
	}
	return strconv.AppendFloat(dst, float64(since)/1000, 'f', 3, 64)
}

// putSource puts the instance's name in its colour.
func (t *Text) putSource(ev *event.Event) {
	if t.layout.source == 0 {
		return
	}
	end := t.line.Col + t.layout.source
	if ev.Instance != nil {
		name, known := t.names[ev.Instance.Name]
		if !known {
			name = term.Shorten(ev.Instance.Name, t.layout.source)
			t.names[ev.Instance.Name] = name
		}
		term.Put(&t.line, t.styles.Source(ev.Instance.Order), name, t.layout.source)
	}
	t.line.Pad(end + t.layout.gap)
}

// putType puts the mark of an alarm and the type without "event-".
func (t *Text) putType(typ string, k *kind) {
	l, style := &t.line, t.levels[k.level]
	if k.level == alarm {
		put(t, style, "! ")
	} else {
		l.Pad(l.Col + 2)
	}
	if t.layout.typ == 0 && k.verb != "" {
		return
	}
	end := l.Col + t.layout.typ
	term.Put(l, style, strings.TrimPrefix(typ, "event-"), typeMost)
	l.Pad(max(end, l.Col) + t.layout.gap)
}

// AppendMessage appends a message between the lines of events: its time as a
// column like theirs, and the text, made safe. With Delta the column stays
// empty, because it shows the server's time between two events.
func (t *Text) AppendMessage(dst []byte, at time.Time, style term.Style, text string) []byte {
	t.startBatch()
	t.line = term.NewLine(dst, term.NoLimit)
	t.putTime(at.UnixMilli(), t.o.Time != Delta, false)
	put(t, style, text)
	return append(t.line.Bytes(), '\n')
}
